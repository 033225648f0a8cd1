package chaos_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/events"
	"holdfast/internal/chaos"
)

var (
	began = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	only  = events.Chain{Tenant: "acme", Connection: "crm", Run: "run", Request: "req"}
)

const grace = 10 * time.Second

// book writes a history by hand: one message a second.
type book struct {
	*testing.T
	*chaos.History

	sequence uint64
	at       time.Time
	chain    uint64 // the chain's last sequence
}

func (b *book) put(stream, subject string, data []byte) uint64 {
	b.sequence++
	b.at = b.at.Add(time.Second)
	b.Add(chaos.Message{Stream: stream, Subject: subject, Sequence: b.sequence, Stored: b.at, Data: data})
	return b.sequence
}

func (b *book) event(stream, subject string, t events.Type, payload any) uint64 {
	b.Helper()
	data, err := json.Marshal(payload)
	if err != nil {
		b.Fatal(err)
	}
	return b.put(stream, subject, fmt.Appendf(nil, `{"type":%q,"data":%s}`, t, data))
}

func (b *book) request(change ...func(*events.Request)) uint64 {
	r := events.Request{ID: only.Request, Run: only.Run, Connection: only.Connection}
	for _, c := range change {
		c(&r)
	}
	return b.event(events.StreamActions, events.SubjectOf(only.Tenant, events.ActionRequested), events.ActionRequested, r)
}

func (b *book) ledger(types ...events.Type) {
	for _, t := range types {
		b.event(events.StreamOutcomes, events.LedgerSubject(only.Tenant, only.Request), t,
			events.Outcome{Tenant: only.Tenant, Request: only.Request})
	}
}

// link adds a chain's event; a wait lasts a minute.
func (b *book) link(t events.Type, change ...func(*events.Suspension)) uint64 {
	s := events.Suspension{Tenant: only.Tenant, Connection: only.Connection, Run: only.Run, Request: only.Request,
		Previous: b.chain, TerminatesAt: b.at.Add(time.Minute)}
	if t == events.SuspensionTerminated {
		s.Cause = events.CauseOperator
	}
	for _, c := range change {
		c(&s)
	}
	b.chain = b.event(events.StreamSuspensions, only.Subject(), t, s)
	return b.chain
}

func (b *book) letter(origin uint64) {
	b.event(events.StreamDeadLetters, "hf.acme.deadletter.poison", events.DeadLetter,
		events.DeadLetterData{Origin: events.Origin{Stream: events.StreamActions, Sequence: origin}})
}

func (b *book) timer(of uint64, header nats.Header) {
	b.sequence++
	subject := fmt.Sprintf("$KV.%s.acme.crm.run.req.%d", events.BucketTimers, of)
	b.Add(chaos.Message{Stream: events.StreamTimers, Subject: subject, Sequence: b.sequence, Header: header})
}

func (b *book) later(d time.Duration) { b.at = b.at.Add(d) }

// check reads the book at a moment when nothing is young.
func (b *book) check() chaos.Report {
	b.Now = b.at.Add(grace)
	return chaos.Check(b.History, grace)
}

func write(t *testing.T, with func(*book)) *book {
	b := &book{T: t, History: new(chaos.History), at: began}
	with(b)
	return b
}

func atMostOnce(r *events.Request) { r.Delivery = events.AtMostOnce }

// good are histories in which every promise is kept.
var good = map[string]func(*book){
	"nothing":   func(*book) {},
	"completed": func(b *book) { b.request(); b.ledger(events.ActionCompleted) },
	"published three times, in one end": func(b *book) {
		b.request()
		b.request()
		b.ledger(events.ActionCompleted)
		b.request()
	},
	"dead letter": func(b *book) { b.letter(b.request()) },
	"one copy dead, the other completed": func(b *book) {
		b.letter(b.request())
		b.request()
		b.ledger(events.ActionCompleted)
	},
	"no request at all, and a dead letter": func(b *book) {
		b.letter(b.put(events.StreamActions, "hf.acme.action.requested", []byte("{")))
	},
	"binary mode": func(b *book) {
		b.put(events.StreamActions, "hf.acme.action.requested", []byte(`{"request_id":"req"}`))
		b.ledger(events.ActionCompleted)
	},
	"an operator's command": func(b *book) {
		b.put(events.StreamActions, "hf.acme.suspension.resume_requested", []byte(`{}`))
	},
	"started, released, started, completed": func(b *book) {
		b.request(atMostOnce)
		b.ledger(events.ActionStarted, events.ActionReleased, events.ActionStarted, events.ActionCompleted)
		b.Effects = map[string]int{only.Request: 1}
	},
	"suspended, extended, resumed, suspended, resumed, completed": func(b *book) {
		b.request()
		b.ledger(events.ActionSuspended)
		for _, t := range []events.Type{events.SuspensionSuspended, events.SuspensionExtended, events.SuspensionResumed,
			events.SuspensionSuspended, events.SuspensionResumed} {
			b.link(t)
		}
		b.ledger(events.ActionCompleted)
	},
	"terminated in time": func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended)
		b.later(time.Minute)
		b.link(events.SuspensionTerminated, func(s *events.Suspension) { s.Cause = events.CauseDeadline })
		b.ledger(events.ActionTerminated)
	},
	"terminated although it had ended": func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended)
		b.ledger(events.ActionCompleted)
		b.link(events.SuspensionTerminated)
	},
	"waits with its alarm": func(b *book) { b.request(); b.timer(b.link(events.SuspensionSuspended), nil) },
	"an alarm of a wait that is over, before its own time": func(b *book) {
		b.request()
		b.timer(b.link(events.SuspensionSuspended), nil)
		b.link(events.SuspensionResumed)
		b.ledger(events.ActionCompleted)
	},
	"an alarm that was cancelled": func(b *book) {
		b.request()
		n := b.link(events.SuspensionSuspended)
		b.timer(n, nil)
		b.timer(n, nats.Header{"KV-Operation": {"PURGE"}})
		b.link(events.SuspensionResumed)
		b.ledger(events.ActionCompleted)
		b.later(2 * time.Minute)
	},
	"ledger older than the oldest request": func(b *book) {
		b.ledger(events.ActionCompleted)
		b.request(func(r *events.Request) { r.ID = "other" })
		b.put(events.StreamOutcomes, "hf.acme.outcome.other",
			[]byte(`{"type":"holdfast.action.completed.v1","data":{"tenant":"acme","request_id":"other"}}`))
	},
}

func TestC15_TheCheckerFindsNothingInGoodHistories(t *testing.T) {
	for name, with := range good {
		t.Run(name, func(t *testing.T) {
			if r := write(t, with).check(); len(r.Violations) > 0 {
				t.Errorf("violations %v", r.Violations)
			}
		})
	}
}

// bad are histories with one broken promise each.
var bad = []struct {
	name string
	want chaos.Rule
	with func(*book)
}{
	{"lost", chaos.NotEnded, func(b *book) { b.request() }},
	{"lost while marked", chaos.NotEnded, func(b *book) { b.request(); b.ledger(events.ActionStarted) }},
	{"no request, no dead letter", chaos.NotEnded, func(b *book) {
		b.put(events.StreamActions, "hf.acme.action.requested", []byte("{"))
	}},
	{"completed twice", chaos.EndedTwice, func(b *book) {
		b.request()
		b.ledger(events.ActionCompleted, events.ActionCompleted)
	}},
	{"completed and terminated", chaos.EndedTwice, func(b *book) {
		b.request()
		b.ledger(events.ActionCompleted, events.ActionTerminated)
	}},
	{"completed and a dead letter", chaos.EndedTwice, func(b *book) { b.letter(b.request()); b.ledger(events.ActionCompleted) }},
	{"started after the end", chaos.AfterEnd, func(b *book) {
		b.request()
		b.ledger(events.ActionFailed, events.ActionStarted)
	}},
	{"nobody asked", chaos.NotAsked, func(b *book) {
		b.letter(b.request(func(r *events.Request) { r.ID = "other" }))
		b.ledger(events.ActionCompleted)
	}},
	{"a chain's event on a ledger", chaos.NoLedgerEvent, func(b *book) {
		b.request()
		b.ledger(events.SuspensionResumed, events.ActionCompleted)
	}},
	{"started twice", chaos.StartedTwice, func(b *book) {
		b.request(atMostOnce)
		b.ledger(events.ActionStarted, events.ActionStarted, events.ActionCompleted)
	}},
	{"applied twice", chaos.EffectTwice, func(b *book) {
		b.request(atMostOnce)
		b.ledger(events.ActionStarted, events.ActionCompleted)
		b.Effects = map[string]int{only.Request: 2}
	}},
	{"completed without an effect", chaos.NoEffect, func(b *book) {
		b.request()
		b.ledger(events.ActionCompleted)
		b.Effects = map[string]int{"other": 1}
	}},
	{"names another event", chaos.BrokenLink, func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended)
		b.link(events.SuspensionResumed, func(s *events.Suspension) { s.Previous-- })
		b.ledger(events.ActionCompleted)
	}},
	{"first names one before it", chaos.BrokenLink, func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended, func(s *events.Suspension) { s.Previous = 1 })
		b.link(events.SuspensionResumed)
		b.ledger(events.ActionCompleted)
	}},
	{"resumed twice", chaos.BadMove, func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended)
		b.link(events.SuspensionResumed)
		b.link(events.SuspensionResumed)
		b.ledger(events.ActionCompleted)
	}},
	{"resumed after terminated", chaos.BadMove, func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended)
		b.link(events.SuspensionTerminated)
		b.link(events.SuspensionResumed)
		b.ledger(events.ActionTerminated)
	}},
	{"terminated after resumed", chaos.BadMove, func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended)
		b.link(events.SuspensionResumed)
		b.link(events.SuspensionTerminated)
		b.ledger(events.ActionTerminated)
	}},
	{"begins with resumed", chaos.BadMove, func(b *book) {
		b.request()
		b.link(events.SuspensionResumed)
		b.ledger(events.ActionCompleted)
	}},
	{"terminated early", chaos.Early, func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended)
		b.link(events.SuspensionTerminated, func(s *events.Suspension) { s.Cause, s.TerminatesAt = events.CauseDeadline, b.at })
		b.ledger(events.ActionTerminated)
	}},
	{"terminated and forgotten", chaos.TerminatedLives, func(b *book) {
		b.letter(b.request())
		b.link(events.SuspensionSuspended)
		b.link(events.SuspensionTerminated)
	}},
	{"terminated and completed later", chaos.TerminatedLives, func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended)
		b.link(events.SuspensionTerminated)
		b.ledger(events.ActionCompleted)
	}},
	{"resumed and forgotten", chaos.ResumedLost, func(b *book) {
		b.letter(b.request())
		b.link(events.SuspensionSuspended)
		b.link(events.SuspensionResumed)
	}},
	{"waits too long", chaos.Overdue, func(b *book) {
		b.letter(b.request())
		b.timer(b.link(events.SuspensionSuspended), nil)
		b.later(2 * time.Minute)
	}},
	{"waits without an alarm", chaos.NoAlarm, func(b *book) { b.request(); b.link(events.SuspensionSuspended) }},
	{"waits with another event's alarm", chaos.NoAlarm, func(b *book) {
		b.request()
		b.timer(b.link(events.SuspensionSuspended), nil)
		b.link(events.SuspensionExtended)
	}},
	{"the alarm stays", chaos.AlarmLeft, func(b *book) {
		b.request()
		b.timer(b.link(events.SuspensionSuspended), nil)
		b.link(events.SuspensionResumed)
		b.ledger(events.ActionCompleted)
		b.later(2 * time.Minute)
	}},
	{"an alarm of nothing", chaos.AlarmLeft, func(b *book) { b.timer(7, nil) }},
	{"another's outcome", chaos.WrongSubject, func(b *book) {
		b.request()
		b.event(events.StreamOutcomes, "hf.acme.outcome.req", events.ActionCompleted, events.Outcome{Tenant: "acme", Request: "other"})
	}},
	{"another's link", chaos.WrongSubject, func(b *book) {
		b.request()
		b.link(events.SuspensionSuspended, func(s *events.Suspension) { s.Run = "other" })
		b.link(events.SuspensionResumed)
		b.ledger(events.ActionCompleted)
	}},
	{"no event", chaos.Unreadable, func(b *book) { b.put(events.StreamOutcomes, "hf.acme.outcome.req", []byte("{")) }},
}

func TestC15_TheCheckerFindsEveryBrokenPromise(t *testing.T) {
	found := map[chaos.Rule]bool{}
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			r := write(t, tt.with).check()
			if len(r.Violations) != 1 || r.Violations[0].Rule != tt.want {
				t.Fatalf("violations %v, want one %s", r.Violations, tt.want)
			}
			if text := r.Violations[0].String(); !strings.HasPrefix(text, string(tt.want)) {
				t.Errorf("in words: %s", text)
			}
			found[tt.want] = true
		})
	}
	for _, rule := range chaos.Rules() {
		if !found[rule] {
			t.Errorf("no history breaks %s", rule)
		}
	}
}

// What is younger than the grace is not held against anybody.
func TestC15_TheCheckerGivesGrace(t *testing.T) {
	for _, tt := range bad {
		if !slices.Contains([]chaos.Rule{chaos.NotEnded, chaos.TerminatedLives, chaos.ResumedLost, chaos.NotAsked, chaos.NoAlarm}, tt.want) {
			continue
		}
		b := write(t, tt.with)
		b.Now = began.Add(grace)
		r := chaos.Check(b.History, grace)
		if tt.name != "terminated and completed later" && len(r.Violations) > 0 {
			t.Errorf("%s: %v", tt.name, r.Violations)
		}
	}
}

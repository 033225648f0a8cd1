package explain

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
	"holdfast/internal/testkit"
)

// told is what was read, and the story.
type told struct {
	*Story

	searched []string // streams that were read through
}

func tell(t *testing.T, b *bus.Bus, q Question) (told, error) {
	t.Helper()
	var got told
	teller := &Teller{Looks: b, Chains: b.Journal(), Clock: b.Clock(), Secrets: ops.Secrets{Mount: "secret", Prefix: "holdfast"},
		Progress: func(stream string, _, all uint64) {
			if all > 1 && !slices.Contains(got.searched, stream) {
				got.searched = append(got.searched, stream)
			}
		}}
	q.Tenant = "acme"
	s, err := teller.Tell(t.Context(), q)
	got.Story = s
	return got, err
}

func appendTo(t *testing.T, b *bus.Bus, subject string, kind events.Type, payload any) {
	t.Helper()
	last, err := b.Journal().Last(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	e, err := events.New(kind, time.Now(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Journal().Append(t.Context(), subject, last.Sequence, e); err != nil {
		t.Fatal(err)
	}
}

// publishMany stores requests of other runs around one of run-1.
func publishMany(t *testing.T, b *bus.Bus) (sequence uint64) {
	t.Helper()
	for i := range 20 {
		r := events.Request{ID: "other-" + string(rune('a'+i)), Run: "run-x", Connection: "crm"}
		if i == 10 {
			r.ID, r.Run = "req-1", "run-1"
			sequence = testkit.Publish(t, b, "acme", events.ActionRequested, r)
			continue
		}
		testkit.Publish(t, b, "acme", events.ActionRequested, r)
	}
	return sequence
}

func kinds(s *Story) (all []string) {
	for _, e := range s.Entries {
		all = append(all, e.Event)
	}
	return all
}

// A request that has a ledger is looked up: nobody reads through the others.
func TestO1_ARequestWithALedgerIsLookedUp(t *testing.T) {
	_, b := testkit.StartBus(t)
	at := publishMany(t, b)
	o := events.Outcome{Tenant: "acme", Request: "req-1", Run: "run-1", Connection: "crm", Origin: events.Origin{Stream: events.StreamActions, Sequence: at}}
	appendTo(t, b, events.LedgerSubject("acme", "req-1"), events.ActionCompleted, o)
	got, err := tell(t, b, Question{Kind: Request, ID: "req-1"})
	if err != nil || !slices.Equal(kinds(got.Story), []string{"action.requested", "action.completed", "now"}) || got.searched != nil {
		t.Errorf("%v, %v, read through %v", kinds(got.Story), err, got.searched)
	}
	if e := got.Entries[0]; e.Sequence != at || e.Stream != events.StreamActions {
		t.Errorf("%+v", e)
	}
}

// A request without a ledger is searched for; one that nobody published is not found, with where else to look.
func TestO1_ARequestWithoutALedgerIsSearchedFor(t *testing.T) {
	_, b := testkit.StartBus(t)
	publishMany(t, b)
	got, err := tell(t, b, Question{Kind: Request, ID: "req-1"})
	if err != nil || !slices.Equal(kinds(got.Story), []string{"action.requested", "now"}) || !slices.Equal(got.searched, []string{events.StreamActions}) {
		t.Errorf("%v, %v, read through %v", kinds(got.Story), err, got.searched)
	}
	if now := got.Entries[1]; now.State != ops.StateQueued || now.Ended || len(now.Advice) == 0 {
		t.Errorf("%+v", now)
	}
	_, err = tell(t, b, Question{Kind: Request, ID: "req-none"})
	if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.NotFound || p.Hint == "" {
		t.Errorf("%v", err)
	}
}

// A run's requests are searched for from its start on, where a suspension tells it, and not before.
func TestO1_ARunIsSearchedFromItsStartOn(t *testing.T) {
	for name, late := range map[string]bool{"the start is not known": false, "it starts later": true} {
		t.Run(name, func(t *testing.T) {
			_, b := testkit.StartBus(t)
			at := publishMany(t, b)
			r := events.Request{ID: "req-1", Run: "run-1", Connection: "crm"}
			if late {
				started := time.Now().Add(2 * startSkew)
				r.RunStarted = &started
			}
			original, err := events.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			s := events.Suspension{Tenant: "acme", Connection: "crm", Run: "run-1", Request: "req-1", Reason: "bad_credentials",
				TerminatesAt: time.Now().Add(time.Hour), Original: original, OriginalAt: events.Origin{Stream: events.StreamActions, Sequence: at}}
			appendTo(t, b, s.Chain().Subject(), events.SuspensionSuspended, s)
			got, err := tell(t, b, Question{Kind: Run, ID: "run-1"})
			if err != nil || !slices.Equal(kinds(got.Story), []string{"action.requested", "suspension.suspended", "now"}) {
				t.Fatalf("%v, %v", kinds(got.Story), err)
			}
			if read := slices.Contains(got.searched, events.StreamActions); read == late {
				t.Errorf("read through %v", got.searched)
			}
			if now := got.Entries[2]; now.State != ops.StateWaiting || now.Connection != "crm" || now.TerminatesAt == nil {
				t.Errorf("%+v", now)
			}
		})
	}
}

// A resumed request that no worker has taken is where the consumer of the chains says.
func TestO4_AResumedRequestWaitsForAWorker(t *testing.T) {
	_, b := testkit.StartBus(t)
	s := events.Suspension{Tenant: "acme", Connection: "crm", Run: "run-1", Request: "req-1", Reason: "bad_credentials", Original: json.RawMessage(`{}`)}
	appendTo(t, b, s.Chain().Subject(), events.SuspensionSuspended, s)
	s.Cause = events.CauseRestored
	appendTo(t, b, s.Chain().Subject(), events.SuspensionResumed, s)
	var now Entry
	testkit.Eventually(t, 20*time.Second, "the consumer to know of it", func() bool {
		got, err := tell(t, b, Question{Kind: Request, ID: "req-1"})
		if err != nil {
			t.Fatal(err)
		}
		now = got.Entries[len(got.Entries)-1]
		return now.Text == "it waits for its turn: 2 messages have not been delivered to a worker yet, and no worker asks for any: "+
			"none runs, all are busy, or they pause until Vault answers"
	})
	if now.State != ops.StateResumed || now.Ended {
		t.Errorf("%+v", now)
	}
}

// Two systems may use the same id for their events; and what is published again keeps its own.
func TestO1_RequestsWithTheSameEventIDAreBothTold(t *testing.T) {
	_, b := testkit.StartBus(t)
	for i, source := range []string{"shop", "crm", "crm"} {
		e, err := events.New(events.ActionRequested, time.Now(), events.Request{ID: "of-" + source, Run: "run-1", Connection: "crm"})
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Source = "event-1", source
		raw, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", e.Type), strconv.Itoa(i), raw); err != nil {
			t.Fatal(err)
		}
	}
	got, err := tell(t, b, Question{Kind: Run, ID: "run-1"})
	want := []string{"action.requested", "action.requested", "action.requested", "now"}
	if err != nil || !slices.Equal(kinds(got.Story), want) || got.Entries[3].More != 1 {
		t.Errorf("%v, %v", kinds(got.Story), err)
	}
	got, err = tell(t, b, Question{Kind: Request, ID: "of-crm", Since: time.Hour})
	if err != nil || len(got.Entries) != 3 || !strings.HasPrefix(got.Entries[1].Text, "published again: ") {
		t.Errorf("%v, %v", kinds(got.Story), err)
	}
}

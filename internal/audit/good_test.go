package audit_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/audit"
	"holdfast/internal/fault"
)

// good are stories in which every promise is kept.
var good = map[string]func(*story){
	"completed": func(s *story) { s.request(); s.mark(events.ActionCompleted) },
	"published three times, one end": func(s *story) {
		first := s.request()
		s.request()
		s.mark(events.ActionCompleted)
		s.request()
		s.asked = first
	},
	"a dead letter": func(s *story) { s.letter(s.request()) },
	"one copy dead, the other completed": func(s *story) {
		s.letter(s.request())
		s.request()
		s.mark(events.ActionCompleted)
	},
	"a dead letter that was retried": func(s *story) {
		n := s.letter(s.request())
		acts := events.DeadLetterActs(s.Tenant, n)
		s.event(acts, events.DeadLetterRetried, events.DeadLetterAct{Tenant: s.Tenant, Letter: n, Actor: "op", Tries: 1})
		s.request()
		s.mark(events.ActionSkipped)
		s.event(acts, events.DeadLetterAnswered, events.DeadLetterAnswer{Tenant: s.Tenant, Letter: n, Outcome: "skipped",
			Origin: events.Origin{Stream: events.StreamActions, Sequence: s.asked}})
	},
	"no request at all, and a dead letter": func(s *story) {
		s.letter(s.put(events.SubjectOf(s.Tenant, events.ActionRequested), []byte("{"), nil))
	},
	"of another tenant by its payload, and a dead letter": func(s *story) {
		s.letter(s.request(func(r *events.Request) { r.Tenant = "umbrella" }))
	},
	"an answered command": func(s *story) { s.command(events.SuspensionResumeRequested) },
	"binary mode": func(s *story) {
		s.asked = s.put(events.SubjectOf(s.Tenant, events.ActionRequested), []byte(`{"request_id":"req","run_id":"run"}`),
			map[string][]string{"ce-type": {string(events.ActionRequested)}, "ce-id": {"1"}})
		s.mark(events.ActionCompleted)
	},
	"started, released, started, completed": func(s *story) {
		s.request(atMostOnce)
		for _, t := range []events.Type{events.ActionStarted, events.ActionReleased, events.ActionStarted, events.ActionCompleted} {
			s.mark(t)
		}
		s.options.Effects, s.options.EffectsComplete = audit.Counted(map[string]int{s.Request: 1}), true
	},
	"an at-least-once effect happens again": func(s *story) {
		s.request()
		s.mark(events.ActionCompleted)
		s.options.Effects = audit.Counted(map[string]int{s.Request: 2})
	},
	"a log of another target": func(s *story) {
		s.request()
		s.mark(events.ActionCompleted)
		s.options.Effects = audit.Counted(map[string]int{"other": 1})
	},
	"suspended, extended, resumed, suspended, resumed, completed": func(s *story) {
		s.request()
		s.mark(events.ActionSuspended)
		s.suspended()
		s.link(events.SuspensionExtended, s.command(events.SuspensionExtendRequested), until(2*time.Hour))
		s.link(events.SuspensionResumed, rotated)
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionResumed, rotated)
		s.mark(events.ActionCompleted, s.byChain)
	},
	"resumed by a command that names the connection": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionResumed, s.command(events.SuspensionResumeRequested, func(c *events.SuspensionCommand) {
			c.Request, c.Connection = "", s.Connection
		}))
		s.mark(events.ActionCompleted, s.byChain)
	},
	"resumed by another generation": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended)
		g := s.change(events.ConnectionSecretRotated)
		s.link(events.SuspensionResumed, by(events.CauseProbe), func(w *events.Suspension) { w.Generation = g })
		s.mark(events.ActionCompleted, s.byChain)
	},
	"resumed since the same credentials were seen to work": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.notice(events.ConnectionRestored)
		s.link(events.SuspensionResumed, by(events.CauseRestored))
		s.mark(events.ActionCompleted, s.byChain)
	},
	"suspended a moment after the same credentials were seen to work": func(s *story) {
		s.request()
		s.notice(events.ConnectionBroken)
		s.notice(events.ConnectionRestored)
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionResumed, by(events.CauseRestored))
		s.mark(events.ActionCompleted, s.byChain)
	},
	"a probe with a secret that was undeleted": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended, func(w *events.Suspension) { w.Reason = string(fault.SecretDeleted) })
		s.link(events.SuspensionResumed, by(events.CauseProbe))
		s.mark(events.ActionCompleted, s.byChain)
	},
	"resumed, and then a dead letter": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended)
		n := s.link(events.SuspensionResumed, rotated)
		s.letter(n, func(l *events.DeadLetterData) { l.Origin.Stream, l.Subject = events.StreamSuspensions, s.Subject() })
	},
	"reconciled": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.mark(events.ActionCompleted)
		s.link(events.SuspensionResumed, by(events.CauseReconciled))
	},
	"terminated in time": func(s *story) {
		s.request()
		s.options.Late = time.Minute
		s.link(events.SuspensionSuspended, until(-time.Second))
		s.link(events.SuspensionTerminated, by(events.CauseDeadline))
		s.mark(events.ActionTerminated, s.byChain)
	},
	"terminated by an operator": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
		s.mark(events.ActionTerminated, s.byChain)
	},
	"terminated with its run": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
		s.mark(events.ActionTerminated, s.byChain)
		s.Request, s.chain = "two", 0
		s.request()
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionTerminated, by(events.CauseRunTerminated))
		s.mark(events.ActionTerminated, s.byChain)
		s.Request = "three"
		s.request()
		s.mark(events.ActionDenied)
	},
	"terminated although it had ended": func(s *story) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.mark(events.ActionCompleted)
		s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
	},
	"waits with its alarm": func(s *story) { s.request(); s.suspended() },
	"an alarm of a wait that is over, before its own time": func(s *story) {
		s.request()
		s.suspended()
		s.link(events.SuspensionResumed, rotated)
		s.mark(events.ActionCompleted, s.byChain)
	},
	"an alarm that was cancelled": func(s *story) {
		s.request()
		n := s.suspended(until(-time.Minute))
		s.off(n)
		s.link(events.SuspensionResumed, rotated)
		s.mark(events.ActionCompleted, s.byChain)
	},
	"a customer's own secrets": func(s *story) {
		s.request(func(r *events.Request) { r.Action.Input = []byte(`{"body":{"password":"x"}}`) })
		s.mark(events.ActionCompleted, func(o *events.Outcome) { o.Response = []byte(`{"body":{"token":"x"}}`) })
	},
	"a refused message with a customer's own secret": func(s *story) {
		n := s.request(func(r *events.Request) { r.Action.Input = []byte(`{"body":{"password":"x"}}`) })
		m, _, err := s.source.Message(s.Context(), events.StreamActions, n)
		s.must(err)
		s.letter(n, func(l *events.DeadLetterData) { l.Original = m.Data })
		s.letter(s.request(), func(l *events.DeadLetterData) { l.Original, l.Truncated = m.Data[:len(m.Data)-2], true })
	},
}

func TestC15_O5_TheAuditFindsNothingWherePromisesWereKept(t *testing.T) {
	s := newStage(t)
	for i, name := range slices.Sorted(maps.Keys(good)) {
		t.Run(name, func(t *testing.T) {
			one := *s
			one.TB = t
			story := one.story(fmt.Sprintf("good-%d", i))
			good[name](story)
			if r := story.audit(); !r.OK || r.Err() != nil {
				t.Errorf("%v", r.Err())
			}
		})
	}
}

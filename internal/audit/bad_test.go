package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/audit"
	"holdfast/internal/fault"
)

// planted is a story with one broken promise; tell gives the stream and sequence where it shows.
type planted struct {
	name string
	want audit.Check
	tell func(*story) (stream string, sequence uint64)
}

const (
	actions     = events.StreamActions
	outcomes    = events.StreamOutcomes
	suspensions = events.StreamSuspensions
	letters     = events.StreamDeadLetters
)

var pemKey = "-----BEGIN PRIVATE" + " KEY-----"

// bad is every check broken, and more than once where there is more than one way.
var bad = slices.Concat(badRequests, badEffects, badChains, badMoves, badRuns, badTenants, badSecrets, badLetters)

var badRequests = []planted{
	{"lost", audit.Lost, func(s *story) (string, uint64) { return actions, s.request() }},
	{"lost after it was started", audit.Lost, func(s *story) (string, uint64) {
		n := s.request(atMostOnce)
		s.mark(events.ActionStarted)
		return actions, n
	}},
	{"lost after it was said to be suspended", audit.Lost, func(s *story) (string, uint64) {
		n := s.request()
		s.mark(events.ActionSuspended)
		return actions, n
	}},
	{"no request, and no dead letter", audit.Lost, func(s *story) (string, uint64) {
		return actions, s.put(events.SubjectOf(s.Tenant, events.ActionRequested), []byte("{"), nil)
	}},
	{"no command, and no dead letter", audit.Lost, func(s *story) (string, uint64) {
		return actions, s.put(events.SubjectOf(s.Tenant, events.SuspensionExtendRequested), []byte("[]"), nil)
	}},
	{"no id, and no dead letter", audit.Lost, func(s *story) (string, uint64) {
		return actions, s.request(func(r *events.Request) { r.ID = "a b" })
	}},
	{"no change of a connection, and no dead letter", audit.Lost, func(s *story) (string, uint64) {
		return events.StreamConnections, s.put(events.SubjectOf(s.Tenant, events.ConnectionDeleted), []byte("x"), nil)
	}},
	{"no change of a user, and no dead letter", audit.Lost, func(s *story) (string, uint64) {
		return events.StreamPermissions, s.put(events.SubjectOf(s.Tenant, events.DirectoryUserRemoved), []byte("x"), nil)
	}},
	{"completed twice", audit.EndedTwice, func(s *story) (string, uint64) {
		s.request()
		s.mark(events.ActionCompleted)
		return outcomes, s.mark(events.ActionCompleted)
	}},
	{"completed and terminated", audit.EndedTwice, func(s *story) (string, uint64) {
		s.request()
		s.mark(events.ActionCompleted)
		return outcomes, s.mark(events.ActionTerminated)
	}},
	{"completed and a dead letter", audit.EndedTwice, func(s *story) (string, uint64) {
		s.letter(s.request())
		return outcomes, s.mark(events.ActionCompleted)
	}},
	{"started after the end", audit.AfterEnd, func(s *story) (string, uint64) {
		s.request()
		s.mark(events.ActionFailed)
		return outcomes, s.mark(events.ActionStarted)
	}},
	{"came of another request", audit.NotAsked, func(s *story) (string, uint64) {
		s.letter(s.request(func(r *events.Request) { r.ID = "other" }))
		return outcomes, s.mark(events.ActionCompleted)
	}},
	{"came of nothing", audit.NotAsked, func(s *story) (string, uint64) {
		return outcomes, s.mark(events.ActionCompleted, func(o *events.Outcome) { o.Origin = events.Origin{} })
	}},
	{"came of what is not there yet", audit.NotAsked, func(s *story) (string, uint64) {
		s.asked = 1 << 40
		return outcomes, s.mark(events.ActionCompleted)
	}},
	{"suspended for another request", audit.NotAsked, func(s *story) (string, uint64) {
		s.letter(s.request(func(r *events.Request) { r.ID = "other" }))
		return suspensions, s.suspended()
	}},
	{"released, and never started", audit.LedgerOrder, func(s *story) (string, uint64) {
		s.request(atMostOnce)
		n := s.mark(events.ActionReleased)
		s.mark(events.ActionFailed)
		return outcomes, n
	}},
	{"completed, and never started", audit.LedgerOrder, func(s *story) (string, uint64) {
		s.request(atMostOnce)
		return outcomes, s.mark(events.ActionCompleted)
	}},
	{"suspended while started", audit.LedgerOrder, func(s *story) (string, uint64) {
		s.request(atMostOnce)
		s.mark(events.ActionStarted)
		n := s.mark(events.ActionSuspended)
		s.mark(events.ActionUnknown)
		return outcomes, n
	}},
}

var badEffects = []planted{
	{"started twice", audit.StartedTwice, func(s *story) (string, uint64) {
		s.request(atMostOnce)
		s.mark(events.ActionStarted)
		n := s.mark(events.ActionStarted)
		s.mark(events.ActionCompleted)
		return outcomes, n
	}},
	{"applied twice", audit.EffectTwice, func(s *story) (string, uint64) {
		n := s.request(atMostOnce)
		s.mark(events.ActionStarted)
		s.mark(events.ActionUnknown)
		s.options.Effects = audit.TargetLog(strings.NewReader(
			`{"idempotency_key":"req","status":201}` + "\n" + `{"idempotency_key":"req","status":409}` + "\n" + `{"idempotency_key":"req","effect":true}`))
		return actions, n
	}},
	{"completed without an effect", audit.CompletedWithoutEffect, func(s *story) (string, uint64) {
		n := s.request()
		s.mark(events.ActionCompleted)
		s.options.Effects, s.options.EffectsComplete = audit.Counted(map[string]int{"other": 1}), true
		return actions, n
	}},
}

func umbrella(o *events.Outcome) { o.Tenant = "umbrella" }

var badTenants = []planted{
	{"an outcome of another tenant", audit.WrongTenant, func(s *story) (string, uint64) {
		s.request()
		return outcomes, s.mark(events.ActionCompleted, umbrella)
	}},
	{"an outcome that came of another tenant's request", audit.WrongTenant, func(s *story) (string, uint64) {
		mine := s.Tenant
		s.Tenant = "umbrella"
		s.letter(s.request())
		s.Tenant = mine
		return outcomes, s.mark(events.ActionCompleted)
	}},
	{"a suspension of another tenant", audit.WrongTenant, func(s *story) (string, uint64) {
		s.request()
		return suspensions, s.suspended(func(w *events.Suspension) { w.Tenant = "umbrella" })
	}},
	{"a notice of another tenant", audit.WrongTenant, func(s *story) (string, uint64) {
		return events.StreamNotices, s.event(events.NoticeSubject(s.Tenant, events.ConnectionBroken), events.ConnectionBroken,
			events.ConnectionNotice{Tenant: "umbrella", ID: "crm"})
	}},
	{"a dead letter of another tenant", audit.WrongTenant, func(s *story) (string, uint64) {
		n := s.request()
		s.mark(events.ActionCompleted)
		return letters, s.letter(n, func(l *events.DeadLetterData) { l.Tenant = "umbrella" })
	}},
	{"a dead letter about another tenant's message", audit.WrongTenant, func(s *story) (string, uint64) {
		n := s.request()
		return letters, s.letter(n, func(l *events.DeadLetterData) { l.Subject = events.SubjectOf("umbrella", events.ActionRequested) })
	}},
	{"a request of another tenant that was not refused", audit.WrongTenant, func(s *story) (string, uint64) {
		return actions, s.request(func(r *events.Request) { r.Tenant = "umbrella" })
	}},
	{"a change of another tenant's that was not refused", audit.WrongTenant, func(s *story) (string, uint64) {
		return events.StreamConnections, s.event(events.SubjectOf(s.Tenant, events.ConnectionDeleted), events.ConnectionDeleted,
			events.ConnectionRef{Tenant: "umbrella", ID: "crm"})
	}},
	{"another request's outcome", audit.WrongSubject, func(s *story) (string, uint64) {
		s.request()
		return outcomes, s.mark(events.ActionCompleted, func(o *events.Outcome) { o.Request = "other" })
	}},
	{"another chain's event", audit.WrongSubject, func(s *story) (string, uint64) {
		s.request()
		return suspensions, s.suspended(func(w *events.Suspension) { w.Run = "other" })
	}},
	{"a chain's event on a ledger", audit.WrongSubject, func(s *story) (string, uint64) {
		s.request()
		n := s.mark(events.SuspensionResumed)
		s.mark(events.ActionCompleted)
		return outcomes, n
	}},
	{"a ledger's event on a chain", audit.WrongSubject, func(s *story) (string, uint64) {
		s.request()
		s.mark(events.ActionCompleted)
		return suspensions, s.link(events.ActionCompleted)
	}},
	{"no outcome", audit.Unreadable, func(s *story) (string, uint64) {
		return outcomes, s.put(events.LedgerSubject(s.Tenant, "req"), []byte("{"), nil)
	}},
	{"no suspension", audit.Unreadable, func(s *story) (string, uint64) {
		return suspensions, s.put(s.Subject(), []byte(`{"type":"holdfast.suspension.suspended.v1","data":[]}`), nil)
	}},
	{"no notice", audit.Unreadable, func(s *story) (string, uint64) {
		return events.StreamNotices, s.put(events.NoticeSubject(s.Tenant, events.ConnectionBroken), []byte(`{"type":"other","data":{}}`), nil)
	}},
	{"no dead letter", audit.Unreadable, func(s *story) (string, uint64) {
		return letters, s.put(events.DeadLetterSubject(s.Tenant, fault.Poison), nil, nil)
	}},
	{"no alarm", audit.Unreadable, func(s *story) (string, uint64) {
		s.put("$KV.hf_timers."+s.Tenant+".crm", []byte("x"), nil)
		return s.lastAlarm()
	}},
}

var badSecrets = []planted{
	{"a secret in a target's answer", audit.Secret, func(s *story) (string, uint64) {
		s.request()
		return outcomes, s.mark(events.ActionCompleted, func(o *events.Outcome) { o.Response = []byte(`{"body":"` + pemKey + `"}`) })
	}},
	{"a secret in a suspension", audit.Secret, func(s *story) (string, uint64) {
		s.request()
		return suspensions, s.suspended(func(w *events.Suspension) { w.Detail = "Bearer abcdef123456" })
	}},
	{"a secret in a notice", audit.Secret, func(s *story) (string, uint64) {
		return events.StreamNotices, s.event(events.NoticeSubject(s.Tenant, events.ConnectionApplied), events.ConnectionApplied,
			map[string]string{"tenant": s.Tenant, "password": "hunter2"})
	}},
	{"a secret in a dead letter's original", audit.Secret, func(s *story) (string, uint64) {
		return letters, s.letter(s.request(), func(l *events.DeadLetterData) {
			l.Reason, l.Original = string(fault.NotJSON), []byte("password=hunter2")
		})
	}},
	{"a secret in a request that was not erased", audit.Secret, func(s *story) (string, uint64) {
		n := s.request(func(r *events.Request) { r.Action.Input = []byte(`{"headers":{"Authorization":"x"}}`) })
		s.mark(events.ActionDenied)
		return actions, n
	}},
	{"a secret in a request in binary mode", audit.Secret, func(s *story) (string, uint64) {
		s.asked = s.put(events.SubjectOf(s.Tenant, events.ActionRequested), []byte(`{"request_id":"req","token":"x"}`),
			map[string][]string{"ce-type": {string(events.ActionRequested)}})
		s.mark(events.ActionCompleted)
		return actions, s.asked
	}},
	{"a secret in a connection that was not erased", audit.Secret, func(s *story) (string, uint64) {
		return events.StreamConnections, s.event(events.SubjectOf(s.Tenant, events.ConnectionCreated), events.ConnectionCreated,
			map[string]any{"connection_id": "crm", "settings": map[string]string{"url": "https://u:hunter2@h"}})
	}},
	{"a secret in a directory", audit.Secret, func(s *story) (string, uint64) {
		return events.StreamPermissions, s.event(events.SubjectOf(s.Tenant, events.DirectoryUserUpdated), events.DirectoryUserUpdated,
			map[string]string{"user_id": "ann", "password": "hunter2"})
	}},
	{"a secret in a header", audit.Secret, func(s *story) (string, uint64) {
		return events.StreamConnections, s.put(events.SubjectOf(s.Tenant, events.ConnectionDeleted),
			[]byte(`{"type":"holdfast.connection.deleted.v1","data":{"connection_id":"crm"}}`), map[string][]string{"X-Auth": {"Bearer abcdef123456"}})
	}},
}

var badLetters = []planted{
	{"a dead letter of nothing", audit.LetterOfNothing, func(s *story) (string, uint64) { return letters, s.letter(1 << 40) }},
	{"a dead letter that names no message", audit.LetterOfNothing, func(s *story) (string, uint64) { return letters, s.letter(0) }},
	{"two dead letters", audit.LetterTwice, func(s *story) (string, uint64) {
		s.letter(s.request())
		return letters, s.letter(s.asked)
	}},
}

// Whatever is planted is found, once, by its name and where it is.
func TestC15_O5_TheAuditFindsEveryBrokenPromise(t *testing.T) {
	s := newStage(t)
	found, all := map[audit.Check]int{}, []string{}
	for i, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			one := *s
			one.TB = t
			story := one.story(fmt.Sprintf("bad-%d", i))
			stream, sequence := tt.tell(story)
			r := story.audit()
			if r.OK || r.Total != 1 || len(r.Violations) != 1 {
				t.Fatalf("%d violations, want one %s: %v", r.Total, tt.want, r.Err())
			}
			v := r.Violations[0]
			if v.Check != tt.want || v.Stream != stream || v.Sequence != sequence || v.Promised != tt.want.Promise() || v.Seen == "" {
				t.Errorf("%s at %s %d, want %s at %s %d", v, v.Stream, v.Sequence, tt.want, stream, sequence)
			}
			if v.Tenant != story.Tenant || v.StoredAt.IsZero() {
				t.Errorf("of tenant %q, at %s", v.Tenant, v.StoredAt)
			}
			if text := fmt.Sprintf("%+v %v", v, r.Err()); strings.Contains(text, "hunter2") || strings.Contains(text, "abcdef") || strings.Contains(text, pemKey) {
				t.Errorf("a secret is repeated: %s", text)
			}
			if c := r.Of(tt.want); c.Violations != 1 || c.Looked == 0 {
				t.Errorf("counted as %+v", c)
			}
			found[tt.want]++
			if story.options.Effects == nil {
				all = append(all, v.String())
			}
		})
	}
	for _, c := range audit.Checks() {
		if found[c] == 0 {
			t.Errorf("nothing breaks %s", c)
		}
	}
	// All of them together are the same, in whatever order they are found.
	r, err := audit.Run(t.Context(), s.source, audit.Options{Settle: -1, Late: -1, List: len(bad), Memory: 1})
	if err != nil {
		t.Fatal(err)
	}
	var together []string
	for _, v := range r.Violations {
		together = append(together, v.String())
	}
	slices.Sort(all)
	slices.Sort(together)
	if r.Total != len(all) || !slices.Equal(all, together) {
		t.Errorf("one by one\n%s\nand together %d\n%s", strings.Join(all, "\n"), r.Total, strings.Join(together, "\n"))
	}
}

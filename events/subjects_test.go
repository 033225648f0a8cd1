package events_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/fault"
)

var anyID = rapid.StringMatching(`[A-Za-z0-9_=-]{1,128}`)

func TestChainSubjectRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := events.Chain{Tenant: anyID.Draw(t, "tenant"), Connection: anyID.Draw(t, "connection"),
			Run: anyID.Draw(t, "run"), Request: anyID.Draw(t, "request")}
		got, ok := events.ParseChain(c.Subject())
		if !ok || got != c || events.TenantOf(c.Subject()) != c.Tenant {
			t.Fatalf("%+v, %v, want %+v", got, ok, c)
		}
	})
}

func TestParseChainRefusesOtherSubjects(t *testing.T) {
	for _, s := range []string{"", "hf", "hf.t.suspension.c.r", "hf.t.suspension.c.r.q.x", "xx.t.suspension.c.r.q", "hf.t.outcome.c.r.q"} {
		if c, ok := events.ParseChain(s); ok {
			t.Errorf("%q is %+v", s, c)
		}
	}
}

func TestChainsFilterStandsForAny(t *testing.T) {
	for _, c := range []struct{ tenant, connection, run, want string }{
		{"", "", "", "hf.*.suspension.*.*.*"}, {"t", "", "", "hf.t.suspension.*.*.*"},
		{"t", "c", "", "hf.t.suspension.c.*.*"}, {"t", "", "r", "hf.t.suspension.*.r.*"},
	} {
		if got := events.ChainsFilter(c.tenant, c.connection, c.run); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestTenantOf(t *testing.T) {
	for subject, want := range map[string]string{
		"hf.t.action.requested": "t", "hf.t.x": "t", "hf.t": "", "hf": "", "": "", "xx.t.x": "", "hf..x": "", "hf.a:b.x": "", "hf.*.x": "",
	} {
		if got := events.TenantOf(subject); got != want {
			t.Errorf("TenantOf(%q) = %q", subject, got)
		}
	}
}

// TestEveryTypeHasOneStream: each subject is kept by exactly one stream.
func TestEveryTypeHasOneStream(t *testing.T) {
	subjects := map[string]string{
		events.LedgerSubject("t", "q"): events.StreamOutcomes,
		events.Chain{Tenant: "t", Connection: "c", Run: "r", Request: "q"}.Subject(): events.StreamSuspensions,
		events.NoticeSubject("t", events.ConnectionBroken):                           events.StreamNotices,
		events.DeadLetterSubject("t", fault.NotJSON):                                 events.StreamDeadLetters,
		events.DeadLetterActs("t", 7):                                                events.StreamDeadLetters,
		events.SubjectOf("t", events.ActionRequested):                                events.StreamActions,
		events.SubjectOf("t", events.SuspensionResumeRequested):                      events.StreamActions,
		events.SubjectOf("t", events.SuspensionExtendRequested):                      events.StreamActions,
		events.SubjectOf("t", events.SuspensionTerminateRequested):                   events.StreamActions,
		events.SubjectOf("t", events.ConnectionCreated):                              events.StreamConnections,
		events.SubjectOf("t", events.ConnectionUpdated):                              events.StreamConnections,
		events.SubjectOf("t", events.ConnectionDeleted):                              events.StreamConnections,
		events.SubjectOf("t", events.ConnectionSecretRotated):                        events.StreamConnections,
	}
	for subject, want := range subjects {
		if got := streamsOf(subject); len(got) != 1 || got[0] != want {
			t.Errorf("%s is kept by %v, want %s", subject, got, want)
		}
	}
}

func streamsOf(subject string) (streams []string) {
	for stream, filters := range events.StreamSubjects() {
		for _, filter := range filters {
			if matches(filter, subject) {
				streams = append(streams, stream)
			}
		}
	}
	return streams
}

func matches(filter, subject string) bool {
	f, s := strings.Split(filter, "."), strings.Split(subject, ".")
	if len(f) != len(s) {
		return false
	}
	for i := range f {
		if f[i] != "*" && f[i] != s[i] {
			return false
		}
	}
	return true
}

func TestTypesAreOfOneShape(t *testing.T) {
	seen := map[events.Type]bool{}
	for _, kind := range events.All() {
		if seen[kind] || !strings.HasPrefix(string(kind), "holdfast.") || !strings.HasSuffix(string(kind), ".v1") {
			t.Errorf("%s", kind)
		}
		seen[kind] = true
		if kind != events.DeadLetter && (kind.Noun() == "" || kind.What() == "") {
			t.Errorf("%s: %q %q", kind, kind.Noun(), kind.What())
		}
	}
}

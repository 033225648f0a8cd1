package bus_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

func use(connection, step string, at time.Time) events.Use {
	return events.Use{Tenant: "acme", Connection: connection, Workflow: "wf", Step: step, Process: "p", ProcessVersion: "2",
		LastUsed: at, Outcome: "completed"}
}

func TestC10_UsesAreListedByConnection(t *testing.T) {
	n, b := testkit.StartBus(t)
	uses, at := b.Uses(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	later := use("crm", "b", at.Add(time.Hour))
	for _, u := range []events.Use{use("crm", "a", at), use("crm", "b", at), later, use("crm2", "a", at), use("erp", "a", at)} {
		must(t, uses.Put(t.Context(), u))
	}
	must(t, uses.Put(t.Context(), events.Use{Tenant: "other", Connection: "crm", Workflow: "w", Step: "s"}))
	_, js := raw(t, n.ClientURL())
	_, err := js.Publish(t.Context(), "$KV.hf_usage.acme.crm.wf.c.d", []byte("{}")) // whatever somebody may leave there
	must(t, err)
	_, err = js.Publish(t.Context(), "$KV.hf_usage.acme.crm.wf.c", []byte("no use"))
	must(t, err)
	got := make(map[string]events.Use)
	for u, err := range uses.Each(t.Context(), "acme", "crm") {
		must(t, err)
		got[u.Step] = u
	}
	if len(got) != 2 || got["a"] != use("crm", "a", at) || got["b"] != later {
		t.Errorf("%+v", got)
	}
	last, err := uses.LastUses(t.Context(), "acme")
	if err != nil || len(last) != 3 || !last["crm"].Equal(later.LastUsed) || !last["erp"].Equal(at) {
		t.Errorf("last used %v, %v", last, err)
	}
	if _, err := uses.LastUses(t.Context(), "*"); reason(err) != fault.BadID {
		t.Errorf("a wildcard: %v", err)
	}
	if err := uses.Put(t.Context(), use("crm", "a.b", at)); reason(err) != fault.BadID {
		t.Errorf("a dot: %v", err)
	}
}

func TestUsesAreForgottenAfterNinetyDays(t *testing.T) {
	n, _ := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	s, err := js.Stream(t.Context(), "KV_"+events.BucketUsage)
	must(t, err)
	if c := s.CachedInfo().Config; c.MaxAge != 90*24*time.Hour || c.MaxMsgsPerSubject != 1 || c.Storage != jetstream.FileStorage {
		t.Errorf("age %s, %d a key, storage %s", c.MaxAge, c.MaxMsgsPerSubject, c.Storage)
	}
}

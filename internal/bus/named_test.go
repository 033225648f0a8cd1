package bus_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/testkit"
)

// A server keeps a thousand consumers of a stream at most. Ten thousand runs may end within seconds, and
// the chains of each are looked for.
func TestC15_LookingForTheChainsOfARunCostsNoConsumer(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	chains(t, b, "run", 3)
	for range 1100 {
		if got := ids(t, b.Journal(), events.ChainsFilter("acme", "", "run")); len(got) != 3 {
			t.Fatalf("chains %v", got)
		}
	}
	s, err := js.Stream(t.Context(), events.StreamSuspensions)
	must(t, err)
	if have := s.CachedInfo().State.Consumers; have > 1 {
		t.Errorf("%d consumers, want the durable one", have)
	}
}

func TestC15_EachGivesWhatAFilterNames(t *testing.T) {
	_, b := testkit.StartBus(t)
	chains(t, b, "few", 3)
	chains(t, b, "many", 300) // too many to be read one by one
	for _, tt := range []struct {
		filter string
		want   int
	}{
		{events.ChainsFilter("acme", "", "few"), 3},
		{events.ChainsFilter("acme", "", "many"), 300},
		{events.ChainsFilter("acme", "crm", ""), 303},
		{events.ChainsFilter("other", "", "few"), 0},
		{events.Chain{Tenant: "acme", Request: "few-1"}.Filter(), 1},
		{events.Chain{Tenant: "acme", Connection: "other", Request: "few-1"}.Filter(), 0},
	} {
		if got := ids(t, b.Journal(), tt.filter); len(got) != tt.want {
			t.Errorf("%s: %d chains, want %d", tt.filter, len(got), tt.want)
		}
	}
}

// chains makes n chains of one run, with two events each.
func chains(t *testing.T, b *bus.Bus, run string, n int) {
	t.Helper()
	for i := range n {
		c := events.Chain{Tenant: "acme", Connection: "crm", Run: run, Request: run + "-" + strconv.Itoa(i)}
		seq, err := b.Journal().Append(t.Context(), c.Subject(), 0, event(t, events.SuspensionSuspended, events.Suspension{}))
		must(t, err)
		_, err = b.Journal().Append(t.Context(), c.Subject(), seq, event(t, events.SuspensionResumed, events.Suspension{}))
		must(t, err)
	}
}

// ids are the requests whose chains match, each with its last event.
func ids(t *testing.T, j *bus.Journal, filter string) []string {
	t.Helper()
	found := map[string]bool{}
	for r, err := range j.Each(t.Context(), filter) {
		must(t, err)
		if r.Type != events.SuspensionResumed || found[r.Chain.Request] {
			t.Fatalf("%+v", r)
		}
		found[r.Chain.Request] = true
	}
	return slices.Sorted(maps.Keys(found))
}

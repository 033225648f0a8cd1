package top

import (
	"math"
	"slices"
	"testing"

	"holdfast/internal/scrape"
)

// observed is a histogram of a worker: counts up to 0.1 s, 1 s, and of all.
func observed(name, label, value string, upTo ...uint64) scrape.Series {
	return scrape.Series{Name: name, Labels: map[string]string{label: value}, Count: upTo[2],
		Buckets: []scrape.Bucket{{Bound: .1, Count: upTo[0]}, {Bound: 1, Count: upTo[1]}, {Bound: math.Inf(1), Count: upTo[2]}}}
}

func TestO1_StagesAreOfTheIntervalAndOfAllWorkers(t *testing.T) {
	s := newStages()
	s.take("a", []scrape.Series{observed(metricStage, "stage", "vault", 100, 100, 100)})
	vault := func() Stage {
		all := s.latencies(2)
		return all[slices.IndexFunc(all, func(st Stage) bool { return st.Name == "vault" })]
	}
	if got := vault(); got.PerSecond != 0 || got.P50 != 0 {
		t.Errorf("what was before counts: %+v", got)
	}
	s.take("a", []scrape.Series{observed(metricStage, "stage", "vault", 110, 110, 110)}) // ten quick ones more
	s.take("b", []scrape.Series{observed(metricStage, "stage", "vault", 5, 5, 5)})       // a worker that is new here
	if got := vault(); got.PerSecond != 5 || math.Abs(got.P50-.05) > 1e-9 || math.Abs(got.P99-.099) > 1e-9 {
		t.Errorf("%+v", got)
	}
	s.take("a", []scrape.Series{observed(metricStage, "stage", "vault", 110, 110, 110)})
	s.take("b", []scrape.Series{observed(metricStage, "stage", "vault", 0, 4, 4)}) // began anew: 4, all of them slow
	if got := vault(); got.PerSecond != 2 || got.P50 <= .1 || got.P50 > 1 {
		t.Errorf("after a restart: %+v", got)
	}
	s.take("a", []scrape.Series{observed(metricStage, "stage", "new", 0, 0, 1)})
	s.take("a", []scrape.Series{observed(metricStage, "stage", "new", 0, 0, 2)})
	if got := s.latencies(2); got[len(got)-1].Name != "new" || got[len(got)-1].P99 != 1 {
		t.Errorf("beyond the largest bound: %+v", got)
	}
}

// A refusal of credentials is no trouble of the provider's; an error of its own is.
func TestO4_DependenciesAreInTroubleOnlyForTheirOwnFailures(t *testing.T) {
	s := newStages()
	take := func(n uint64) {
		s.take("a", []scrape.Series{
			observed(metricProvider, "reason", "", n, n, n), observed(metricProvider, "reason", "invalid_grant", n, n, n),
			observed(metricVault, "outcome", "ok", n, n, n), observed(metricVault, "outcome", "secret_missing", n, n, n),
		})
	}
	take(0)
	take(10)
	for _, d := range s.dependencies(2) {
		if d.State != Healthy || d.Failed != 0 || d.PerSecond != 10 {
			t.Errorf("%+v", d)
		}
	}
	if d := s.dependencies(2)[0]; d.Name != "vault" || d.State != Idle {
		t.Errorf("%+v", d)
	}
	s.take("a", []scrape.Series{observed(metricVault, "outcome", "vault_sealed", 0, 0, 0), observed(metricVault, "outcome", "vault_throttled", 0, 0, 0)})
	s.take("a", []scrape.Series{observed(metricVault, "outcome", "vault_sealed", 3, 3, 3), observed(metricVault, "outcome", "vault_throttled", 1, 1, 1)})
	if d := s.dependencies(2)[0]; d.State != Trouble || d.Detail != "vault_sealed" || d.Failed != 2 {
		t.Errorf("%+v", d)
	}
}

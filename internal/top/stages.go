package top

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"holdfast/internal/fault"
	"holdfast/internal/scrape"
)

// Histograms of workers that are shown.
const (
	metricStage    = "holdfast_stage_seconds"
	metricVault    = "holdfast_vault_call_seconds"
	metricProvider = "holdfast_token_request_seconds"
)

// labelOf is what each histogram is shown by: the stage, or how a call ended.
var labelOf = map[string]string{metricStage: "stage", metricVault: "outcome", metricProvider: "reason"}

// stages adds up what the workers' histograms grew by since the last look.
type stages struct {
	before map[string]scrape.Series // by worker and series
	grown  map[string]*histogram    // by metric and label
}

func newStages() *stages {
	return &stages{before: make(map[string]scrape.Series), grown: make(map[string]*histogram)}
}

// histogram is observations within an interval.
type histogram struct {
	count   uint64
	buckets map[float64]uint64 // up to a bound
}

// take adds what a worker's series grew by. The first look at a series only notes it; one that is smaller than
// before is of a worker that began anew.
func (s *stages) take(worker string, all []scrape.Series) {
	for _, now := range all {
		label, shown := labelOf[now.Name]
		if !shown {
			continue
		}
		id := worker + "\n" + now.Name
		for _, name := range slices.Sorted(maps.Keys(now.Labels)) {
			id += "\n" + name + "=" + now.Labels[name]
		}
		before, known := s.before[id]
		s.before[id] = now
		if !known {
			continue
		}
		if now.Count < before.Count {
			before = scrape.Series{}
		}
		s.add(now.Name+"\n"+now.Labels[label], now, before)
	}
}

func (s *stages) add(key string, now, before scrape.Series) {
	h := s.grown[key]
	if h == nil {
		h = &histogram{buckets: make(map[float64]uint64)}
		s.grown[key] = h
	}
	h.count += now.Count - before.Count
	for i, b := range now.Buckets {
		n := b.Count
		if i < len(before.Buckets) {
			n -= before.Buckets[i].Count
		}
		h.buckets[b.Bound] += n
	}
}

// inOrder are the stages in the order in which a request goes through them; others follow.
var inOrder = []string{"schema", "ledger", "chain", "decide", "vault", "authenticate", "provider", "execute", "verify", "resume", "extend",
	"terminate", "publish"}

// latencies gives the stages' figures of an interval. The calls of dependencies are left for dependencies.
func (s *stages) latencies(seconds float64) []Stage {
	names := slices.Clone(inOrder)
	for key := range s.grown {
		if name, ok := ofMetric(key, metricStage); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names[len(inOrder):])
	all := make([]Stage, 0, len(names))
	for _, name := range names {
		h := cmp.Or(s.grown[metricStage+"\n"+name], &histogram{})
		all = append(all, Stage{Name: name, PerSecond: per(h.count, seconds), P50: h.quantile(.5), P99: h.quantile(.99)})
		delete(s.grown, metricStage+"\n"+name)
	}
	return all
}

func ofMetric(key, metric string) (label string, ok bool) {
	if len(key) <= len(metric) || key[:len(metric)+1] != metric+"\n" {
		return "", false
	}
	return key[len(metric)+1:], true
}

func per(n uint64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}

// dependencies says how Vault and the providers answered within an interval.
func (s *stages) dependencies(seconds float64) []Dependency {
	all := []Dependency{s.dependency("vault", metricVault, seconds), s.dependency("provider", metricProvider, seconds)}
	clear(s.grown)
	return all
}

func (s *stages) dependency(name, metric string, seconds float64) Dependency {
	sum, failed, worst := &histogram{buckets: make(map[float64]uint64)}, uint64(0), ""
	most := uint64(0)
	for key, h := range s.grown {
		end, ok := ofMetric(key, metric)
		if !ok {
			continue
		}
		sum.merge(h)
		if h.count == 0 || !fault.Reason(end).Class().Retries() {
			continue // also a refusal: then the other side does its work
		}
		failed += h.count
		if h.count > most || h.count == most && end < worst {
			most, worst = h.count, end
		}
	}
	d := Dependency{Name: name, State: Healthy, PerSecond: per(sum.count, seconds), Failed: per(failed, seconds), P99: sum.quantile(.99)}
	switch {
	case failed > 0:
		d.State, d.Detail = Trouble, worst
	case sum.count == 0:
		d.State = Idle
	}
	return d
}

func (h *histogram) merge(o *histogram) {
	h.count += o.count
	for bound, n := range o.buckets {
		h.buckets[bound] += n
	}
}

// quantile interpolates within a bucket, as Prometheus' histogram_quantile does; the largest finite bound stands for all
// above. 0 where nothing was observed.
func (h *histogram) quantile(q float64) float64 {
	if h.count == 0 {
		return 0
	}
	rank, lower, below := q*float64(h.count), 0.0, uint64(0)
	for _, bound := range slices.Sorted(maps.Keys(h.buckets)) {
		upTo := h.buckets[bound]
		if float64(upTo) < rank {
			lower, below = bound, upTo
			continue
		}
		if math.IsInf(bound, 1) {
			return lower
		}
		return lower + (bound-lower)*(rank-float64(below))/float64(upTo-below)
	}
	return lower
}

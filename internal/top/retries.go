package top

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"holdfast/internal/scrape"
)

// metricRetries counts deliveries that workers put off.
const metricRetries = "holdfast_retries_total"

// retriesOf is how far back retries are counted: what is put off pauses longer than one looks.
const retriesOf = time.Minute

// retries are deliveries that were put off of late, over all workers that were asked.
type retries struct {
	first  time.Time          // look
	before map[string]float64 // counters, by worker and reason
	recent []retried
}

// retried is how many were put off between two looks at a worker.
type retried struct {
	at     time.Time
	reason string
	count  int
}

func newRetries() *retries { return &retries{before: make(map[string]float64)} }

// take adds what a worker's counters grew by. The first look at one only notes it; one that is smaller than before is of a
// worker that began anew.
func (r *retries) take(worker string, all []scrape.Series, at time.Time) {
	if r.first.IsZero() {
		r.first = at
	}
	for _, s := range all {
		if s.Name != metricRetries {
			continue
		}
		reason := s.Labels["reason"]
		id := worker + "\n" + reason
		before, known := r.before[id]
		r.before[id] = s.Value
		if s.Value < before {
			before = 0
		}
		if known && s.Value > before {
			r.recent = append(r.recent, retried{at, reason, int(s.Value - before)})
		}
	}
}

// since gives what was put off of late, the most first, and the time that it is of, in seconds.
func (r *retries) since(now time.Time) ([]Retry, float64) {
	from := now.Add(-retriesOf)
	r.recent = slices.DeleteFunc(r.recent, func(one retried) bool { return !one.at.After(from) })
	counts := make(map[string]int)
	for _, one := range r.recent {
		counts[one.reason] += one.count
	}
	all := make([]Retry, 0, len(counts))
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, Retry{reason, counts[reason]})
	}
	slices.SortStableFunc(all, func(a, b Retry) int { return cmp.Compare(b.Count, a.Count) })
	if r.first.After(from) {
		from = r.first
	}
	return all, now.Sub(from).Seconds()
}

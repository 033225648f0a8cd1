package top

import (
	"slices"
	"testing"
	"time"

	"holdfast/internal/scrape"
)

// putOff is a worker's counter.
func putOff(reason string, n float64) scrape.Series {
	return scrape.Series{Name: metricRetries, Labels: map[string]string{"reason": reason}, Value: n}
}

func TestO1_RetriesAreOfTheLastMinuteAndOfAllWorkers(t *testing.T) {
	r := newRetries()
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	want := func(seconds int, span float64, want ...Retry) {
		t.Helper()
		if got, of := r.since(at(seconds)); !slices.Equal(got, want) || of != span {
			t.Errorf("after %d s: %v in %g s, want %v in %g s", seconds, got, of, want, span)
		}
	}
	r.take("a", []scrape.Series{putOff("target_unavailable", 100), putOff("lease_held", 0), {Name: "other", Value: 9}}, at(0))
	want(0, 0) // what was before does not count
	r.take("a", []scrape.Series{putOff("target_unavailable", 103), putOff("lease_held", 4)}, at(10))
	r.take("b", []scrape.Series{putOff("target_unavailable", 50)}, at(10))
	want(10, 10, Retry{"lease_held", 4}, Retry{"target_unavailable", 3})
	r.take("b", []scrape.Series{putOff("target_unavailable", 2)}, at(30)) // it began anew
	want(30, 30, Retry{"target_unavailable", 5}, Retry{"lease_held", 4})
	want(75, 60, Retry{"target_unavailable", 2})
	want(95, 60)
}

package replay

import (
	"context"
	"maps"
	"sync"
	"time"

	"holdfast/internal/pause"
)

// Status is how far a replay is.
type Status struct {
	// Position is the sequence that was dealt with last, of First to Last.
	Position, First, Last uint64
	// Selected is how many messages were meant so far, and Driven how many were published.
	Selected, Driven int
	// InFlight is how many of those the workers have not concluded, and Outcomes what came of the others.
	InFlight int
	Outcomes map[string]int
	// Rate is how much of the range is dealt with in a second, and Left how long the rest takes at that; 0 where that is
	// not known.
	Rate float64
	Left time.Duration
}

// watchEvery is how often a person hears how far it is.
const watchEvery = 250 * time.Millisecond

// watch tells at of a status every so often until it is stopped, and then once more. now is what the status is beside
// its position. at may be nil.
func (r *Replay) watch(at func(Status), sp span, now func() Status) (stop func()) {
	if at == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	began, first := time.Now(), max(sp.First, 1)
	tell := func() {
		r.mu.Lock()
		s := now()
		s.Outcomes = maps.Clone(s.Outcomes)
		r.mu.Unlock()
		s.First, s.Last = sp.First, sp.Last
		if s.Position == 0 {
			s.Position = r.at.Load()
		}
		if took := time.Since(began).Seconds(); took > 0 && s.Position >= first {
			s.Rate = float64(s.Position-first+1) / took
		}
		if s.Rate > 0 && s.Last > s.Position {
			s.Left = time.Duration(float64(s.Last-s.Position) / s.Rate * float64(time.Second))
		}
		at(s)
	}
	var done sync.WaitGroup
	done.Go(func() {
		for pause.For(ctx, watchEvery) {
			tell()
		}
	})
	return func() { cancel(); done.Wait(); tell() }
}

// count changes what a status is made of.
func (r *Replay) count(what func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what()
}

package chaos_test

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/pause"
)

// faults kills workers and leaders until its context ends, and counts.
type faults struct {
	*world

	workerKills atomic.Int32
	leaderKills atomic.Int32
}

// killWorkers kills one worker after another at random, and starts it again soon.
func (f *faults) killWorkers(ctx context.Context, r *rand.Rand) {
	for pause.For(ctx, between(r, time.Second, 4*time.Second)) {
		w := f.workers[r.IntN(len(f.workers))]
		w.kill()
		f.workerKills.Add(1)
		pause.For(ctx, between(r, 0, time.Second))
		w.start()
	}
}

// leaders are what has a leader that matters: a stream, or one of its consumers.
var leaders = []bus.Durable{
	{Stream: events.StreamSuspensions},
	{Stream: events.StreamOutcomes},
	{Stream: events.StreamTimers},
	{Stream: events.StreamActions},
	{Stream: events.StreamSuspensions, Name: bus.DurableChains},
	{Stream: events.StreamTimers, Name: bus.DurableAlarms},
	{Stream: events.StreamActions, Name: bus.DurableActions},
	{Stream: events.StreamRegistry, Name: bus.DurableRegistry},
}

func (f *faults) killLeaders(ctx context.Context, r *rand.Rand) { f.killLeadersOf(ctx, r, leaders) }

// killLeadersOf kills the server that leads something, starts it again, and goes on once all have caught
// up, so that there is a majority most of the time.
func (f *faults) killLeadersOf(ctx context.Context, r *rand.Rand, leaders []bus.Durable) {
	for pause.For(ctx, between(r, 2*time.Second, 6*time.Second)) {
		i := f.leaderOf(leaders[r.IntN(len(leaders))])
		if i < 0 {
			continue
		}
		f.cluster.Kill(i)
		f.leaderKills.Add(1)
		pause.For(ctx, between(r, 0, 2*time.Second))
		f.cluster.Restart(i)
		f.caughtUp(ctx)
	}
}

// leaderOf is the server that leads it; -1 while there is none.
func (w *world) leaderOf(l bus.Durable) int {
	if l.Name == "" {
		return w.cluster.StreamLeader(l.Stream)
	}
	return w.cluster.ConsumerLeader(l.Stream, l.Name)
}

// caughtUp waits, for a while, until every stream that matters has all its replicas up to date.
func (f *faults) caughtUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for _, l := range leaders {
		for !f.current(ctx, l.Stream) {
			if !pause.For(ctx, 100*time.Millisecond) {
				return
			}
		}
	}
}

func (f *faults) current(ctx context.Context, stream string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	s, err := f.js.Stream(ctx, stream)
	if err != nil || s.CachedInfo().Cluster == nil {
		return false
	}
	for _, p := range s.CachedInfo().Cluster.Replicas {
		if !p.Current || p.Offline {
			return false
		}
	}
	return true
}

// reconnects counts how often workers came back to the bus.
func (f *faults) reconnects() int {
	n := 0
	for _, w := range f.workers {
		n += w.logged("connected to the bus again")
	}
	return n
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}

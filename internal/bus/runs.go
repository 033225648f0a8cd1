package bus

import (
	"context"
	"sync"
	"time"

	"holdfast/events"
)

// Runs knows the runs that were terminated, from a cache that follows their bucket.
type Runs struct {
	bus *Bus

	mu         sync.RWMutex
	terminated map[string]time.Time // until when the bucket keeps it; zero: for ever
	age        time.Duration
	adds       int
}

// pruneEvery is after how many new runs those that the bucket has forgotten are forgotten here.
const pruneEvery = 10_000

// Runs starts to follow the terminated runs and waits for the first snapshot: until then a request of a
// terminated run would pass. Call it once.
func (b *Bus) Runs(ctx context.Context) (*Runs, error) {
	age, err := b.Age(ctx, kvPrefix+events.BucketRuns)
	if err != nil {
		return nil, err
	}
	r := &Runs{bus: b, terminated: make(map[string]time.Time), age: age}
	f := &feed{bucket: events.BucketRuns, apply: r.apply, reset: r.reset}
	began := time.Now()
	b.follow(f)
	if err := b.firstSnapshot(ctx, f, "read the terminated runs", began); err != nil {
		return nil, err
	}
	return r, nil
}

// Terminated tells whether the run was terminated.
func (r *Runs) Terminated(tenant, run string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	until, ok := r.terminated[tenant+"."+run]
	return ok && (until.IsZero() || r.bus.clock.Now().Before(until))
}

// Terminate notes that the run is terminated; doing it again changes nothing.
func (r *Runs) Terminate(ctx context.Context, tenant, run string) error {
	key := tenant + "." + run
	if _, err := r.bus.kvPut(ctx, events.BucketRuns, key, []byte("terminated"), 0, 0); err != nil && !conflict(err) {
		return err
	}
	r.apply(key, 0, r.bus.clock.Now(), []byte{})
	return nil
}

func (r *Runs) apply(key string, _ uint64, at time.Time, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if data == nil {
		delete(r.terminated, key)
		return
	}
	var until time.Time
	if r.age > 0 {
		until = at.Add(r.age)
	}
	r.terminated[key] = until
	if r.adds++; r.adds%pruneEvery == 0 && r.age > 0 {
		r.prune(r.bus.clock.Now())
	}
}

func (r *Runs) prune(now time.Time) {
	for key, until := range r.terminated {
		if now.After(until) {
			delete(r.terminated, key)
		}
	}
}

func (r *Runs) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.terminated)
}

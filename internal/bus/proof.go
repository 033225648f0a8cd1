package bus

import (
	"context"
	"time"

	"holdfast/internal/pause"
)

const (
	// proveEvery is how often a bucket is asked how far it is.
	proveEvery = 2 * time.Second
	// caughtUpWithin is how long a cache may take to show what its bucket holds.
	caughtUpWithin = 2 * time.Second
	caughtUpEvery  = 5 * time.Millisecond
)

// keepProving goes on proving, until the bus is closed, that the cache shows what the bucket holds: a feed that reads from
// a replica which has fallen behind looks as well as any other.
func (f *feed) keepProving() {
	f.bus.tasks.Go(func() {
		for f.prove(f.bus.ctx); pause.For(f.bus.ctx, proveEvery); {
			f.prove(f.bus.ctx)
		}
	})
}

func (f *feed) prove(ctx context.Context) {
	asked, begun, seen := f.bus.clock.Now(), f.begun.Load(), f.last.Load()
	held, err := f.bus.lastOf(ctx, kvPrefix+f.bucket)
	// A bucket that is behind what was seen of it was made anew, and the cache has yet to notice.
	if err == nil && held >= seen && f.caughtUp(ctx, held) && f.begun.Load() == begun {
		f.known.Store(&asked)
	}
}

// knownUntil is until when, by the bus's clock, everything that was stored is in the cache, as it was last proven; the
// zero time where it never was.
func (f *feed) knownUntil() time.Time {
	if t := f.known.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// caughtUp waits for the cache to show what the bucket held at revision.
func (f *feed) caughtUp(ctx context.Context, revision uint64) bool {
	for until := time.Now().Add(caughtUpWithin); f.last.Load() < revision; {
		if time.Now().After(until) || !pause.For(ctx, caughtUpEvery) {
			return false
		}
	}
	return true
}

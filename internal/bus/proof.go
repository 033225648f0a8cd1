package bus

import (
	"context"
	"time"

	"holdfast/internal/fault"
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
	asked := f.bus.clock.Now()
	if err := f.catchUp(ctx); err == nil {
		f.known.Store(&asked)
	}
}

// catchUp waits until the cache shows what the bucket held when it was called. Conflict: it does not yet.
func (f *feed) catchUp(ctx context.Context) error {
	begun, seen := f.begun.Load(), f.last.Load()
	held, err := f.bus.lastOf(ctx, kvPrefix+f.bucket)
	if err != nil {
		return err
	}
	// A bucket that is behind what was seen of it was made anew, and the cache has yet to notice; or its new leader has
	// yet to catch up.
	if held < seen || !f.caughtUp(ctx, held) || f.begun.Load() != begun {
		return fault.New(fault.Conflict, "the newest changes of "+f.bucket+" are not read yet")
	}
	return nil
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

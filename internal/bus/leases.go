package bus

import (
	"context"
	"sync"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// Leases let one worker do what all could. The server ends a lease by itself, so a worker that dies holds
// nobody up for longer than the lease's time.
type Leases struct {
	bus    *Bus
	bucket string
	holder []byte // who holds those that are taken
}

// Leases gives the workers' leases.
func (b *Bus) Leases() *Leases { return &Leases{b, events.BucketLeases, []byte(b.cfg.Name)} }

// Lease is one that is held. It is fenced by its revision: whoever lost it can neither renew nor release
// the next holder's. Not for use by more than one goroutine.
type Lease struct {
	of       *Leases
	key      string
	revision uint64
}

// Hold takes the lease for ttl (whole seconds, rounded up, one at least) unless somebody holds it. It is
// not given back: it ends by itself.
func (l *Leases) Hold(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	_, err := l.take(ctx, key, ttl, 0)
	if conflict(err) {
		return false, nil
	}
	return err == nil, err
}

// Acquire takes the lease for ttl, as Hold does, to be renewed and released. LeaseHeld: somebody holds it.
func (l *Leases) Acquire(ctx context.Context, key string, ttl time.Duration) (*Lease, error) {
	revision, err := l.take(ctx, key, ttl, 0)
	if conflict(err) {
		return nil, fault.Wrap(fault.LeaseHeld, "somebody else holds lease "+key, err)
	}
	if err != nil {
		return nil, err
	}
	return &Lease{of: l, key: key, revision: revision}, nil
}

// Keep takes the lease for ttl unless somebody holds it, and renews it until release is called, which gives it back.
// Where it can not be renewed, it ends by itself.
func (l *Leases) Keep(ctx context.Context, key string, ttl time.Duration) (release func(), ok bool, err error) {
	lease, err := l.Acquire(ctx, key, ttl)
	if fault.Is(err, fault.LeaseHeld) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	kept, stop := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		for pause.For(kept, ttl/3) && lease.Renew(kept, ttl) == nil {
			continue
		}
	})
	return func() {
		stop()
		done.Wait()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ttl)
		defer cancel()
		_ = lease.Release(ctx) // it ends by itself
	}, true, nil
}

func (l *Leases) take(ctx context.Context, key string, ttl time.Duration, revision uint64) (uint64, error) {
	return l.bus.kvPut(ctx, l.bucket, key, l.holder, revision, ttl)
}

// Renew keeps the lease for ttl from now. LeaseHeld: it had ended, and may be somebody else's.
func (l *Lease) Renew(ctx context.Context, ttl time.Duration) error {
	revision, err := l.of.take(ctx, l.key, ttl, l.revision)
	if conflict(err) {
		return fault.Wrap(fault.LeaseHeld, "lease "+l.key+" had ended", err)
	}
	if err == nil {
		l.revision = revision
	}
	return err
}

// Release gives the lease back; one that had ended is no error.
func (l *Lease) Release(ctx context.Context) error {
	err := l.of.bus.kvDrop(ctx, l.of.bucket, l.key, l.revision, leaseMarkerAge)
	if conflict(err) {
		return nil
	}
	return err
}

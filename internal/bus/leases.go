package bus

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Leases let one worker do what all could. The server ends a lease by itself, so a worker that dies holds
// nobody up for longer than the lease's time.
type Leases struct{ bus *Bus }

// Leases gives the leases.
func (b *Bus) Leases() *Leases { return &Leases{b} }

// Lease is one that is held. It is fenced by its revision: whoever lost it can neither renew nor release
// the next holder's. Not for use by more than one goroutine.
type Lease struct {
	bus      *Bus
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
		return nil, fault.Wrap(fault.LeaseHeld, "another worker holds lease "+key, err)
	}
	if err != nil {
		return nil, err
	}
	return &Lease{bus: l.bus, key: key, revision: revision}, nil
}

func (l *Leases) take(ctx context.Context, key string, ttl time.Duration, revision uint64) (uint64, error) {
	return l.bus.kvPut(ctx, events.BucketLeases, key, []byte(l.bus.cfg.Name), revision, ttl)
}

// Renew keeps the lease for ttl from now. LeaseHeld: it had ended, and may be somebody else's.
func (l *Lease) Renew(ctx context.Context, ttl time.Duration) error {
	revision, err := (&Leases{l.bus}).take(ctx, l.key, ttl, l.revision)
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
	err := l.bus.kvDrop(ctx, events.BucketLeases, l.key, l.revision, leaseMarkerAge)
	if conflict(err) {
		return nil
	}
	return err
}

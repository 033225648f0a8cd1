package bus

import (
	"context"
	"time"

	"holdfast/events"
)

// Replays is where replays note how far they are, and which of them is at work.
type Replays struct{ bus *Bus }

// Replays gives the notes of replays.
func (b *Bus) Replays() *Replays { return &Replays{b} }

// Load is a note and its revision; nil and 0 where there is none.
func (r *Replays) Load(ctx context.Context, key string) (data []byte, revision uint64, err error) {
	v, err := r.bus.kvGet(ctx, events.BucketReplays, key)
	if err != nil || v.gone {
		return nil, 0, err
	}
	return v.data, v.revision, nil
}

// Save stores a note, expecting revision to be the last (0: none). Conflict: somebody was first.
func (r *Replays) Save(ctx context.Context, key string, data []byte, revision uint64) (uint64, error) {
	return r.bus.kvPut(ctx, events.BucketReplays, key, data, revision, 0)
}

// Acquire takes a lease for ttl, with a note of who holds it. LeaseHeld: somebody holds it.
func (r *Replays) Acquire(ctx context.Context, key string, holder []byte, ttl time.Duration) (*Lease, error) {
	return (&Leases{bus: r.bus, bucket: events.BucketReplays, holder: holder}).Acquire(ctx, key, ttl)
}

// Held gives the notes below a key: of each key, its note.
func (r *Replays) Held(ctx context.Context, below string) (map[string][]byte, error) {
	filter, prefix := kvSubject(events.BucketReplays, below+".>"), len(kvSubject(events.BucketReplays, ""))
	all := make(map[string][]byte)
	for m, err := range r.bus.snapshot(ctx, kvPrefix+events.BucketReplays, filter, lastOfEach) {
		if err != nil {
			return nil, err
		}
		if !gone(m.Headers()) {
			all[m.Subject()[prefix:]] = m.Data()
		}
	}
	return all, nil
}

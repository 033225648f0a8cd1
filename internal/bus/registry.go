package bus

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// Registry is the current state of every connection, from a cache that follows its bucket.
type Registry struct {
	kept[connection.Entry]

	follows *feed
}

// Registry starts to follow the registry. Bus.Ready waits for its first snapshot; until then Get reads
// through. Call it once.
func (b *Bus) Registry() *Registry {
	r := &Registry{kept: kept[connection.Entry]{bus: b, bucket: events.BucketConnections, decode: decodeEntry,
		entries: make(map[string]cached[connection.Entry])}}
	r.follows = r.feed(func() {})
	b.follow(r.follows)
	return r
}

// Prove goes on proving, until the bus is closed, that the cache shows what the bucket holds. Call it once.
func (r *Registry) Prove() { r.follows.keepProving() }

// Known is until when, by the bus's clock, everything that was stored is in the cache, as it was last proven; the
// zero time where it never was.
func (r *Registry) Known() time.Time { return r.follows.knownUntil() }

// Get is the entry and its revision, from the cache, read through on a miss. (nil, 0) for a connection
// that has no entry. The entry is shared: do not change it.
func (r *Registry) Get(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error) {
	var room [keyRoom]byte // the hot path allocates nothing
	if e, rev := r.peek(append(append(append(room[:0], tenant...), '.'), id...)); e != nil {
		return e, rev, nil
	}
	return r.Fresh(ctx, tenant, id)
}

// keyRoom holds a tenant's and a connection's id of 128 bytes each, and the dot.
const keyRoom = 257

// Fresh is Get as the leader has it, at some moment after the call.
func (r *Registry) Fresh(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error) {
	return r.fresh(ctx, tenant+"."+id)
}

// Current is the entry from the cache, once that shows everything that the bucket held when it was called; nil for a
// connection that has none. Conflict: it does not show that yet.
func (r *Registry) Current(ctx context.Context, tenant, id string) (*connection.Entry, error) {
	if err := r.follows.catchUp(ctx); err != nil {
		return nil, err
	}
	e, _ := r.peek([]byte(tenant + "." + id))
	return e, nil
}

// Put stores the entry, expecting revision to be the last (0: no entry). Conflict: somebody was first.
func (r *Registry) Put(ctx context.Context, e *connection.Entry, revision uint64) (uint64, error) {
	return r.put(ctx, e.Tenant+"."+e.ID, e, revision)
}

// Settled tells whether every connection event of a tenant before the one at sequence was answered, by whichever
// worker.
func (r *Registry) Settled(ctx context.Context, tenant string, sequence uint64) (bool, error) {
	first, err := r.bus.firstOpen(ctx, events.StreamConnections, DurableConnections, tenant)
	return err == nil && (first == nil || first.Sequence >= sequence), err
}

// Drop takes an entry away. Conflict: revision is not the last.
func (r *Registry) Drop(ctx context.Context, tenant, id string, revision uint64) error {
	return r.bus.kvDrop(ctx, events.BucketConnections, tenant+"."+id, revision, entryMarkerAge)
}

// All gives every entry of the cache, in no order.
func (r *Registry) All() iter.Seq[*connection.Entry] { return r.all }

// decodeEntry reads an entry; the key is believed as to whose it is.
func decodeEntry(key string, data []byte) (*connection.Entry, error) {
	var e connection.Entry
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fault.Wrap(fault.Internal, "the registry holds what is no connection", err)
	}
	e.Tenant, e.ID, _ = strings.Cut(key, ".")
	return &e, nil
}

// Connection is one entry and its revision, as the leader has it, for whoever does not follow the registry.
// (nil, 0) where there is none.
func (b *Bus) Connection(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error) {
	key := tenant + "." + id
	v, err := b.kvGet(ctx, events.BucketConnections, key)
	if err != nil || v.gone {
		return nil, 0, err
	}
	e, err := decodeEntry(key, v.data)
	return e, v.revision, err
}

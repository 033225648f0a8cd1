package bus

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"sync"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// Registry is the current state of every connection, from a cache that follows its bucket.
type Registry struct {
	bus *Bus

	mu      sync.RWMutex
	entries map[string]cached
	reads   joined[cached]
}

type cached struct {
	entry    *connection.Entry // nil: gone
	revision uint64
}

// Registry starts to follow the registry. Bus.Ready waits for its first snapshot; until then Get reads
// through. Call it once.
func (b *Bus) Registry() *Registry {
	r := &Registry{bus: b, entries: make(map[string]cached)}
	b.follow(&feed{bucket: events.BucketConnections, apply: r.apply, reset: r.reset})
	return r
}

// Get is the entry and its revision, from the cache, read through on a miss. (nil, 0) for a connection
// that has no entry. The entry is shared: do not change it.
func (r *Registry) Get(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error) {
	r.mu.RLock()
	c := r.entries[tenant+"."+id]
	r.mu.RUnlock()
	if c.entry != nil {
		return c.entry, c.revision, nil
	}
	return r.Fresh(ctx, tenant, id)
}

// Fresh is Get as the leader has it, at some moment after the call.
func (r *Registry) Fresh(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error) {
	key := tenant + "." + id
	c, err := r.reads.do(ctx, key, func() (cached, error) { return r.read(key) })
	if err != nil && ctx.Err() != nil {
		return nil, 0, fault.Wrap(fault.BusUnavailable, "gave up waiting", ctx.Err())
	}
	return c.entry, c.revision, err
}

// read is one look at the leader, for all who wait for it: it ends with the bus, not with one of them.
func (r *Registry) read(key string) (cached, error) {
	v, err := r.bus.kvGet(r.bus.ctx, events.BucketConnections, key)
	if err != nil || v.gone {
		return cached{}, err
	}
	e, err := decodeEntry(key, v.data)
	if err != nil {
		return cached{}, err
	}
	r.keep(key, e, v.revision)
	return cached{e, v.revision}, nil
}

// Put stores the entry, expecting revision to be the last (0: no entry). Conflict: somebody was first.
func (r *Registry) Put(ctx context.Context, e *connection.Entry, revision uint64) (uint64, error) {
	key := e.Tenant + "." + e.ID
	data, err := json.Marshal(e)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, "a connection could not be encoded", err)
	}
	seq, err := r.bus.kvPut(ctx, events.BucketConnections, key, data, revision, 0)
	if err != nil {
		return 0, err
	}
	// A copy: the caller may go on changing its own.
	stored, err := decodeEntry(key, data)
	if err == nil {
		r.keep(key, stored, seq)
	}
	return seq, err
}

// All gives every entry of the cache, in no order.
func (r *Registry) All() iter.Seq[*connection.Entry] {
	return func(yield func(*connection.Entry) bool) {
		r.mu.RLock()
		all := make([]*connection.Entry, 0, len(r.entries))
		for _, c := range r.entries {
			if c.entry != nil {
				all = append(all, c.entry)
			}
		}
		r.mu.RUnlock()
		for _, e := range all {
			if !yield(e) {
				return
			}
		}
	}
}

// apply takes a change from the feed.
func (r *Registry) apply(key string, revision uint64, _ time.Time, data []byte) {
	var e *connection.Entry
	if data != nil {
		var err error
		if e, err = decodeEntry(key, data); err != nil {
			r.bus.log.Error().Str("key", key).Uint64("revision", revision).Msg("the registry holds what is no connection")
			return
		}
	}
	r.keep(key, e, revision)
}

// keep never goes back to an older revision: reads and the feed overtake each other.
func (r *Registry) keep(key string, e *connection.Entry, revision uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[key].revision < revision {
		r.entries[key] = cached{e, revision}
	}
}

func (r *Registry) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.entries)
}

// decodeEntry reads an entry; the key is believed as to whose it is.
func decodeEntry(key string, data []byte) (*connection.Entry, error) {
	var e connection.Entry
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fault.Wrap(fault.Internal, "the registry holds what is no connection", err)
	}
	e.Tenant, e.ID, _ = strings.Cut(key, ".")
	return &e, nil
}

package bus

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"holdfast/internal/fault"
)

// kept is a bucket of records of one type, from a cache that follows it. Records are shared: nobody changes
// one.
type kept[T any] struct {
	bus    *Bus
	bucket string
	decode func(key string, data []byte) (*T, error)
	// changed hears of every change of the cache, in the order of each key's revisions; nil for a key that is
	// gone. It must not call back. May be nil.
	changed func(key string, v *T)

	mu      sync.RWMutex
	entries map[string]cached[T]
	reads   joined[cached[T]]
}

type cached[T any] struct {
	value    *T // nil: gone
	revision uint64
}

// feed is what fills the cache.
func (k *kept[T]) feed(reset func()) *feed {
	return &feed{bucket: k.bucket, apply: k.apply, reset: func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		clear(k.entries)
		reset()
	}}
}

// get is the record and its revision, from the cache, read through on a miss. (nil, 0) where there is none.
func (k *kept[T]) get(ctx context.Context, key string) (*T, uint64, error) {
	k.mu.RLock()
	c := k.entries[key]
	k.mu.RUnlock()
	if c.value != nil {
		return c.value, c.revision, nil
	}
	return k.fresh(ctx, key)
}

// peek is get from the cache alone, with a key that the map look-up needs no string of.
func (k *kept[T]) peek(key []byte) (*T, uint64) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	c := k.entries[string(key)]
	return c.value, c.revision
}

// fresh is get as the leader has it, at some moment after the call.
func (k *kept[T]) fresh(ctx context.Context, key string) (*T, uint64, error) {
	c, err := k.reads.do(ctx, key, func() (cached[T], error) { return k.read(key) })
	if err != nil && ctx.Err() != nil {
		return nil, 0, fault.Wrap(fault.BusUnavailable, "gave up waiting", ctx.Err())
	}
	return c.value, c.revision, err
}

// read is one look at the leader, for all who wait for it: it ends with the bus, not with one of them.
func (k *kept[T]) read(key string) (cached[T], error) {
	v, err := k.bus.kvGet(k.bus.ctx, k.bucket, key)
	if err != nil || v.gone {
		return cached[T]{}, err
	}
	e, err := k.decode(key, v.data)
	if err != nil {
		return cached[T]{}, err
	}
	k.keep(key, e, v.revision)
	return cached[T]{e, v.revision}, nil
}

// put stores a record, expecting revision to be the last (0: none). Conflict: somebody was first.
func (k *kept[T]) put(ctx context.Context, key string, v *T, revision uint64) (uint64, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, "a record of "+k.bucket+" could not be encoded", err)
	}
	seq, err := k.bus.kvPut(ctx, k.bucket, key, data, revision, 0)
	if err != nil {
		return 0, err
	}
	// A copy: the caller may go on changing its own.
	stored, err := k.decode(key, data)
	if err == nil {
		k.keep(key, stored, seq)
	}
	return seq, err
}

// all gives every record of the cache, in no order.
func (k *kept[T]) all(yield func(*T) bool) {
	k.mu.RLock()
	all := make([]*T, 0, len(k.entries))
	for _, c := range k.entries {
		if c.value != nil {
			all = append(all, c.value)
		}
	}
	k.mu.RUnlock()
	for _, v := range all {
		if !yield(v) {
			return
		}
	}
}

// apply takes a change from the feed.
func (k *kept[T]) apply(key string, revision uint64, _ time.Time, data []byte) {
	var v *T
	if data != nil {
		var err error
		if v, err = k.decode(key, data); err != nil {
			k.bus.log.Error().Str("bucket", k.bucket).Str("key", key).Uint64("revision", revision).Msg("the bucket holds what is no record of its kind")
			return
		}
	}
	k.keep(key, v, revision)
}

// keep never goes back to an older revision: reads and the feed overtake each other.
func (k *kept[T]) keep(key string, v *T, revision uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.entries[key].revision >= revision {
		return
	}
	k.entries[key] = cached[T]{v, revision}
	if k.changed != nil {
		k.changed(key, v)
	}
}

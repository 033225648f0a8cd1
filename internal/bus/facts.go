package bus

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// Facts is the users, groups, roles, places, processes and permission sets of every tenant, from a cache that follows
// their bucket.
type Facts struct {
	kept[events.Fact]

	follows *feed
	here    answeredHere
}

// Followers hear of every change of the facts, in the order of each fact's revisions: one that is gone from
// the bucket comes as removed. Reset: forget everything, it comes anew. Neither may call back.
type Followers interface {
	Apply(f events.Fact)
	Reset()
}

// Facts starts to follow the facts, tells to (may be nil) what they are, and waits for the first snapshot:
// nobody may decide on half of a directory. Call it once.
func (b *Bus) Facts(ctx context.Context, to Followers) (*Facts, error) {
	f := &Facts{kept: kept[events.Fact]{bus: b, bucket: events.BucketPermissions, decode: decodeFact,
		entries: make(map[string]cached[events.Fact])}}
	reset := func() {}
	if to != nil {
		f.changed, reset = tell(to), to.Reset
	}
	f.follows = f.feed(func() {
		f.here.reset()
		reset()
	})
	began := time.Now()
	b.follow(f.follows)
	return f, b.firstSnapshot(ctx, f.follows, "read users, roles and places", began)
}

func tell(to Followers) func(string, *events.Fact) {
	return func(key string, f *events.Fact) {
		if f != nil {
			to.Apply(*f)
			return
		}
		if was, ok := events.ParseFactKey(key); ok {
			was.Removed = true
			to.Apply(was)
		}
	}
}

// Get is a fact and its revision, from the cache, read through on a miss. The zero Fact and 0 where there is
// none; one that was removed is there and says so. Do not change its Data.
func (f *Facts) Get(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error) {
	return orNone(f.get(ctx, events.FactKey(tenant, kind, id)))
}

// Fresh is Get as the leader has it, at some moment after the call.
func (f *Facts) Fresh(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error) {
	return orNone(f.fresh(ctx, events.FactKey(tenant, kind, id)))
}

func orNone(v *events.Fact, revision uint64, err error) (events.Fact, uint64, error) {
	if v == nil {
		return events.Fact{}, 0, err
	}
	return *v, revision, err
}

// Seen is a fact as the cache has it, without a look at the bus; the zero Fact where it has none.
func (f *Facts) Seen(tenant string, kind events.FactKind, id string) events.Fact {
	v, _ := f.peek([]byte(events.FactKey(tenant, kind, id)))
	if v == nil {
		return events.Fact{}
	}
	return *v
}

// Put stores a fact, expecting revision to be the last (0: none). Conflict: somebody was first.
func (f *Facts) Put(ctx context.Context, v events.Fact, revision uint64) (uint64, error) {
	return f.put(ctx, v.Key(), &v, revision)
}

// All gives every fact of the cache, in no order.
func (f *Facts) All() iter.Seq[events.Fact] {
	return func(yield func(events.Fact) bool) {
		f.all(func(v *events.Fact) bool { return yield(*v) })
	}
}

func decodeFact(key string, data []byte) (*events.Fact, error) {
	f, ok := events.ParseFactKey(key)
	if !ok {
		return nil, fault.New(fault.Internal, "a bucket holds a key that is not one of ours")
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fault.Wrap(fault.Internal, "a bucket holds what is no fact", err)
	}
	return &f, nil
}

const (
	// storedSkew is by how much the clocks of two streams' leaders may differ.
	storedSkew = 2 * time.Second
)

// Settled makes sure that every change of a tenant's users, roles, places and processes that was published before
// t, by the bus's clock, is known here: what one publishes first, a role, is on another stream than what needs it.
// A fault Conflict: some of it is still on its way.
func (f *Facts) Settled(ctx context.Context, tenant string, t time.Time) error {
	return f.settled(ctx, tenant, func(first *jetstream.RawStreamMsg) bool { return first.Time.After(t.Add(storedSkew)) })
}

// SettledBefore is Settled for what was published before one of these changes itself, by its sequence. It waits a while
// for that: a consumer learns of an answer a moment after it was given, and a change that were put off for it would put
// off all that follow.
func (f *Facts) SettledBefore(ctx context.Context, tenant string, sequence uint64) error {
	if f.settledHere(ctx, tenant, sequence) {
		return nil
	}
	until, wait := time.Now().Add(settledWithin), settledFirst
	for {
		begun := f.follows.begun.Load()
		err := f.settled(ctx, tenant, func(first *jetstream.RawStreamMsg) bool { return first.Sequence >= sequence })
		if err == nil {
			f.provenSince(begun, tenant, sequence)
		}
		if !conflict(err) || time.Now().After(until) || !pause.For(ctx, wait) {
			return err
		}
		wait = min(2*wait, settledMost)
	}
}

const (
	settledWithin = 5 * time.Second
	settledFirst  = 5 * time.Millisecond
	settledMost   = 100 * time.Millisecond
)

// settled makes sure that the tenant's first message that the workers may not have handled yet is a later one, and
// that the cache shows what they made of the others.
func (f *Facts) settled(ctx context.Context, tenant string, later func(*jetstream.RawStreamMsg) bool) error {
	first, err := f.bus.firstOpen(ctx, events.StreamPermissions, DurablePermissions, tenant)
	if err != nil {
		return err
	}
	if first == nil || later(first) {
		var held uint64
		if held, err = f.bus.lastOf(ctx, kvPrefix+f.bucket); err != nil {
			return err
		}
		if f.follows.caughtUp(ctx, held) {
			return nil
		}
	}
	return fault.New(fault.Conflict, "a change of users, roles, places or processes is still on its way")
}

// Prove goes on proving, until the bus is closed, that the cache shows what the bucket holds. Call it once.
func (f *Facts) Prove() { f.follows.keepProving() }

// Known is until when, by the bus's clock, everything that was stored is in the cache, as it was last proven; the
// zero time where it never was.
func (f *Facts) Known() time.Time { return f.follows.knownUntil() }

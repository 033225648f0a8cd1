package bus

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Uses is the index of which steps use which connection. Workers write it past each other, the last one
// wins: nothing is decided from it.
type Uses struct{ bus *Bus }

// Uses gives the index.
func (b *Bus) Uses() *Uses { return &Uses{b} }

// Put notes a use and waits until it is stored.
func (x *Uses) Put(ctx context.Context, u events.Use) error {
	if _, ok := events.ParseUseKey(u.Key()); !ok {
		return fault.Wrap(fault.BadID, "a use names what is no id", events.ErrBadID)
	}
	data, err := json.Marshal(u)
	if err != nil {
		return fault.Wrap(fault.Internal, "a use could not be encoded", err)
	}
	began := time.Now()
	if _, err = x.bus.PublishEvent(ctx, kvSubject(events.BucketUsage, u.Key()), uuid.NewString(), data); err != nil {
		return x.bus.failed("note a use", began, err)
	}
	return nil
}

// Each gives the uses of a connection, in no order.
func (x *Uses) Each(ctx context.Context, tenant, connection string) iter.Seq2[events.Use, error] {
	return x.matching(ctx, tenant, connection)
}

// LastUses are when any step used each of a tenant's connections last. One that is not there has no known use.
func (x *Uses) LastUses(ctx context.Context, tenant string) (map[string]time.Time, error) {
	last := make(map[string]time.Time)
	for u, err := range x.matching(ctx, tenant) {
		if err != nil {
			return nil, err
		}
		if u.LastUsed.After(last[u.Connection]) {
			last[u.Connection] = u.LastUsed
		}
	}
	return last, nil
}

// matching gives the uses whose keys begin with these ids.
func (x *Uses) matching(ctx context.Context, ids ...string) iter.Seq2[events.Use, error] {
	return func(yield func(events.Use, error) bool) {
		for _, id := range ids {
			if !events.ValidID(id) {
				yield(events.Use{}, fault.Wrap(fault.BadID, "tenant or connection is no id", events.ErrBadID))
				return
			}
		}
		filter := kvSubject(events.BucketUsage, strings.Join(ids, ".")+".>")
		prefix := kvSubject(events.BucketUsage, "")
		for m, err := range x.bus.snapshot(ctx, kvPrefix+events.BucketUsage, filter, lastOfEach) {
			if err != nil {
				yield(events.Use{}, err)
				return
			}
			u, ok := events.ParseUseKey(m.Subject()[len(prefix):])
			if !ok || gone(m.Headers()) || json.Unmarshal(m.Data(), &u) != nil {
				continue // somebody else's: there is nothing to repair in an index
			}
			if !yield(u, nil) {
				return
			}
		}
	}
}

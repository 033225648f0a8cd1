package bus

import (
	"context"
	"encoding/json"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// Names are who has which name among the shared connections of a tenant.
type Names struct{ bus *Bus }

// Names gives the names.
func (b *Bus) Names() *Names { return &Names{b} }

// Claimed is who has the name of a key, and the claim's revision; the zero Claim and 0 where nobody has.
func (n *Names) Claimed(ctx context.Context, tenant, key string) (c connection.Claim, revision uint64, err error) {
	v, err := n.bus.kvGet(ctx, events.BucketNames, tenant+"."+key)
	if err != nil || v.gone {
		return c, 0, err
	}
	if err = json.Unmarshal(v.data, &c); err != nil {
		return c, 0, fault.Wrap(fault.Internal, "a bucket holds what is no claim", err)
	}
	return c, v.revision, nil
}

// Claim gives the name away, expecting revision to be the last (0: nobody had it). Conflict: somebody was
// first.
func (n *Names) Claim(ctx context.Context, tenant, key string, c connection.Claim, revision uint64) (uint64, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, "a claim could not be encoded", err)
	}
	return n.bus.kvPut(ctx, events.BucketNames, tenant+"."+key, data, revision, 0)
}

// Release takes the claim away. Conflict: it is not the last.
func (n *Names) Release(ctx context.Context, tenant, key string, revision uint64) error {
	return n.bus.kvDrop(ctx, events.BucketNames, tenant+"."+key, revision, nameMarkerAge)
}

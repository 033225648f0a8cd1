package ops

import (
	"context"
	"iter"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
)

// Chains is the suspensions, as the bus keeps them.
type Chains interface {
	// Each gives the last record of every chain that matches filter.
	Each(ctx context.Context, filter string) iter.Seq2[events.ChainRecord, error]
}

// Records reads streams, to look at.
type Records interface {
	// Records gives what a stream holds, in order, and ends.
	Records(ctx context.Context, s bus.Search) iter.Seq2[bus.Stored, error]
}

// Looks is what whoever is on call may see of the bus. Nothing of it takes a message from a worker.
type Looks interface {
	Records
	// Follow is Records without an end but that of ctx.
	Follow(ctx context.Context, s bus.Search) iter.Seq2[bus.Stored, error]
	// Consumer is how far the workers of a durable consumer are.
	Consumer(ctx context.Context, d bus.Durable) (bus.ConsumerState, error)
	// State is what a stream holds, and on which servers.
	State(ctx context.Context, stream string) (bus.StreamState, error)
	// Connection is an entry of the registry and its revision as the leader has it; (nil, 0) where there is none.
	Connection(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error)
}

// Connections is the registry.
type Connections interface {
	// Fresh is an entry and its revision as the leader has it; (nil, 0) where there is none.
	Fresh(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error)
	// All gives every entry.
	All() iter.Seq[*connection.Entry]
}

// Publisher stores events.
type Publisher interface {
	// PublishEvent waits until raw is stored; the same id again gives the first one's sequence.
	PublishEvent(ctx context.Context, subject, id string, raw []byte) (sequence uint64, err error)
}

// Clock is the bus's time.
type Clock interface{ Now() time.Time }

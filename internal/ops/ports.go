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
	// Records gives what a stream holds on subjects that match filter, from a sequence on (0: the first), in order.
	Records(ctx context.Context, stream, filter string, from uint64) iter.Seq2[bus.Stored, error]
	// RecordsSince is Records from a time on, by the bus's clock.
	RecordsSince(ctx context.Context, stream, filter string, t time.Time) iter.Seq2[bus.Stored, error]
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

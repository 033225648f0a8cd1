package ops

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
)

// Journal is the ledgers, the chains and what was done with dead letters: a subject's last message is its state.
type Journal interface {
	// Last is the subject's last record; the zero Record where there is none.
	Last(ctx context.Context, subject string) (events.Record, error)
	// Append publishes e where the subject's last sequence is after (0: none). Conflict: somebody was first.
	Append(ctx context.Context, subject string, after uint64, e events.Event) (uint64, error)
}

// Messages reads and publishes single messages.
type Messages interface {
	// MessageAt is what a stream holds at a sequence; ok is false where there is nothing.
	MessageAt(ctx context.Context, stream string, sequence uint64) (m bus.Message, ok bool, err error)
	// PublishMessage waits until raw is stored; the same id again gives the first one's sequence.
	PublishMessage(ctx context.Context, subject, id string, header map[string][]string, raw []byte) (sequence uint64, err error)
	// Age is how long a stream keeps messages; 0: for ever.
	Age(ctx context.Context, stream string) (time.Duration, error)
}

// Registry is single connections.
type Registry interface {
	// Fresh is an entry and its revision as the leader has it; (nil, 0) where there is none.
	Fresh(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error)
}

// FactStore is single users, groups, roles, places and processes.
type FactStore interface {
	// Fresh is a fact and its revision as the leader has it; the zero Fact and 0 where there is none.
	Fresh(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error)
}

// Journal gives the ledgers, the chains, and what was done with dead letters.
func (s *Session) Journal() Journal { return s.bus.Journal() }

// Messages gives what reads and publishes single messages.
func (s *Session) Messages() Messages { return s.bus }

// Registry gives single connections, without waiting until all are read.
func (s *Session) Registry() Registry { return s.bus.Registry() }

// FactStore gives single users, roles, places and processes once all of them are read.
func (s *Session) FactStore(ctx context.Context) (FactStore, error) { return s.bus.Facts(ctx, nil) }

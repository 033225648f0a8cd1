package audit

import (
	"context"
	"iter"
	"time"
)

// Source is where the audit reads: the bus, or what a test has written down. It changes nothing.
type Source interface {
	// Extent is what a stream holds at the moment.
	Extent(ctx context.Context, stream string) (Extent, error)
	// Backlog is how far the workers are with a queue.
	Backlog(ctx context.Context, q Queue) (Backlog, error)
	// Messages gives what a stream holds of a range on subjects that match filter, in order. It ends with its first
	// error. A message that is gone is passed over.
	Messages(ctx context.Context, stream, filter string, r Range) iter.Seq2[Message, error]
	// Message is the message of a sequence; false where it is gone.
	Message(ctx context.Context, stream string, sequence uint64) (Message, bool, error)
}

// Message is one message as a stream keeps it. Nobody changes its Header or Data.
type Message struct {
	Subject  string
	Sequence uint64
	Stored   time.Time // by the bus's clock
	Header   map[string][]string
	Data     []byte
}

// Range is which messages of a stream are meant.
type Range struct {
	Since time.Time // stored then or later; zero: from the first on
	Last  uint64    // the last sequence
}

// Extent is what a stream holds at one moment.
type Extent struct {
	First, Last uint64    // sequences; Last is kept when the message is gone
	FirstStored time.Time // of First; zero for an empty stream
	Messages    uint64
	Now         time.Time // when it was asked, by the bus's clock
}

// Queue is what workers take work from.
type Queue uint8

// The queues: each is one durable consumer.
const (
	Requests    Queue = iota // action.requested
	Commands                 // what operators ask of suspensions
	Chains                   // what moved a chain
	Alarms                   // timers that rang
	Connections              // changes of connections
	Directory                // users, roles, places, processes
	queues
)

// Backlog is how far the workers are with a queue.
type Backlog struct {
	// Floor is the sequence up to which everything was answered.
	Floor uint64
	// Delivered is the last sequence that was given to a worker.
	Delivered uint64
	// Unanswered is how many that were given to a worker have no answer yet.
	Unanswered uint64
}

// Effect is that a target did something.
type Effect struct {
	Key   string // the Idempotency-Key: a request's id
	Times int    // how often; 0 counts as once
}

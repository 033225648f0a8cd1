package bus

import (
	"context"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Stored is one message as a stream keeps it.
type Stored struct {
	// Record is the message as an event; Type is empty where it is none.
	events.Record

	Subject string
	Raw     []byte
}

// Records gives what stream holds on subjects that match filter, from sequence from on (0: the first), in
// order, as far as it was there when it was asked. It is for looking, and reads what the stream's leader has; it
// ends with an error when the bus fails in the middle.
func (b *Bus) Records(ctx context.Context, stream, filter string, from uint64) iter.Seq2[Stored, error] {
	return b.records(ctx, stream, filter, atSequence(max(from, 1)))
}

// RecordsSince is Records from the first message on that was stored at t, by the bus's clock, or later.
func (b *Bus) RecordsSince(ctx context.Context, stream, filter string, t time.Time) iter.Seq2[Stored, error] {
	return b.records(ctx, stream, filter, atTime(t))
}

func (b *Bus) records(ctx context.Context, stream, filter string, begin start) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		for m, err := range b.snapshot(ctx, stream, filter, begin) {
			if err != nil {
				yield(Stored{}, err)
				return
			}
			s, err := stored(m)
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

func stored(m jetstream.Msg) (Stored, error) {
	at, err := m.Metadata()
	if err != nil {
		return Stored{}, fault.Wrap(fault.Internal, "a delivery without metadata", err)
	}
	s := Stored{Record: events.Record{Stored: at.Timestamp, Sequence: at.Sequence.Stream}, Subject: m.Subject(), Raw: m.Data()}
	if e, err := events.Decode(m.Data()); err == nil {
		s.Event = e
	}
	return s, nil
}

package bus

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Journal is the ledgers, the chains and what was done with dead letters: streams in which a subject's last message is
// its state, and in which the publish that lands is the decision.
type Journal struct{ bus *Bus }

// Journal gives the ledgers, the chains, and what was done with dead letters.
func (b *Bus) Journal() *Journal { return &Journal{b} }

// journalStream knows where a subject is kept: hf.<t>.outcome.…, hf.<t>.deadletter.act.… or hf.<t>.suspension.….
func journalStream(subject string) string {
	t := strings.SplitN(subject, ".", 4)
	switch {
	case len(t) == 4 && t[2] == "outcome":
		return events.StreamOutcomes
	case len(t) == 4 && t[2] == "deadletter":
		return events.StreamDeadLetters
	default:
		return events.StreamSuspensions
	}
}

// Last is the subject's last record as the stream's leader has it; the zero Record where there is none.
func (j *Journal) Last(ctx context.Context, subject string) (events.Record, error) {
	m, err := j.bus.last(ctx, journalStream(subject), subject)
	if missing(err) {
		return events.Record{}, nil
	}
	if err != nil {
		return events.Record{}, err
	}
	return record(m.Data, m.Header, m.Time, m.Sequence)
}

// Append publishes e, expecting the subject's last sequence to be after (0: none), and waits until it is
// stored. Conflict: somebody was first. A publish whose answer was lost is recognised by the event's id.
func (j *Journal) Append(ctx context.Context, subject string, after uint64, e events.Event) (uint64, error) {
	data, err := e.Encode()
	if err != nil {
		return 0, fault.Wrap(fault.Internal, "an event could not be encoded", err)
	}
	seq, _, err := j.bus.cas(ctx, write{
		stream: journalStream(subject), subject: subject, id: e.ID, after: after, data: data,
		header: nats.Header{events.HeaderType: {string(e.Type)}},
	})
	return seq, err
}

// Each gives the last record of every chain that matches filter (events.ChainsFilter), as the stream held
// them when it was asked; it ends with an error when the bus fails in the middle.
func (j *Journal) Each(ctx context.Context, filter string) iter.Seq2[events.ChainRecord, error] {
	return func(yield func(events.ChainRecord, error) bool) {
		if names(filter) {
			subjects, few, err := j.named(ctx, filter)
			if err != nil {
				yield(events.ChainRecord{}, err)
				return
			}
			if few {
				j.oneByOne(ctx, subjects)(yield)
				return
			}
		}
		j.all(ctx, filter)(yield)
	}
}

// Answered tells whether every event of the chains up to a sequence was answered for good. What lies ahead of the
// durable's floor may be answered, too: that is not known, and counts as open.
func (j *Journal) Answered(ctx context.Context, sequence uint64) (bool, error) {
	s, err := j.bus.Consumer(ctx, Durable{Stream: events.StreamSuspensions, Name: DurableChains})
	return err == nil && s.Floor >= sequence, err
}

// all reads through a consumer of its own.
func (j *Journal) all(ctx context.Context, filter string) iter.Seq2[events.ChainRecord, error] {
	return func(yield func(events.ChainRecord, error) bool) {
		for m, err := range j.bus.snapshot(ctx, events.StreamSuspensions, filter, lastOfEach) {
			if err != nil {
				yield(events.ChainRecord{}, err)
				return
			}
			c, ok := events.ParseChain(m.Subject())
			if !ok {
				continue
			}
			r, err := chainRecord(c, m)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func chainRecord(c events.Chain, m jetstream.Msg) (events.ChainRecord, error) {
	at, err := m.Metadata()
	if err != nil {
		return events.ChainRecord{}, fault.Wrap(fault.Internal, "a delivery without metadata", err)
	}
	r, err := record(m.Data(), m.Headers(), at.Timestamp, at.Sequence.Stream)
	return events.ChainRecord{Record: r, Chain: c}, err
}

func record(data []byte, h nats.Header, stored time.Time, sequence uint64) (events.Record, error) {
	e, err := events.Decode(data)
	if err != nil {
		return events.Record{}, fault.Wrap(fault.Internal, "a stored record is no event", err)
	}
	return events.Record{Event: e, Stored: stored, Sequence: sequence, Trace: traceOf(h)}, nil
}

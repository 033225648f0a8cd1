package bus

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
)

// reader reads a stream in order through a consumer of its own, which the server forgets when it is no
// longer read. It notices when messages were lost on the way.
type reader struct {
	cons     jetstream.Consumer
	pending  uint64 // what matched when it was opened
	received uint64
	// exhausted: nothing followed the last message when it was sent. What was still to come may have been
	// removed, for its age or for a secret: then counting alone would wait for it.
	exhausted bool
}

const (
	readerFirst     = 32
	readerBatch     = 500
	readerWait      = 5 * time.Second
	readerHeartbeat = time.Second
	// readerForgotten is after how much silence the server forgets a reader. It keeps a thousand of a stream
	// at most.
	readerForgotten = 15 * time.Second
)

var errGap = errors.New("messages were lost on the way")

// start is where a reader begins.
type start func(*jetstream.ConsumerConfig)

// lastOfEach begins with the last message of each subject.
func lastOfEach(c *jetstream.ConsumerConfig) { c.DeliverPolicy = jetstream.DeliverLastPerSubjectPolicy }

// atSequence begins with the first message of that sequence or a later one.
func atSequence(n uint64) start {
	return func(c *jetstream.ConsumerConfig) {
		c.DeliverPolicy, c.OptStartSeq = jetstream.DeliverByStartSequencePolicy, n
	}
}

// atTime begins with the first message that was stored then or later.
func atTime(t time.Time) start {
	return func(c *jetstream.ConsumerConfig) {
		c.DeliverPolicy, c.OptStartTime = jetstream.DeliverByStartTimePolicy, &t
	}
}

// openReader reads what matches filter: from its start on, and then what follows.
func (b *Bus) openReader(ctx context.Context, stream, filter string, begin start) (*reader, error) {
	cfg := jetstream.ConsumerConfig{FilterSubject: filter, AckPolicy: jetstream.AckNonePolicy,
		InactiveThreshold: readerForgotten, MemoryStorage: true, Replicas: 1}
	begin(&cfg)
	r, began := new(reader), time.Now()
	err := b.try(ctx, "read "+stream, func(ctx context.Context) (err error) {
		r.cons, err = b.js.CreateConsumer(ctx, stream, cfg)
		return err
	})
	if missing(err) {
		return nil, fault.Wrap(fault.BusUnavailable, "there is no stream "+stream, err).WithHint(setupHint)
	}
	if err != nil {
		return nil, b.failed("read "+stream, began, err)
	}
	r.pending = r.cons.CachedInfo().NumPending
	return r, nil
}

// batch gives up to n messages, waiting up to readerWait for them. It stops early when do says so. Fewer
// than n are no error.
func (r *reader) batch(ctx context.Context, n int, do func(jetstream.Msg) bool) error {
	ctx, cancel := context.WithTimeout(ctx, readerWait)
	defer cancel()
	batch, err := r.cons.Fetch(n, jetstream.FetchContext(ctx), jetstream.FetchHeartbeat(readerHeartbeat))
	if err != nil {
		return err
	}
	for m := range batch.Messages() {
		at, err := m.Metadata()
		if err != nil {
			return err
		}
		if r.received++; at.Sequence.Consumer != r.received {
			return errGap
		}
		r.exhausted = at.NumPending == 0
		if !do(m) {
			return nil
		}
	}
	if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// snapshot gives what matched filter when it was asked, from its start on, and ends. The first batch is
// small, for whoever wants a message or two.
func (b *Bus) snapshot(ctx context.Context, stream, filter string, begin start) iter.Seq2[jetstream.Msg, error] {
	return func(yield func(jetstream.Msg, error) bool) {
		began := time.Now()
		r, err := b.openReader(ctx, stream, filter, begin)
		if err != nil {
			yield(nil, err)
			return
		}
		size := uint64(readerFirst)
		for more := true; more && r.received < r.pending; size = readerBatch {
			before, want := r.received, min(size, r.pending-r.received)
			err := r.batch(ctx, int(want), func(m jetstream.Msg) bool {
				more = yield(m, nil)
				return more
			})
			short := err == nil && more && r.received < before+want
			if short && r.exhausted {
				return
			}
			if short && r.received == before {
				err = context.DeadlineExceeded // nothing came although there is more
			}
			if err != nil {
				yield(nil, b.failed("read "+stream, began, err))
				return
			}
		}
	}
}

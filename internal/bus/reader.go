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
	readerFirst = 32
	readerBatch = 500
	// What is asked for ahead of who reads on, in messages and bytes; the bytes are more than any message has.
	readerMost      = 4096
	readerMostBytes = 10 << 20
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
	opts := []jetstream.FetchOpt{jetstream.FetchContext(ctx)}
	if end, _ := ctx.Deadline(); time.Until(end) > 3*readerHeartbeat { // in less it could not be missed, and is refused
		opts = append(opts, jetstream.FetchHeartbeat(readerHeartbeat))
	}
	batch, err := r.cons.Fetch(n, opts...)
	if err != nil {
		return err
	}
	for m := range batch.Messages() {
		if goOn, err := r.take(m, do); err != nil || !goOn {
			return err
		}
	}
	if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// take gives the message that comes next.
func (r *reader) take(m jetstream.Msg, do func(jetstream.Msg) bool) (goOn bool, err error) {
	at, err := m.Metadata()
	if err != nil {
		return false, err
	}
	if r.received++; at.Sequence.Consumer != r.received {
		return false, errGap
	}
	r.exhausted = at.NumPending == 0
	return do(placed{m, at}), nil
}

// placed is a message whose place in the stream was read once for all who ask.
type placed struct {
	jetstream.Msg

	at *jetstream.MsgMetadata
}

// Metadata is the message's place; the error is always nil.
func (p placed) Metadata() (*jetstream.MsgMetadata, error) { return p.at, nil }

// snapshot gives what matched filter when it was asked, from its start on, and ends. The first batch is
// small, for whoever wants a message or two; whoever reads on finds the next ones asked for already.
func (b *Bus) snapshot(ctx context.Context, stream, filter string, begin start) iter.Seq2[jetstream.Msg, error] {
	return func(yield func(jetstream.Msg, error) bool) {
		began, more := time.Now(), true
		do := func(m jetstream.Msg) bool {
			more = yield(m, nil)
			return more
		}
		r, err := b.openReader(ctx, stream, filter, begin)
		if err == nil && r.pending > 0 {
			err = r.batch(ctx, int(min(readerFirst, r.pending)), do)
		}
		if err == nil && more && r.received < r.pending && !r.exhausted {
			err = r.rest(ctx, do)
		}
		if err != nil && more { // whoever has enough is not asked again
			yield(nil, b.failed("read "+stream, began, err))
		}
	}
}

// rest gives what is left of what matched when the reader was opened. It stops early when do says so.
func (r *reader) rest(ctx context.Context, do func(jetstream.Msg) bool) error {
	messages, err := r.cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(readerMost, readerMostBytes),
		jetstream.PullExpiry(readerWait), jetstream.PullHeartbeat(readerHeartbeat))
	if err != nil {
		return err
	}
	defer messages.Stop()
	stop := context.AfterFunc(ctx, messages.Stop)
	defer stop()
	for goOn := true; goOn && r.received < r.pending && !r.exhausted; {
		m, err := messages.Next(jetstream.NextMaxWait(readerWait))
		if err == nil {
			goOn, err = r.take(m, do)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

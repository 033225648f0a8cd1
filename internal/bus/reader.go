package bus

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// reader reads a stream in order through a consumer of its own, which the server forgets when it is no
// longer read. It notices when messages were lost on the way.
type reader struct {
	cons     jetstream.Consumer
	pending  uint64 // what matched when it was opened
	received uint64
}

const (
	readerBatch     = 500
	readerWait      = 5 * time.Second
	readerHeartbeat = time.Second
	readerForgotten = time.Minute
)

var errGap = errors.New("messages were lost on the way")

// openReader reads what matches filter: the last message of each subject first and then what follows, or
// everything from a sequence on.
func (b *Bus) openReader(ctx context.Context, stream, filter string, from uint64) (*reader, error) {
	cfg := jetstream.ConsumerConfig{FilterSubject: filter, AckPolicy: jetstream.AckNonePolicy,
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, InactiveThreshold: readerForgotten,
		MemoryStorage: true, Replicas: 1}
	if from > 0 {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, from
	}
	r, began := new(reader), time.Now()
	err := b.try(ctx, "read "+stream, func(ctx context.Context) (err error) {
		r.cons, err = b.js.CreateConsumer(ctx, stream, cfg)
		return err
	})
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
		if !do(m) {
			return nil
		}
	}
	if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// snapshot gives the last message of every subject that matches filter, and ends.
func (b *Bus) snapshot(ctx context.Context, stream, filter string) iter.Seq2[jetstream.Msg, error] {
	return func(yield func(jetstream.Msg, error) bool) {
		began := time.Now()
		r, err := b.openReader(ctx, stream, filter, 0)
		if err != nil {
			yield(nil, err)
			return
		}
		for more := true; more && r.received < r.pending; {
			before := r.received
			want := int(min(readerBatch, r.pending-r.received))
			err := r.batch(ctx, want, func(m jetstream.Msg) bool {
				more = yield(m, nil)
				return more
			})
			if err == nil && more && r.received == before {
				err = context.DeadlineExceeded // nothing came although there is more
			}
			if err != nil {
				yield(nil, b.failed("read "+stream, began, err))
				return
			}
		}
	}
}

package bus

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// feed follows a bucket: the last value of each key, then every change, in order. After a broken
// connection it goes on behind the last revision that it saw; where the bucket was made anew it starts
// over.
type feed struct {
	bus    *Bus
	bucket string
	apply  func(key string, revision uint64, at time.Time, value []byte) // nil value: the key is gone
	reset  func()                                                        // forget everything

	last  atomic.Uint64
	full  chan struct{}             // closed as soon as the first snapshot is complete
	begun atomic.Uint64             // how often the cache was begun anew
	known atomic.Pointer[time.Time] // nil: not proven
}

const feedPause = 500 * time.Millisecond

func (b *Bus) follow(f *feed) {
	f.bus, f.full = b, make(chan struct{})
	b.mu.Lock()
	b.feeds = append(b.feeds[:len(b.feeds):len(b.feeds)], f)
	b.mu.Unlock()
	b.tasks.Go(f.run)
}

// firstSnapshot waits until all that a bucket holds is read.
func (b *Bus) firstSnapshot(ctx context.Context, f *feed, doing string, began time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.StartTimeout)
	defer cancel()
	select {
	case <-f.full:
		return nil
	case <-ctx.Done():
		return b.failed(doing, began, ctx.Err())
	}
}

func (f *feed) ready(ctx context.Context) error {
	select {
	case <-f.full:
		return nil
	default:
	}
	if ctx.Err() != nil {
		return fault.Wrap(fault.BusUnavailable, "gave up waiting", ctx.Err())
	}
	return fault.New(fault.BusUnavailable, "bucket "+f.bucket+" is not read completely yet")
}

func (f *feed) run() {
	for f.bus.ctx.Err() == nil {
		err := f.session(f.bus.ctx)
		if f.bus.ctx.Err() != nil {
			return
		}
		f.bus.log.Warn().Str("bucket", f.bucket).Str("problem", inWords(err)).Msg("reading the bucket again")
		pause.For(f.bus.ctx, feedPause)
	}
}

// session reads until something breaks.
func (f *feed) session(ctx context.Context) error {
	if err := f.startOver(ctx); err != nil {
		return err
	}
	begin := start(lastOfEach)
	if seen := f.last.Load(); seen > 0 {
		begin = atSequence(seen + 1)
	}
	r, err := f.bus.openReader(ctx, kvPrefix+f.bucket, kvSubject(f.bucket, ">"), begin)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		f.complete(r)
		if err := r.batch(ctx, readerBatch, func(m jetstream.Msg) bool { f.take(m); f.complete(r); return true }); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// complete tells those who wait for the first snapshot.
func (f *feed) complete(r *reader) {
	if r.received < r.pending {
		return
	}
	select {
	case <-f.full:
	default:
		close(f.full)
	}
}

// startOver forgets what was read when the bucket's sequence is behind it: it was made anew.
func (f *feed) startOver(ctx context.Context) error {
	seen := f.last.Load()
	if seen == 0 {
		return nil
	}
	s, err := f.bus.stream(ctx, kvPrefix+f.bucket)
	if err != nil {
		return err
	}
	return f.bus.once(ctx, func(ctx context.Context) error {
		info, err := s.Info(ctx)
		if err == nil && info.State.LastSeq < seen {
			f.last.Store(0)
			f.begun.Add(1)
			f.known.Store(nil)
			f.reset()
		}
		return err
	})
}

func (f *feed) take(m jetstream.Msg) {
	at, err := m.Metadata()
	if err != nil {
		return // batch has looked at it before
	}
	value := m.Data()
	if gone(m.Headers()) {
		value = nil
	} else if value == nil {
		value = []byte{}
	}
	f.apply(m.Subject()[len(kvSubjectPrefix+f.bucket+"."):], at.Sequence.Stream, at.Timestamp, value)
	f.last.Store(at.Sequence.Stream)
}

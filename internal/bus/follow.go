package bus

import (
	"context"
	"iter"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/pause"
)

// Follow is Records without an end: what is stored later comes as soon as it is there. It goes on behind the last
// message after a broken connection, and ends with ctx, without an error, or at once where the stream can not be
// read at all. With LastOfEach, what is missed while the connection is broken is made up for, too.
func (b *Bus) Follow(ctx context.Context, s Search) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		f := &following{bus: b, search: s, wanted: mayHold(s.Holding), yield: yield}
		for more := true; more && ctx.Err() == nil; {
			err := f.session(ctx)
			if more = !f.stopped; !more || ctx.Err() != nil {
				return
			}
			if !f.opened {
				yield(Stored{}, err)
				return
			}
			b.log.Warn().Str("stream", s.Stream).Str("problem", inWords(err)).Msg("following the stream again")
			pause.For(ctx, feedPause)
		}
	}
}

// following is one Follow.
type following struct {
	bus     *Bus
	search  Search
	wanted  func([]byte) bool
	yield   func(Stored, error) bool
	opened  bool // it could be read once
	stopped bool // nobody wants more
}

// session reads until something breaks, or nobody wants more.
func (f *following) session(ctx context.Context) error {
	r, err := f.bus.openReader(ctx, f.search.Stream, f.search.Filter, f.search.begin())
	if err != nil {
		return err
	}
	f.opened = true
	for ctx.Err() == nil && !f.stopped {
		if err := r.batch(ctx, readerBatch, f.take); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// take hands one message on and remembers to go on behind it.
func (f *following) take(m jetstream.Msg) bool {
	got, err := messageOf(m)
	if err != nil {
		return true // batch has looked at it before
	}
	f.search = f.search.behind(got.Sequence)
	if f.wanted(got.Raw) && !f.yield(got.Decoded(), nil) {
		f.stopped = true
	}
	return !f.stopped
}

package bus

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/pause"
)

// Search says what of a stream to look at. The zero members stand for all of it.
type Search struct {
	Stream string
	Filter string    // subjects; empty: all
	From   uint64    // the first sequence; 0: the stream's first
	Since  time.Time // where From is 0: what was stored then, by the bus's clock, or later
	Last   uint64    // the last sequence; 0: no bound. Follow has none.
	// LastOfEach gives the last message of each subject, in place of From and Since.
	LastOfEach bool
	// Holding passes over messages that hold none of these ids, anywhere; whoever asks makes sure that an id is where it
	// is meant to be. What is passed over is not decoded, and costs half as much.
	Holding []string
	// HeadersOnly leaves payloads on the server.
	HeadersOnly bool
	// Progress hears now and then how many messages were read, and how many there are; nil: nobody cares. Follow tells
	// nobody.
	Progress func(read, all uint64)
}

const (
	// progressEvery is after how many messages progress is told.
	progressEvery = 10_000
	// readAgain is how often reading goes on behind the last message after the bus failed, without a message in between.
	readAgain = 5
)

func (s Search) begin() start {
	return func(c *jetstream.ConsumerConfig) {
		c.HeadersOnly = s.HeadersOnly
		switch {
		case s.LastOfEach:
			lastOfEach(c)
		case s.From > 0 || s.Since.IsZero():
			atSequence(max(s.From, 1))(c)
		default:
			atTime(s.Since)(c)
		}
	}
}

// behind is the search from behind a sequence on.
func (s Search) behind(sequence uint64) Search {
	s.From, s.LastOfEach = sequence+1, false
	return s
}

// Records is Messages, each decoded as an event.
func (b *Bus) Records(ctx context.Context, s Search) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		for m, err := range b.Messages(ctx, s) {
			if err != nil {
				yield(Stored{}, err)
				return
			}
			if !yield(m.Decoded(), nil) {
				return
			}
		}
	}
}

// Messages gives what a stream holds, in order, as far as it was there when it was asked, and reads what the stream's
// leader has. When the bus fails in the middle it goes on behind the last message that came, some times (not with
// LastOfEach: there is no order to go on in), and then ends with an error, as it does at once where nothing came. What
// is removed meanwhile is passed over, unless it was on its way already (readerMost).
func (b *Bus) Messages(ctx context.Context, s Search) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		r := &searching{Search: s, wanted: mayHold(s.Holding), yield: yield}
		for {
			err := r.session(ctx, b)
			if err == nil {
				return
			}
			if r.read == 0 || s.LastOfEach || r.failed >= readAgain || !pause.For(ctx, firstPause<<r.failed) {
				yield(Message{}, err)
				return
			}
			r.failed++
		}
	}
}

// searching is one Messages. Its Search is of what is left.
type searching struct {
	Search

	wanted func([]byte) bool
	yield  func(Message, error) bool
	read   uint64 // how many messages came
	failed int    // how often the bus failed since the last one
}

// session reads until all is read, nobody wants more, or the bus fails.
func (r *searching) session(ctx context.Context, b *Bus) error {
	for m, err := range b.snapshot(ctx, r.Stream, r.Filter, r.begin()) {
		if err != nil {
			return err
		}
		got, err := messageOf(m)
		if err != nil {
			return err
		}
		if !r.take(got) {
			return nil
		}
	}
	return nil
}

// take hands one message on; false: nobody wants more.
func (r *searching) take(m Message) bool {
	if r.Last > 0 && m.Sequence > r.Last {
		return false
	}
	r.failed = 0
	r.Search = r.behind(m.Sequence)
	if r.read++; r.Progress != nil && (r.read == 1 || r.read%progressEvery == 0) {
		r.Progress(r.read, r.read+m.Left)
	}
	return !r.wanted(m.Raw) || r.yield(m, nil)
}

// mayHold tells whether a document may hold one of the ids. Ids have no characters that JSON wants escaped, but
// some writers escape more than they must: what holds an escape of that kind is not judged by its bytes.
func mayHold(ids []string) func([]byte) bool {
	if len(ids) == 0 {
		return func([]byte) bool { return true }
	}
	words := [][]byte{[]byte(`\u`)}
	for _, id := range ids {
		words = append(words, []byte(id))
	}
	return func(data []byte) bool {
		return slices.ContainsFunc(words, func(w []byte) bool { return bytes.Contains(data, w) })
	}
}

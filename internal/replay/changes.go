package replay

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
)

// laters knows, of everything that changes on a stream are about, where it was ended by something later, and up to where
// the stream was read for that. What a replay published counts where its original is: it stands in for that.
type laters struct {
	stream  string
	ends    map[handlers.Concern][]spot
	refused map[uint64]bool   // those that were looked at: whether they would be refused
	copies  map[uint64]uint64 // originals, by copy
	after   uint64
}

// spot is a message: where it counts, and where it is.
type spot struct{ place, sequence uint64 }

func (s spot) behind(o spot) bool {
	return s.place > o.place || s.place == o.place && s.sequence > o.sequence
}

func (l *laters) spot(sequence uint64) spot {
	place := sequence
	for of, ok := l.copies[place]; ok && of < place; of, ok = l.copies[place] {
		place = of
	}
	return spot{place, sequence}
}

// read takes in what a stream holds from a sequence on.
func (l *laters) read(ctx context.Context, r *Replay, from uint64) error {
	if l.ends == nil {
		l.ends, l.refused, l.copies = make(map[handlers.Concern][]spot), make(map[uint64]bool), make(map[uint64]uint64)
	}
	holds, err := r.bus.State(ctx, l.stream)
	if err != nil {
		return err
	}
	for m, err := range r.bus.Messages(ctx, bus.Search{Stream: l.stream, From: from}) {
		if err != nil {
			return err
		}
		o := originalOf(l.stream, m)
		l.note(o, r.concern(ctx, o))
		l.after = max(l.after, m.Sequence)
	}
	l.after = max(l.after, holds.Last)
	return nil
}

func (l *laters) note(o original, about handlers.Concern) {
	if of, ok := copyOrigin(o); ok {
		l.copies[o.At.Sequence] = of
	}
	ends, _ := o.relations(about)
	for _, c := range ends {
		l.ends[c] = append(l.ends[c], l.spot(o.At.Sequence))
	}
}

// published notes that a message is on the stream again, as its last.
func (l *laters) published(sequence, of uint64) { l.copies[sequence], l.after = of, sequence }

// copyOrigin is the sequence of what a replay has published again, on the same stream.
func copyOrigin(o original) (sequence uint64, ok bool) {
	stream, number, _ := strings.Cut(bus.Message{Header: o.Header}.Get(events.HeaderOriginal), "/")
	sequence, err := strconv.ParseUint(number, 10, 64)
	return sequence, err == nil && stream == o.At.Stream
}

// replaces tells whether something later ended one of some marks. What would be refused ends nothing.
func (l *laters) replaces(ctx context.Context, r *Replay, marks []handlers.Concern, after spot) (bool, error) {
	for _, mark := range marks {
		for _, s := range slices.Backward(l.ends[mark]) {
			if !s.behind(after) {
				continue
			}
			if refused, err := l.refuses(ctx, r, s.sequence); err != nil || !refused {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// refuses tells whether the message at a sequence would be refused.
func (l *laters) refuses(ctx context.Context, r *Replay, sequence uint64) (bool, error) {
	if refused, known := l.refused[sequence]; known {
		return refused, nil
	}
	m, ok, err := r.bus.MessageAt(ctx, l.stream, sequence)
	if err != nil {
		return false, err
	}
	refused := false
	if ok {
		c, err := r.foresee(ctx, originalOf(l.stream, m), nil)
		if err != nil {
			return false, err
		}
		refused = refuses(c.Forecast)
	}
	l.refused[sequence] = refused
	return refused, nil
}

// concern is what a change is about. All versions of a process, and its retirement, are one: whether a version counts
// follows from their order.
func (r *Replay) concern(ctx context.Context, o original) handlers.Concern {
	if _, ok := home(o.Subject); !ok {
		return handlers.Concern{}
	}
	return whole(r.seer.Concerns(ctx, r.route, r.delivery(o)))
}

func whole(c handlers.Concern) handlers.Concern {
	if c.Kind == string(events.FactProcess) {
		c.ID, _, _ = strings.Cut(c.ID, ".")
	}
	return c
}

// eachChange goes through the changes of a span, after it has seen what came later.
func (r *Replay) eachChange(ctx context.Context, sp span, do func(context.Context, candidate) error) error {
	stream := r.o.Select.StreamName()
	r.later, r.unsettled = &laters{stream: stream}, make(unsettled)
	if err := r.later.read(ctx, r, sp.First); err != nil {
		return err
	}
	return r.walk(ctx, sp, func(m bus.Message) error {
		o := originalOf(stream, m)
		if !r.selects(o, sp.Asked) {
			return nil
		}
		c, err := r.change(ctx, o)
		if err != nil {
			return err
		}
		return do(ctx, c)
	})
}

// change foresees a change, unless something later makes it pointless.
func (r *Replay) change(ctx context.Context, o original) (candidate, error) {
	if _, ok := home(o.Subject); !ok {
		return candidate{original: o, Forecast: handlers.Forecast{Verdict: handlers.NotValid,
			Detail: "it was meant for the moment: ask anew"}}, nil
	}
	c, err := r.foresee(ctx, o, nil)
	if err != nil {
		return c, err
	}
	switch at := r.later.spot(o.At.Sequence); {
	case c.Concern == (handlers.Concern{}): // it is refused whatever there is
		return c, nil
	case r.later.spot(c.Live).place >= at.place:
		c.Forecast = handlers.Forecast{Verdict: handlers.Applied, Concern: c.Concern}
		return c, nil
	}
	replaced, err := r.replaced(ctx, c)
	if replaced {
		c.Forecast = handlers.Forecast{Verdict: handlers.Superseded, Concern: c.Concern}
	}
	r.unsettled.follow(&c)
	return c, err
}

// replaced tells whether something later makes a change pointless.
func (r *Replay) replaced(ctx context.Context, c candidate) (bool, error) {
	_, endedBy := c.relations(whole(c.Concern))
	return r.later.replaces(ctx, r, endedBy, r.later.spot(c.At.Sequence))
}

// overtaken looks at what was published since a change was foreseen, and tells whether that makes it pointless.
func (r *Replay) overtaken(ctx context.Context, c candidate) (bool, error) {
	if err := r.later.read(ctx, r, r.later.after+1); err != nil {
		return false, err
	}
	return r.replaced(ctx, c)
}

// walk gives the messages of a span in order; it may take as long as it likes with each.
func (r *Replay) walk(ctx context.Context, sp span, do func(bus.Message) error) error {
	c := &cursor{open: func(from uint64) iter.Seq2[bus.Message, error] {
		return r.messages(ctx, span{max(from, sp.First), sp.Last, sp.Asked})
	}}
	defer c.close()
	for !c.done && ctx.Err() == nil {
		var some []bus.Message
		if err := c.step(func(m bus.Message) { some = append(some, m) }); err != nil {
			return err
		}
		for _, m := range some {
			r.looked(m.Sequence)
			if err := do(m); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

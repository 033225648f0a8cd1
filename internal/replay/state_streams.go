package replay

import (
	"context"
	"iter"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
)

// bothStreams gives what both hold, in the order in which it was stored; permissions come first where that is the
// same moment: a change of a connection rests on them.
func (b *Rebuilder) bothStreams(ctx context.Context, s State) iter.Seq2[dispatch.Delivery, error] {
	return func(yield func(dispatch.Delivery, error) bool) {
		facts := &lookAhead{stream: events.StreamPermissions, last: s.Permissions}
		conns := &lookAhead{stream: events.StreamConnections, last: s.Connections}
		for _, l := range []*lookAhead{facts, conns} {
			l.cursor = cursor{open: func(from uint64) iter.Seq2[bus.Message, error] {
				return b.bus.Messages(ctx, bus.Search{Stream: l.stream, From: max(from, 1)})
			}}
		}
		defer facts.cursor.close()
		defer conns.cursor.close()
		for {
			f, err := facts.peek()
			if err != nil {
				yield(dispatch.Delivery{}, err)
				return
			}
			c, err := conns.peek()
			switch {
			case err != nil:
				yield(dispatch.Delivery{}, err)
				return
			case f == nil && c == nil:
				return
			case c == nil || f != nil && !f.Stored.After(c.Stored):
				facts.drop()
				if !yield(delivered(facts.stream, *f), nil) {
					return
				}
			default:
				conns.drop()
				if !yield(delivered(conns.stream, *c), nil) {
					return
				}
			}
		}
	}
}

func delivered(stream string, m bus.Message) dispatch.Delivery {
	return dispatch.Delivery{Subject: m.Subject, Stream: stream, Sequence: m.Sequence, Deliveries: settled, Time: m.Stored,
		Header: m.Header, Data: m.Raw}
}

// settled is a number of deliveries after which handlers wait for nothing before a message any more: all of it is
// known.
const settled = 1 << 20

// lookAhead is a stream whose next message can be looked at.
type lookAhead struct {
	cursor cursor
	stream string
	last   uint64
	buffer []bus.Message
}

func (l *lookAhead) peek() (*bus.Message, error) {
	if len(l.buffer) == 0 && !l.cursor.done {
		err := l.cursor.step(func(m bus.Message) {
			if m.Sequence <= l.last {
				l.buffer = append(l.buffer, m)
			}
		})
		if err != nil {
			return nil, err
		}
		l.cursor.done = l.cursor.done || l.cursor.last >= l.last
	}
	if len(l.buffer) == 0 {
		return nil, nil //nolint:nilnil // there is no more
	}
	return &l.buffer[0], nil
}

func (l *lookAhead) drop() { l.buffer = l.buffer[1:] }

package replay

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
)

// A join reads requests and the ledgers, both in order and each message once, and finds out which requests have their
// end. It holds what one side is ahead of the other, within bounds: the requests that wait for their end, and the ends
// whose requests have not been read yet. Where more requests than it may hold have no end, it goes on in parts: it
// reads the ledgers to their end for those that it holds, and begins again behind them.
type join struct {
	requests, ledgers *cursor
	bounds            joinBounds
	// match tells whether a request is meant; ended is told of each that has its end, in no order.
	match func(bus.Message) (original, bool)
	ended func(original, last) error
	// inOrder keeps also those that have their end until the part is complete, so that all come in order.
	inOrder bool
	// whole keeps what ledgers' ends say; else that there is one is enough.
	whole bool

	open  map[string]*waiting // by ledger subject
	kept  []*waiting          // inOrder: all of this part
	bytes int                 // of what is open or kept
	ahead lasts
	now   time.Time // when the request that was read last was stored
	began time.Time // when the first was
	next  uint64    // behind the request that was read last
	alone int       // requests read since a ledger was
	// total is the bytes of all requests that were read, and front what it was at the last of them whose ledger was seen:
	// how far the ledgers are behind. Those that have no end yet do not count, however many they are.
	total, front int
}

// waiting is a request, and the last that is known of its ledger.
type waiting struct {
	original
	last

	ledger string
	total  int        // of the join, when it was read
	copies []original // of the same request, published later
}

// last is the last message of a ledger; the zero last where none was seen.
type last struct {
	kind events.Type
	msg  bus.Message
}

// joinBounds are how much a join holds.
type joinBounds struct {
	window int // bytes of requests that are ahead of the ledgers, before those are read on
	most   int // bytes of requests that wait, before the part ends
	ahead  int // ledgers that are ahead of their requests
	alone  int // requests that are read without reading a ledger
	// skew is by how much the clocks of two streams' leaders may differ.
	skew time.Duration
}

const joinSkew = 10 * time.Second

func usualBounds() joinBounds {
	return joinBounds{window: 4 << 20, most: 32 << 20, ahead: 100_000, alone: 20_000, skew: joinSkew}
}

// part reads until all requests are read, or as many wait as may, and then the ledgers to their end. It gives the
// requests that have no end, and inOrder the others too, in order.
func (j *join) part(ctx context.Context) (open []*waiting, more bool, err error) {
	defer j.requests.close()
	defer j.ledgers.close()
	j.open = make(map[string]*waiting)
	for ctx.Err() == nil {
		switch {
		case j.wantsRequests():
			err = j.readRequests()
		case j.requests.done && len(j.open) == 0, j.ledgers.done && j.full():
			return j.complete(), !j.requests.done, nil
		case j.ledgers.done && j.requests.done:
			return j.complete(), false, nil
		default:
			err = j.readLedgers()
		}
		if err != nil {
			return nil, false, err
		}
	}
	return nil, false, ctx.Err()
}

// full tells that no more requests may be held.
func (j *join) full() bool { return j.bytes >= j.bounds.most }

// wantsRequests tells whether requests are read next: as long as the ledgers are not far behind, and then where those
// are at their end, or as far ahead as they may be.
func (j *join) wantsRequests() bool {
	switch {
	case j.requests.done || j.full():
		return false
	case j.ledgers.done || len(j.ahead.by) >= j.bounds.ahead:
		return true
	default:
		return j.total-j.front < j.bounds.window && j.alone < j.bounds.alone
	}
}

func (j *join) readRequests() error {
	var failed error
	err := j.requests.step(func(m bus.Message) {
		if j.began.IsZero() {
			j.began = m.Stored
		}
		j.now, j.next = m.Stored, m.Sequence+1
		j.alone++
		j.total += len(m.Raw) + waitingBytes
		o, ok := j.match(m)
		if !ok || failed != nil {
			return
		}
		failed = j.take(o)
	})
	j.ahead.forget(j.now.Add(-j.bounds.skew))
	if err == nil {
		err = failed
	}
	return err
}

// take takes a request in. A copy of one that waits shares its end.
func (j *join) take(o original) error {
	w := &waiting{original: o, ledger: o.ledger(), total: j.total}
	if seen, ok := j.ahead.by[w.ledger]; ok {
		w.last, j.front = seen, j.total
		delete(j.ahead.by, w.ledger)
	}
	if w.kind.Ends() && !j.inOrder {
		return j.ended(o, w.last)
	}
	if j.inOrder {
		j.kept = append(j.kept, w)
	}
	if first, twice := j.open[w.ledger]; twice {
		if !j.inOrder {
			o.Raw, o.Header = nil, nil
			first.copies = append(first.copies, o)
			j.bytes += waitingBytes
		}
		return nil
	}
	j.bytes += w.size()
	if !w.kind.Ends() {
		j.open[w.ledger] = w
	}
	return nil
}

// size is about what a request takes while it is held.
func (w *waiting) size() int { return len(w.Raw) + waitingBytes*(1+len(w.copies)) }

const waitingBytes = 1024

func (j *join) readLedgers() error {
	var failed error
	j.alone = 0
	err := j.ledgers.step(func(m bus.Message) {
		kind := kindOf(m)
		w, waits := j.open[m.Subject]
		if waits {
			j.front = max(j.front, w.total)
		}
		switch {
		case !waits && !j.requests.done:
			j.ahead.add(m.Subject, last{kind, m}, j.whole)
		case !waits || failed != nil:
		case kind.Ends():
			w.last = last{kind, m}
			delete(j.open, m.Subject)
			if !j.inOrder {
				j.bytes -= w.size()
				failed = j.ended(w.original, w.last)
				for _, o := range w.copies {
					failed = cmp.Or(failed, j.ended(o, w.last))
				}
			}
		default:
			w.last = last{kind, m}
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

// kindOf is the type of a ledger's message, without decoding it where the header says.
func kindOf(m bus.Message) events.Type {
	if t := m.Get(events.HeaderType); t != "" {
		return events.Type(t)
	}
	e, err := events.Decode(m.Raw)
	if err != nil {
		return ""
	}
	return e.Type
}

// complete gives what the part is about, in order, and begins a new one.
func (j *join) complete() []*waiting {
	out := j.kept
	if !j.inOrder {
		out = slices.SortedFunc(maps.Values(j.open), func(a, b *waiting) int { return cmp.Compare(a.At.Sequence, b.At.Sequence) })
	}
	j.open, j.kept, j.bytes, j.ahead = nil, nil, 0, lasts{}
	return out
}

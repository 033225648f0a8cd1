package replay

import (
	"cmp"
	"context"
	"time"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
)

// queue is what is still before the workers. A message ahead of their floor was not delivered, is in a worker's hands, or
// comes again after a pause: something will come of it, and driven again, it could happen twice at once. The floor only
// rises, and what it has passed has its end on its ledger by then, unless it was given up.
type queue struct {
	bus    *bus.Bus
	tenant string
	live   bool // it is looked at anew while it is used: what is driven takes its time

	floor uint64
	asked time.Time
	// began is the floor before the ledgers were read: what it had passed has its end there, unless it was given up.
	began uint64
	// latest is, of each ledger that is asked about, the last message of it ahead of the floor, 0 where there is none; read
	// is up to where the stream was read for that.
	latest map[string]uint64
	read   uint64
}

// queueLook is how old an answer may be that something is driven by.
const queueLook = time.Second

// begin looks at the floor before ledgers are read.
func (q *queue) begin(ctx context.Context) error {
	err := q.ask(ctx)
	q.began, q.latest = q.floor, nil
	return err
}

func (q *queue) ask(ctx context.Context) error {
	workers, err := q.bus.Consumer(ctx, bus.Durable{Stream: events.StreamActions, Name: bus.DurableActions})
	if err == nil {
		q.floor, q.asked = max(q.floor, workers.Floor), time.Now()
	}
	return err
}

// about has the messages ahead of the floor looked through for those of some ledgers.
func (q *queue) about(ctx context.Context, ledgers []string) error {
	q.latest, q.read = make(map[string]uint64, len(ledgers)), q.began
	for _, l := range ledgers {
		q.latest[l] = 0
	}
	return q.readOn(ctx)
}

// readOn reads what was stored since.
func (q *queue) readOn(ctx context.Context) error {
	if len(q.latest) == 0 {
		return nil
	}
	holds, err := q.bus.State(ctx, events.StreamActions)
	if err != nil || holds.Last <= q.read {
		return err
	}
	requests := events.SubjectOf(cmp.Or(q.tenant, "*"), events.ActionRequested)
	for m, err := range q.bus.Messages(ctx, bus.Search{Stream: events.StreamActions, Filter: requests, From: q.read + 1}) {
		if err != nil {
			return err
		}
		ledger := originalOf(events.StreamActions, m).ledger()
		if _, asked := q.latest[ledger]; asked {
			q.latest[ledger] = m.Sequence
		}
	}
	q.read = holds.Last
	return nil
}

// place is where the messages of a ledger are.
type place uint8

const (
	behind place = iota // the workers had answered all of them before the ledger was read
	passed              // they have answered them since
	ahead               // one at least is still before the workers
)

// placeOf tells where the messages of a ledger are; known is one of them, 0 where none is.
func (q *queue) placeOf(ctx context.Context, ledger string, known uint64) (place, error) {
	if q.live && time.Since(q.asked) > queueLook {
		err := q.ask(ctx)
		if err == nil {
			err = q.readOn(ctx)
		}
		if err != nil {
			return ahead, err
		}
	}
	switch last := max(known, q.latest[ledger]); {
	case last <= q.began:
		return behind, nil
	case last <= q.floor:
		return passed, nil
	default:
		return ahead, nil
	}
}

// ledger is the subject of a request's.
func (o original) ledger() string { return events.LedgerSubject(o.tenant(), o.IDs.Request) }

// ask has the queue looked through for what is open and may be driven again, under its own id or a new one.
func (r *Replay) ask(ctx context.Context, q *queue, open []*waiting) error {
	var ledgers []string
	for _, w := range open {
		if !w.kind.Ends() && (q.live || w.At.Sequence <= q.began) {
			ledgers = append(ledgers, w.ledger)
		}
		if r.o.Force {
			ledgers = append(ledgers, events.LedgerSubject(w.tenant(), anewID(r.id, w.tenant(), w.IDs.Request)))
		}
	}
	return q.about(ctx, ledgers)
}

// queued is a request that is left to the workers.
func queued(o original) candidate {
	return candidate{original: o, Forecast: handlers.Forecast{Verdict: handlers.Pending,
		Detail: "the workers have not answered it, or a copy of it: it waits for its turn, is at work, or comes again"}}
}

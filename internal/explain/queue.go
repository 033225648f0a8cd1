package explain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/bus"
	"holdfast/internal/ops"
	"holdfast/internal/putoff"
)

// place is where a message is that nothing has come of.
type place uint8

const (
	undelivered place = iota // no worker was given it
	delivered                // a worker has it, or it comes again
	answered                 // it was acknowledged
)

// placeOf is as much as a consumer tells of one message. One that is behind the floor is answered; one ahead of it may
// be, while an older one is not: that it was delivered is what is known.
func placeOf(c bus.ConsumerState, sequence uint64) place {
	switch {
	case sequence > c.Delivered:
		return undelivered
	case sequence <= c.Floor:
		return answered
	default:
		return delivered
	}
}

func (p place) state() string {
	switch p {
	case delivered:
		return StateDelivered
	case answered:
		return StateAnswered
	default:
		return ops.StateQueued
	}
}

// text says where it is, and what the consumer's numbers say about why.
func (p place) text(c bus.ConsumerState) string {
	switch p {
	case undelivered:
		text := "it waits for its turn: " + messages(c.Waiting) + " not been delivered to a worker yet"
		if c.Asking == 0 {
			text += ", and no worker asks for any: none runs, all are busy, or they pause until Vault answers"
		}
		return text
	case answered:
		return "a worker has acknowledged it, and it has no outcome: it is a dead letter, or the ledger has forgotten it"
	default:
		return "it was delivered, and is not answered for good: a worker is at it, or it comes again after a pause; " + again(c)
	}
}

func messages(n uint64) string {
	if n == 1 {
		return "1 message has"
	}
	return fmt.Sprintf("%d messages have", n)
}

// again says how often what is open was delivered. The server counts that for each message and tells it only of
// all together.
func again(c bus.ConsumerState) string {
	switch {
	case c.Open == 1 && c.Again == 1:
		return "it was delivered more than once, so that a try before did not end it"
	case c.Open > 0 && c.Open == c.Again:
		return fmt.Sprintf("all %d that are open were delivered more than once, so that a try before did not end them", c.Open)
	default:
		return fmt.Sprintf("of %d that are open, %d were delivered more than once", c.Open, c.Again)
	}
}

// heard is what the workers said themselves.
type heard struct {
	ready  string // a clause for each worker
	putOff map[string]putoff.Entry
}

// hear asks the workers once, about all requests that are open: whether they are ready, and how they put them off.
func (t *teller) hear(ctx context.Context) (heard, error) {
	if t.heard != nil {
		return *t.heard, nil
	}
	asking, cancel := context.WithTimeout(ctx, workerPatience)
	defer cancel()
	h := heard{putOff: make(map[string]putoff.Entry)}
	for _, w := range t.Workers {
		h.ready += "; the worker at " + w.Name() + readiness(asking, w)
		if err := h.askPutOff(asking, w, t.story.Tenant, t.story.openRequests()); err != nil {
			h.ready += ", and does not tell why it puts requests off"
		}
	}
	t.heard = &h
	return h, ctx.Err()
}

func readiness(ctx context.Context, w Worker) string {
	switch why, err := w.Ready(ctx); {
	case err != nil:
		return " does not answer"
	case why != "":
		return " says: " + why
	default:
		return " is ready"
	}
}

// askPutOff keeps the newest of what workers tell of each request.
func (h heard) askPutOff(ctx context.Context, w Worker, tenant string, requests []string) error {
	for some := range slices.Chunk(requests, putoff.AskMost) {
		told, err := w.PutOff(ctx, tenant, some)
		if err != nil {
			return err
		}
		for _, e := range told {
			if e.At.After(h.putOff[e.Request].At) {
				h.putOff[e.Request] = e
			}
		}
	}
	return nil
}

// workerPatience is how long all the workers together may take to answer.
const workerPatience = 5 * time.Second

// skew is how far a worker's idea of the bus's time may be from the bus's own.
const skew = time.Second

// delayed says why a request was put off, as a worker tells it; what was before the last that is known of the request is
// over. Where nobody tells, it says who could.
func (t *teller) delayed(e *Entry, th *thread, h heard) {
	p, known := h.putOff[th.request]
	switch {
	case known && !p.At.Add(skew).Before(th.last):
		e.PutOff, e.Reason, e.Class, e.Detail = &p, string(p.Reason), p.Reason.Class().String(), p.Detail
		e.Text = putOffText(p, t.at)
		e.Advice = t.Secrets.Delayed(p.Reason, t.story.Tenant, th.connection, t.owners(th.connection))
	case len(t.Workers) == 0:
		e.Advice = append([]string{ops.AskWorkers(string(t.story.Kind), t.story.ID, t.story.Tenant)}, e.Advice...)
	default:
		e.Text += "; none of the workers that were asked has put it off"
		e.Advice = append([]string{ops.SearchLogs(th.request)}, e.Advice...)
	}
}

func putOffText(p putoff.Entry, now time.Time) string {
	text := fmt.Sprintf("put off at delivery %d, %s ago: %s", p.Deliveries, ops.Span(max(0, now.Sub(p.At))), because(string(p.Reason), p.Detail))
	if wait := p.NextAt.Sub(now); wait > 0 {
		return text + "; it comes again in about " + ops.Span(wait)
	}
	return text + "; it is due to come again"
}

// span is how far back was looked.
func (t *teller) span() time.Duration { return t.at.Sub(t.since).Round(time.Second) }

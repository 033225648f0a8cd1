package explain

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// States of a request that has no ledger, beside ops.StateQueued.
const (
	StateDelivered  = "delivered"   // a worker has it, or it comes again
	StateAnswered   = "answered"    // it was acknowledged, and nothing is kept of what came of it
	StateDeadLetter = "dead_letter" // it could not be handled
)

// stand says how it stands now: an entry for each kind of trouble, or one that says that there is none.
func (t *teller) stand(ctx context.Context) ([]Entry, error) {
	if t.story.Kind == Connection {
		e, err := t.standConnection(ctx)
		return []Entry{e}, err
	}
	var (
		all   []Entry
		ended []*thread
	)
	for _, th := range t.story.threads() {
		if !th.open() {
			ended = append(ended, th)
			continue
		}
		e, err := t.standRequest(ctx, th)
		if err != nil {
			return nil, err
		}
		all = together(all, e)
	}
	if len(ended) > 0 {
		all = slices.Insert(all, 0, t.standEnded(ended, len(all) == 0))
	}
	return all, nil
}

// together counts a request that stands as another one does instead of repeating it.
func together(all []Entry, e Entry) []Entry {
	same := slices.IndexFunc(all, func(o Entry) bool {
		return o.State == e.State && o.Connection == e.Connection && o.Reason == e.Reason && o.Deliveries == e.Deliveries
	})
	if same < 0 {
		return append(all, e)
	}
	all[same].More++
	return all
}

func (t *teller) now(th *thread) Entry {
	e := Entry{At: t.at, Event: EventNow, Tenant: t.story.Tenant}
	if th != nil {
		e.Request, e.Run, e.Connection = th.request, th.run, th.connection
	}
	return e
}

// standEnded is about what is over; alone tells that everything is.
func (t *teller) standEnded(ended []*thread, alone bool) Entry {
	e := t.now(nil)
	e.Ended, e.State = true, "ended"
	if len(ended) == 1 {
		e = t.now(ended[0])
		at := ops.Stand(ended[0].ledger.kind, "", nil)
		e.Ended, e.State, e.Advice = true, at.State, at.Advice
		e.Text = "it has ended: " + at.State + doneAgainAs(ended[0].again)
	} else {
		e.Text = fmt.Sprintf("%d requests have ended: %s", len(ended), counted(ended))
	}
	if alone {
		e.Text += "; nothing is stuck"
	}
	return e
}

// counted says how many requests ended as what.
func counted(ended []*thread) string {
	var parts []string
	for _, end := range []events.Type{events.ActionCompleted, events.ActionFailed, events.ActionDenied, events.ActionSkipped,
		events.ActionUnknown, events.ActionTerminated} {
		n := 0
		for _, th := range ended {
			if th.ledger.kind == end {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+end.What())
		}
	}
	return strings.Join(parts, ", ")
}

// standRequest says what a request that has not ended waits for.
func (t *teller) standRequest(ctx context.Context, th *thread) (Entry, error) {
	e := t.now(th)
	if over, is := t.standLetter(e, th); is {
		return over, nil
	}
	entry, err := t.entry(ctx, th.connection)
	if err != nil {
		return e, err
	}
	reason := fault.Reason(th.chain.Reason)
	at := ops.Stand(th.ledger.kind, th.chain.kind, t.Secrets.Free(reason, entry, t.story.Tenant, th.connection, t.at))
	e.State, e.Advice = at.State, at.Advice
	if at.State == ops.StateWaiting {
		e.Reason, e.TerminatesAt = th.chain.Reason, th.chain.TerminatesAt
		e.Text = "suspended: " + t.found(entry) + "; terminates at " + ops.Moment(*e.TerminatesAt, t.at)
		return e, nil
	}
	err = t.standQueue(ctx, &e, th, entry)
	return e, err
}

// found is what the registry says of a connection.
func (t *teller) found(e *connection.Entry) string {
	if e == nil {
		return "nobody has created the connection"
	}
	name := "connection " + e.ID
	if f := e.Unusable(t.at); f != nil {
		return name + " can not be used: " + f.Detail
	}
	if e.Broken == nil {
		return name + " works again"
	}
	return name + " is broken since " + ops.Moment(e.Broken.Since, t.at) + ": " + because(string(e.Broken.Reason), "")
}

// standQueue is about what only a worker can do next: how far the consumer is that hands it out.
func (t *teller) standQueue(ctx context.Context, e *Entry, th *thread, entry *connection.Entry) error {
	stream, durable, sequence := events.StreamActions, bus.DurableActions, uint64(0)
	switch {
	case th.givenUp(): // and somebody has asked for another try
		durable, sequence = bus.DurableCommands, th.dealt.origin.Sequence
	case th.chain.kind != "":
		stream, durable, sequence = events.StreamSuspensions, bus.DurableChains, th.chain.Sequence
	case len(th.origins) > 0:
		sequence = slices.Max(th.origins)
	}
	if sequence == 0 || th.chain.Stream == events.StreamHistory {
		e.Text = "its last message is no longer kept, so that nothing more is known"
		return nil
	}
	c, err := t.consumer(ctx, bus.Durable{Stream: stream, Name: durable})
	if err != nil {
		return err
	}
	place := placeOf(c, sequence)
	e.Text = place.text(c)
	if e.State == ops.StateQueued {
		e.State = place.state()
	}
	if e.State == StateAnswered {
		e.Advice = []string{"holdfast deadletters list --tenant " + t.story.Tenant + " --since " + t.span().String()}
	}
	h, err := t.hear(ctx)
	if place == delivered {
		t.delayed(e, th, h)
	}
	if entry != nil && !entry.Works() {
		e.Text += "; " + t.found(entry) + ", so it will be suspended"
	}
	e.Text += h.ready
	return err
}

// owners are a connection's, as far as it was looked up and is known.
func (t *teller) owners(connection string) []string {
	if e := t.entries[connection]; e != nil {
		return e.Owners
	}
	return nil
}

// standConnection is how the connection itself is, and who waits for it.
func (t *teller) standConnection(ctx context.Context) (Entry, error) {
	e := t.now(nil)
	e.Connection = t.story.ID
	entry, err := t.entry(ctx, e.Connection)
	if err != nil {
		return e, err
	}
	waiting, first, err := t.waiting(ctx)
	if err != nil {
		return e, err
	}
	e.State, e.Text = ops.StateUnknown, t.found(entry)
	if entry != nil {
		e.State = string(entry.State())
	}
	works := entry != nil && entry.Broken == nil && entry.Unusable(t.at) == nil
	if works {
		e.Text = "it works"
	}
	switch {
	case waiting > 0:
		e.TerminatesAt = first.TerminatesAt
		e.Text += fmt.Sprintf("; %s for it, the first is terminated at %s", suspended(waiting), ops.Moment(*first.TerminatesAt, t.at))
		e.Advice = t.Secrets.Free(fault.Reason(first.Reason), entry, t.story.Tenant, e.Connection, t.at)
	case works:
		e.Text += ", and nothing waits for it"
	default:
		e.Text += "; nothing waits for it"
		e.Advice = t.Secrets.Free(fault.ConnectionMissing, entry, t.story.Tenant, e.Connection, t.at)
	}
	return e, nil
}

// waiting counts the suspended requests of the connection, and gives the one that ends first.
func (t *teller) waiting(ctx context.Context) (n int, first Entry, err error) {
	filter := events.ChainsFilter(t.story.Tenant, t.story.ID, "")
	for r, err := range t.Chains.Each(ctx, filter) {
		if err != nil {
			return 0, Entry{}, err
		}
		e, ok := read(events.StreamSuspensions, bus.Stored{Record: r.Record, Subject: r.Chain.Subject()})
		if !ok || !r.Type.Waits() {
			continue
		}
		if n++; first.TerminatesAt == nil || e.TerminatesAt.Before(*first.TerminatesAt) {
			first = e
		}
	}
	return n, first, nil
}

func suspended(n int) string {
	if n == 1 {
		return "1 suspended request waits"
	}
	return fmt.Sprintf("%d suspended requests wait", n)
}

package replay

import (
	"context"
	"iter"
	"time"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
)

// eachRequest goes through requests, joined with their ledgers, part by part.
func (r *Replay) eachRequest(ctx context.Context, sp span, do func(context.Context, candidate) error) error {
	ended := func(o original, l last) error { return r.hasEnd(ctx, o, l, do) }
	q := &queue{bus: r.bus, tenant: r.o.Select.Tenant, live: r.wet}
	for from, more := sp.First, true; more && from <= sp.Last; {
		if err := q.begin(ctx); err != nil {
			return err
		}
		j := r.join(ctx, span{from, sp.Last, sp.Asked}, ended)
		open, goesOn, err := j.part(ctx)
		if err != nil {
			return err
		}
		if err := r.earlier(ctx, open); err != nil {
			return err
		}
		if err := r.ask(ctx, q, open); err != nil {
			return err
		}
		if err := r.decide(ctx, q, open, do); err != nil {
			return err
		}
		from, more = j.next, goesOn
	}
	return nil
}

// join reads the requests of a span and their ledgers.
func (r *Replay) join(ctx context.Context, sp span, ended func(original, last) error) *join {
	j := &join{bounds: usualBounds(), ended: ended, inOrder: r.o.Force, whole: r.o.Select.Reason != ""}
	j.match = func(m bus.Message) (original, bool) {
		r.looked(m.Sequence)
		o := originalOf(events.StreamActions, m)
		return o, o.IDs.Request != "" && o.tenant() != "" && r.selects(o, sp.Asked)
	}
	j.requests = &cursor{open: func(from uint64) iter.Seq2[bus.Message, error] {
		return r.messages(ctx, span{max(from, sp.First), sp.Last, sp.Asked})
	}}
	j.ledgers = &cursor{open: func(from uint64) iter.Seq2[bus.Message, error] {
		return r.ledgerMessages(ctx, from, j.began.Add(-joinSkew))
	}}
	return j
}

// ledgerMessages reads ledgers: what kind each message is, and where its reason is asked for, all of it.
func (r *Replay) ledgerMessages(ctx context.Context, from uint64, since time.Time) iter.Seq2[bus.Message, error] {
	return r.bus.Messages(ctx, bus.Search{Stream: events.StreamOutcomes, Filter: r.ledgers(), From: from, Since: since,
		HeadersOnly: r.o.Select.Reason == ""})
}

// ledgers are the subjects of the ledgers that are looked at.
func (r *Replay) ledgers() string {
	s := r.o.Select
	if s.Tenant == "" {
		return events.LedgerSubject("*", "*")
	}
	if s.Request == "" {
		return events.LedgerSubject(s.Tenant, "*")
	}
	return events.LedgerSubject(s.Tenant, s.Request)
}

// hasEnd tells of a request that needs no more.
func (r *Replay) hasEnd(ctx context.Context, o original, l last, do func(context.Context, candidate) error) error {
	if !r.hasReason(l) {
		return nil
	}
	return do(ctx, candidate{original: o, Forecast: handlers.Forecast{Verdict: handlers.Ended}})
}

// copyOf is a request of which another copy is looked at.
func copyOf(o original, v handlers.Verdict) candidate {
	return candidate{original: o, Forecast: handlers.Forecast{Verdict: v, Detail: "another copy of it is looked at, too"}}
}

// hasReason tells whether a ledger's last message has the reason that is asked for.
func (r *Replay) hasReason(l last) bool {
	if r.o.Select.Reason == "" {
		return true
	}
	e, err := events.Decode(l.msg.Raw)
	if err != nil {
		return false
	}
	o, err := events.Payload[events.Outcome](e)
	return err == nil && o.Reason == r.o.Select.Reason
}

// decide foresees what a part has left, in order.
func (r *Replay) decide(ctx context.Context, q *queue, open []*waiting, do func(context.Context, candidate) error) error {
	seen := make(map[string]bool)
	for _, w := range open {
		if !r.hasReason(w.last) {
			continue
		}
		c, of := copyOf(w.original, handlers.Superseded), handlers.Superseded
		var err error
		if !seen[w.ledger] {
			c, err = r.first(ctx, q, w)
		}
		if w.kind.Ends() {
			of = handlers.Ended
		}
		seen[w.ledger] = true
		if err != nil {
			return err
		}
		err = do(ctx, c)
		for _, o := range w.copies {
			if err == nil {
				err = do(ctx, copyOf(o, of))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// first foresees the first message of a request. What is still before the workers is left to them.
func (r *Replay) first(ctx context.Context, q *queue, w *waiting) (candidate, error) {
	if !w.kind.Ends() {
		at, err := q.placeOf(ctx, w.ledger, w.At.Sequence)
		if err == nil && at == passed {
			err = r.lookUp(ctx, map[string][]*waiting{w.ledger: {w}})
		}
		if err != nil || at == ahead {
			return queued(w.original), err
		}
	}
	if !w.kind.Ends() {
		return r.undecided(ctx, w)
	}
	c, err := r.again(ctx, w.original, w.msg.Sequence)
	if err != nil || !c.forced {
		return c, err
	}
	// What was published before an interruption is not published twice.
	if at, err := q.placeOf(ctx, c.ledger(), 0); err != nil || at == ahead {
		return queued(w.original), err
	}
	return c, nil
}

// undecided foresees a request that has no end.
func (r *Replay) undecided(ctx context.Context, w *waiting) (candidate, error) {
	var ledger events.Record
	if w.kind != "" { // a mark: what it says is read anew
		var err error
		if ledger, err = r.bus.Journal().Last(ctx, w.ledger); err != nil {
			return candidate{}, err
		}
	}
	c, err := r.foresee(ctx, w.original, &ledger)
	if err == nil && c.Verdict == handlers.NotValid && c.Reason == fault.Stale && r.o.Force {
		return r.again(ctx, w.original, 0) // whether it ran can not be told any more: that is what force is for
	}
	return c, err
}

// again is a request that has its end at a sequence of the outcomes, 0 where it is too old for one: by force it is done
// again, else nothing happens.
func (r *Replay) again(ctx context.Context, o original, end uint64) (candidate, error) {
	if !r.o.Force || !r.force.allows(end) {
		return candidate{original: o, Forecast: handlers.Forecast{Verdict: handlers.Ended}}, nil
	}
	anew, err := r.anew(o)
	if err != nil {
		return candidate{}, err
	}
	c, err := r.foresee(ctx, anew, new(events.Record))
	c.forced = c.Verdict != handlers.NotValid
	return c, err
}

// readPerLook is how many messages of ledgers are read in the time in which one is looked up.
const readPerLook = 20

// earlier finds ledgers that the join has passed by: those of copies that were published later. Few are looked up, for
// many all ledgers are read.
func (r *Replay) earlier(ctx context.Context, open []*waiting) error {
	unknown := make(map[string][]*waiting)
	for _, w := range open {
		if w.kind == "" {
			unknown[w.ledger] = append(unknown[w.ledger], w)
		}
	}
	holds, err := r.bus.State(ctx, events.StreamOutcomes)
	if err != nil || len(unknown) == 0 {
		return err
	}
	if uint64(len(unknown)*readPerLook) < holds.Last+1-holds.First {
		return r.lookUp(ctx, unknown)
	}
	for m, err := range r.ledgerMessages(ctx, 0, zero) {
		if err != nil {
			return err
		}
		for _, w := range unknown[m.Subject] {
			w.last = last{kindOf(m), m}
		}
	}
	return nil
}

func (r *Replay) lookUp(ctx context.Context, unknown map[string][]*waiting) error {
	journal := r.bus.Journal()
	for subject, all := range unknown {
		rec, err := journal.Last(ctx, subject)
		if err != nil {
			return err
		}
		if rec.Sequence == 0 {
			continue
		}
		raw, err := rec.Encode()
		if err != nil {
			return fault.Wrap(fault.Internal, "a ledger's event could not be encoded", err)
		}
		for _, w := range all {
			w.last = last{rec.Type, bus.Message{Subject: subject, Sequence: rec.Sequence, Stored: rec.Stored, Raw: raw}}
		}
	}
	return nil
}

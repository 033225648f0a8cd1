package handlers

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
	"holdfast/internal/suspension"
)

// Sweep looks at every chain and every broken connection once, and does what should have been done: the
// alarm's step past a deadline, a timer that is missing, a resume that a crash cut off. Several workers may
// do it at once; it decides nothing by itself.
func (h *Handlers) Sweep(ctx context.Context) error {
	held, failed := 0, error(nil)
	for rec, err := range h.Journal.Each(ctx, events.ChainsFilter("", "", "")) {
		if err != nil {
			return errors.Join(failed, err)
		}
		if suspension.StateOf(rec.Record) != suspension.Waiting {
			continue
		}
		held++
		failed = keepFirst(failed, h.sweepOne(ctx, rec))
	}
	h.Observer.Held(held)
	return errors.Join(failed, h.forgetMissing(ctx), h.eachBroken(ctx, func(e *connection.Entry) error {
		_, err := h.Recover(ctx, e.Tenant, e.ID)
		return unlessContended(err)
	}))
}

// brokenParallel is how many broken connections are looked at side by side: each may wait for a target that
// does not answer, and none may hold up the others.
const brokenParallel = 16

// eachBroken does f for every connection that is broken and can be repaired.
func (h *Handlers) eachBroken(ctx context.Context, f func(*connection.Entry) error) error {
	var g errgroup.Group
	g.SetLimit(brokenParallel)
	for e := range h.Registry.All() {
		if e.Broken != nil && !e.Deleted && !e.Missing && !e.Disabled && ctx.Err() == nil {
			g.Go(func() error { return f(e) })
		}
	}
	return g.Wait()
}

func (h *Handlers) sweepOne(ctx context.Context, rec events.ChainRecord) error {
	s, err := events.Payload[events.Suspension](rec.Event)
	if err != nil {
		return err
	}
	now := h.Clock.Now()
	if !now.Before(s.TerminatesAt) {
		return errorOf(h.due(ctx, rec, now))
	}
	return errorOf(h.settle(ctx, rec))
}

// errorOf is why a result asks for another try; nil when it does not.
func errorOf(r dispatch.Result) error {
	if r.Verb == dispatch.Retry && r.Fault != nil {
		return r.Fault
	}
	return nil
}

func keepFirst(first, next error) error {
	if first != nil {
		return first
	}
	return next
}

// SweepForever sweeps at start, since a crash may be the reason for starting, and then as often as the
// options say, one worker at a time.
func (h *Handlers) SweepForever(ctx context.Context, report func(error)) {
	report(h.Sweep(ctx))
	h.forever(ctx, h.opts.SweepEvery, func() {
		if ok, err := h.Leases.Hold(ctx, "sweep", h.opts.SweepEvery/2); err != nil || !ok {
			report(err)
			return
		}
		report(h.Sweep(ctx))
	})
}

// PollBroken looks whether the secret of a broken connection has another version by now: a bare write to
// Vault is announced by nobody. One worker at a time looks at one connection.
func (h *Handlers) PollBroken(ctx context.Context, report func(error)) {
	h.forever(ctx, h.opts.PollEvery, func() {
		report(h.eachBroken(ctx, func(e *connection.Entry) error { return h.poll(ctx, e) }))
	})
}

func (h *Handlers) poll(ctx context.Context, e *connection.Entry) error {
	ok, err := h.Leases.Hold(ctx, "poll-"+e.Tenant+"."+e.ID, h.opts.PollEvery*3/4)
	if err != nil || !ok {
		return err
	}
	_, err = h.Recover(ctx, e.Tenant, e.ID)
	return unlessContended(err)
}

// unlessContended passes over what only means that somebody else is at it.
func unlessContended(err error) error {
	f := fault.From(err)
	if f == nil || f.Reason == fault.VerifyingElsewhere || f.Reason == fault.Conflict {
		return nil
	}
	return f
}

// forever does f every interval, a tenth of it earlier or later, until ctx ends.
func (h *Handlers) forever(ctx context.Context, every time.Duration, f func()) {
	for pause.For(ctx, jitter(every)) {
		f()
	}
}

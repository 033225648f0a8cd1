package handlers

import (
	"cmp"
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/suspension"
)

// suspend stops a run until its connection works. The order matters: the connection is marked broken at
// the credentials that failed, the ledger learns that there is a chain, the chain decides, the timer is
// set; and then a last look catches a repair that went through in between.
func (h *Handlers) suspend(ctx context.Context, j *job, a attempt) dispatch.Result {
	if !a.known {
		moved, err := h.markBroken(ctx, a.creds, a.fault, j.cause == events.CauseOperator)
		if err != nil {
			return again(ctx, err)
		}
		if moved {
			return dispatch.Again(fault.New(fault.Conflict, "the connection changed while it was tried"))
		}
	}
	if err := h.markChained(ctx, j, a); err != nil {
		return again(ctx, err)
	}
	rec, s, err := h.appendSuspended(ctx, j, a)
	if tooLarge(err) {
		return dispatch.Refuse(fault.From(err))
	}
	if err != nil {
		return again(ctx, err)
	}
	h.Observer.Suspension(events.SuspensionSuspended, a.fault.Reason, "")
	h.used(j, events.SuspensionSuspended)
	if j.slow() { // another worker may have been given the request meanwhile
		return h.settle(ctx, rec)
	}
	return h.await(ctx, rec, s)
}

// markBroken marks a connection broken at the credentials that failed; moved tells that it has other ones
// by now, so that the failure says nothing. Another failure of the same credentials is worth a note only
// where somebody had asked for the try.
func (h *Handlers) markBroken(ctx context.Context, c credentials, why *fault.Fault, asked bool) (moved bool, err error) {
	seen := c.entry
	for {
		e, rev, err := h.Registry.Fresh(ctx, seen.Tenant, seen.ID)
		if err != nil {
			return false, err
		}
		if e == nil {
			e = connection.Missed(seen.Tenant, seen.ID)
		}
		known := e.KnownBroken(c.fence) && e.Broken.Reason == why.Reason
		if e.Disabled && why.Reason == fault.ConnectionDisabled {
			return false, nil // the event that turned it off has said so
		}
		if known && e.Probe == nil && !asked {
			return false, nil
		}
		next, ok := connection.Break(e, seen, c.fence, why, h.Clock.Now())
		if !ok {
			return true, nil
		}
		if known {
			next.Moved = nil
		}
		rev, err = h.Registry.Put(ctx, next, rev)
		if conflict(err) {
			continue
		}
		if err != nil || known {
			return false, err
		}
		return false, h.announce(ctx, next, rev)
	}
}

// markChained tells the ledger that the request has a chain, before it has one.
func (h *Handlers) markChained(ctx context.Context, j *job, a attempt) error {
	if j.chained {
		return nil
	}
	j.chained = true
	o := j.outcome(a.fault, a.creds.fence)
	seq, err := h.append(ctx, events.LedgerSubject(j.Tenant, j.req.ID), j.ledger.Sequence, events.ActionSuspended, o)
	j.ledger.Sequence, j.ledger.Type = seq, events.ActionSuspended
	return err
}

func (h *Handlers) appendSuspended(ctx context.Context, j *job, a attempt) (events.ChainRecord, events.Suspension, error) {
	wait := cmp.Or(a.creds.entry.SuspendFor.Duration(), h.opts.SuspendFor)
	if h.opts.MaxSuspend > 0 {
		wait = min(wait, h.opts.MaxSuspend) // chains are kept a day longer than this, and no more
	}
	why := suspension.Why{Fault: a.fault, Fence: a.creds.fence}
	now := h.Clock.Now()
	s, err := suspension.Suspend(j.req, j.at, why, now, wait, j.chain)
	if err != nil {
		return events.ChainRecord{}, s, err
	}
	e, err := events.New(events.SuspensionSuspended, now, s)
	if err != nil {
		return events.ChainRecord{}, s, err
	}
	c := j.req.Chain()
	seq, err := h.store(ctx, c.Subject(), j.chain, e)
	return events.ChainRecord{Record: events.Record{Event: e, Stored: now, Sequence: seq}, Chain: c}, s, err
}

// settle is await for a suspension that somebody else may have left halfway, or that has waited: its request
// may have ended since.
func (h *Handlers) settle(ctx context.Context, rec events.ChainRecord) dispatch.Result {
	s, err := events.Payload[events.Suspension](rec.Event)
	if err != nil {
		return again(ctx, err)
	}
	ended, err := h.reconcile(ctx, rec)
	if err != nil {
		return again(ctx, err)
	}
	if ended {
		return dispatch.Done("reconciled")
	}
	return h.await(ctx, rec, s)
}

// await finishes what a suspension needs beside its event, as often as it is asked to: its timer, and a look
// whether it waits for nothing: its run was terminated, or its connection was repaired, before anybody could
// have seen that this run waits for it.
func (h *Handlers) await(ctx context.Context, rec events.ChainRecord, s events.Suspension) dispatch.Result {
	ring := suspension.NextRing(s, h.Clock.Now(), h.opts.EndingSoon)
	if err := h.Timers.Set(ctx, rec.Chain, rec.Sequence, ring); err != nil {
		return again(ctx, err)
	}
	if h.Runs.Terminated(s.Tenant, s.Run) {
		return doneUnless(ctx, h.terminate(ctx, rec, suspension.Step{Cause: events.CauseRunTerminated}), "terminated")
	}
	e, err := h.working(ctx, s.Tenant, s.Connection, []events.ChainRecord{rec})
	if err != nil {
		return again(ctx, err)
	}
	if e == nil {
		return dispatch.Done("suspended")
	}
	if !h.paceOf(e).Allow() {
		return dispatch.Later("paced", time.Second)
	}
	step := suspension.Step{Cause: events.CauseRestored}
	return doneUnless(ctx, h.resume(ctx, rec, step, e.Now()), "suspended")
}

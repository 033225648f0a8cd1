package handlers

import (
	"cmp"
	"context"
	"strings"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// complete ends a request whose action was done. A success with credentials that were not known to work is
// what repairs a connection.
func (h *Handlers) complete(ctx context.Context, j *job, a attempt) dispatch.Result {
	o := j.outcome(nil, a.creds.fence)
	o.Response = a.response
	res := h.conclude(ctx, j, events.ActionCompleted, o)
	if res.Verb != dispatch.Ack || a.creds.entry.Broken == nil && j.cause != events.CauseProbe {
		return res
	}
	if err := h.restore(ctx, a.creds.entry, a.creds.fence); err != nil {
		return again(ctx, err)
	}
	return res
}

// deny ends a request that a rule forbids: what the outcome names is that rule.
func (h *Handlers) deny(ctx context.Context, j *job, f *fault.Fault) dispatch.Result {
	o := j.outcome(f, connection.Fence{})
	o.Rule = cmp.Or(f.Rule, string(f.Reason))
	return h.conclude(ctx, j, events.ActionDenied, o)
}

// skip ends a request whose own condition is not met: nothing was done.
func (h *Handlers) skip(ctx context.Context, j *job) dispatch.Result {
	o := j.outcome(nil, connection.Fence{})
	o.Detail = "its condition, when, is not met"
	return h.conclude(ctx, j, events.ActionSkipped, o)
}

// fail ends a request that came to nothing.
func (h *Handlers) fail(ctx context.Context, j *job, f *fault.Fault) dispatch.Result {
	return h.conclude(ctx, j, events.ActionFailed, j.outcome(f, connection.Fence{}))
}

// failWith is fail with the target's answer in it.
func (h *Handlers) failWith(ctx context.Context, j *job, a attempt) dispatch.Result {
	o := j.outcome(a.fault, a.creds.fence)
	o.Response = a.response
	return h.conclude(ctx, j, events.ActionFailed, o)
}

// tellRule counts what permission sets decided.
func (h *Handlers) tellRule(j *job, o events.Outcome) {
	switch {
	case permission.Decided(o.Rule):
		h.Observer.Decided(permission.Rule(o.Rule))
	case o.Deprecated:
		h.Observer.Decided(permission.BySiteSet)
	case j.granted != nil:
		h.Observer.Decided(permission.ByAppSet)
	}
}

// conclude publishes a request's end. Where another end landed first, that one stands. Where a mark did, the
// end follows it; an at-most-once request looks again first, because the mark may be an effect's.
func (h *Handlers) conclude(ctx context.Context, j *job, t events.Type, o events.Outcome) dispatch.Result {
	ctx, cancel := detached(ctx)
	defer cancel()
	o.Detail = strings.TrimPrefix(o.Detail+h.inDoubt(j, t), "; ")
	subject, after := events.LedgerSubject(j.Tenant, j.req.ID), j.ledger.Sequence
	for {
		_, err := h.append(ctx, subject, after, t, o)
		if err == nil {
			h.Observer.Outcome(t, fault.Reason(o.Reason))
			h.tellRule(j, o)
			h.used(j, t)
			return dispatch.Done(t.What())
		}
		if tooLarge(err) && o.Response != nil {
			o.Response, o.Detail = nil, "the answer was left out: the bus takes no message of its size"
			continue
		}
		if !conflict(err) {
			return again(ctx, err)
		}
		last, err := h.ledgerOf(ctx, j.Tenant, j.req.ID)
		if err != nil {
			return again(ctx, err)
		}
		if last.Type.Ends() {
			return dispatch.Done("duplicate")
		}
		if j.atMostOnce() {
			return dispatch.Again(fault.New(fault.Conflict, "another copy of the request is at work"))
		}
		after = last.Sequence
	}
}

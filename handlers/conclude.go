package handlers

import (
	"cmp"
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
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

// conclude publishes a request's end. Where another end landed first, that one stands. Where a mark did, the
// end follows it; an at-most-once request looks again first, because the mark may be an effect's.
func (h *Handlers) conclude(ctx context.Context, j *job, t events.Type, o events.Outcome) dispatch.Result {
	defer h.stage("publish", time.Now())
	ctx, cancel := detached(ctx)
	defer cancel()
	subject, after := events.LedgerSubject(j.Tenant, j.req.ID), j.ledger.Sequence
	for {
		_, err := h.append(ctx, subject, after, t, o)
		if err == nil {
			h.Observer.Outcome(t, fault.Reason(o.Reason))
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
		last, err := h.Journal.Last(ctx, subject)
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

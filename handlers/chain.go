package handlers

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/suspension"
)

// ChainMoved handles the events of every chain as they are stored: resumed is run from here, terminated is
// made the request's end.
func (h *Handlers) ChainMoved(ctx context.Context, d dispatch.Delivery) dispatch.Result {
	c, ok := events.ParseChain(d.Subject)
	e, err := events.Decode(d.Data)
	if !ok || err != nil {
		return dispatch.Refuse(fault.Wrap(fault.NotCloudEvents, "a chain holds an event that is not one of ours", err))
	}
	if e.Type.Waits() {
		return dispatch.Done("waiting")
	}
	s, err := events.Payload[events.Suspension](e)
	if err != nil {
		return dispatch.Refuse(fault.Wrap(fault.SchemaViolation, "a chain holds an event that is not one of ours", err))
	}
	switch e.Type {
	case events.SuspensionResumed:
		return h.resumed(ctx, d, e, c, s)
	case events.SuspensionTerminated:
		return h.terminated(ctx, d, c, s)
	default:
		return dispatch.Done("waiting")
	}
}

// resumed runs the request of a chain again, unless the chain has moved on or the request has ended. A probe
// that ends without a suspension gives its role back, whatever came of it.
func (h *Handlers) resumed(ctx context.Context, d dispatch.Delivery, e events.Event, c events.Chain, s events.Suspension) dispatch.Result {
	if d.Deliveries > 1 { // the first delivery of an event is what moves its chain on
		if res, moved := h.superseded(ctx, d, c); moved {
			return res
		}
	}
	res := h.rerun(ctx, d, e, c, s)
	if s.Cause != events.CauseProbe || res.Verb != dispatch.Ack {
		return res
	}
	if err := h.endProbe(ctx, c.Tenant, c.Connection, c.Request); err != nil {
		return again(ctx, err)
	}
	return res
}

// superseded tells whether a chain has moved on from the event at hand. A bus that has lost count of its
// deliveries may hide that: then the run is tried once more for nothing, and its publish loses.
func (h *Handlers) superseded(ctx context.Context, d dispatch.Delivery, c events.Chain) (dispatch.Result, bool) {
	last, err := h.chainOf(ctx, c)
	switch {
	case err != nil:
		return again(ctx, err), true
	case last.Sequence == d.Sequence:
		return dispatch.Result{}, false
	case suspension.StateOf(last) == suspension.Waiting:
		return h.settle(ctx, events.ChainRecord{Record: last, Chain: c}), true
	default:
		return dispatch.Done("superseded"), true
	}
}

// rerun takes a resumed request to its end, or its next suspension.
func (h *Handlers) rerun(ctx context.Context, d dispatch.Delivery, e events.Event, c events.Chain, s events.Suspension) dispatch.Result {
	j, err := h.jobOf(d, e, c, s)
	if err != nil {
		return again(ctx, err)
	}
	if j.ledger, err = h.ledgerOf(ctx, c.Tenant, c.Request); err != nil {
		return again(ctx, err)
	}
	if j.ledger.Type.Ends() {
		return dispatch.Done("duplicate")
	}
	if j.ledger.Type == events.ActionStarted {
		mark, err := events.Payload[events.Outcome](j.ledger.Event)
		if err != nil {
			return again(ctx, err)
		}
		return h.interrupted(ctx, j, mark)
	}
	h.resolve(ctx, j)
	return h.admit(ctx, j)
}

// jobOf makes a job of the request that a chain carries.
func (h *Handlers) jobOf(d dispatch.Delivery, e events.Event, c events.Chain, s events.Suspension) (*job, error) {
	r, err := events.Payload[events.Request](events.Event{Type: events.ActionRequested, Data: s.Original})
	if err != nil {
		return nil, err
	}
	r.Tenant = c.Tenant
	m := dispatch.Meta{Delivery: d, Tenant: c.Tenant, EventID: e.ID, EventTime: e.Time}
	return &job{Meta: m, req: r, at: s.OriginalAt, chained: true, chain: d.Sequence, cause: s.Cause, asked: s.AskedAt, began: time.Now()}, nil
}

// terminated makes a terminated suspension its request's end, closes the run to later requests, and ends
// the run's other suspensions.
func (h *Handlers) terminated(ctx context.Context, d dispatch.Delivery, c events.Chain, s events.Suspension) dispatch.Result {
	j, err := h.jobOf(d, events.Event{}, c, s)
	if err != nil {
		return again(ctx, err)
	}
	if j.ledger, err = h.ledgerOf(ctx, c.Tenant, c.Request); err != nil {
		return again(ctx, err)
	}
	if err = h.Runs.Terminate(ctx, c.Tenant, c.Run); err != nil {
		return again(ctx, err)
	}
	res := dispatch.Done("duplicate")
	if !j.ledger.Type.Ends() {
		if mark, err := events.Payload[events.Outcome](j.ledger.Event); err == nil {
			j.recall(mark)
		}
		o := j.outcome(fault.New(fault.Reason(s.Reason), s.Detail), fenceOf(s))
		o.Cause = s.Cause
		res = h.conclude(ctx, j, events.ActionTerminated, o)
	}
	if res.Verb != dispatch.Ack || s.Cause == events.CauseRunTerminated {
		return res
	}
	return h.terminateRun(ctx, c)
}

func fenceOf(s events.Suspension) connection.Fence {
	return connection.Fence{Generation: s.Generation, SecretVersion: s.SecretVersion}
}

// terminateRun ends what else of a run waits.
func (h *Handlers) terminateRun(ctx context.Context, c events.Chain) dispatch.Result {
	for rec, err := range h.Journal.Each(ctx, events.ChainsFilter(c.Tenant, "", c.Run)) {
		if err != nil {
			return again(ctx, err)
		}
		if suspension.StateOf(rec.Record) != suspension.Waiting {
			continue
		}
		if err = h.end(ctx, rec, suspension.Step{Cause: events.CauseRunTerminated}); err != nil {
			return again(ctx, err)
		}
	}
	return dispatch.Done("terminated")
}

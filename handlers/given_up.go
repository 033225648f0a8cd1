package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// givenUp handles the last event of a chain again that workers gave up, as its delivery did: nothing else ever takes
// it up. A person asks for it, for it may take workers down again; then the command is what they give up.
func (h *Handlers) givenUp(ctx context.Context, m dispatch.Meta, c events.SuspensionCommand) dispatch.Result {
	chain := events.Chain{Tenant: m.Tenant, Connection: c.Connection, Run: c.Run, Request: c.Request}
	if chain.Connection == "" || chain.Run == "" || chain.Request == "" {
		return dispatch.Refuse(fault.New(fault.SchemaViolation, "what was given up is an event of one suspension, and its "+
			"connection_id, run_id and request_id are not all named").WithField("/data/given_up"))
	}
	release, ok, err := h.Leases.Keep(ctx, "copy-"+m.Tenant+"."+c.Request, copyLease)
	switch {
	case err != nil:
		return again(ctx, err)
	case !ok:
		return dispatch.Again(fault.New(fault.Conflict, "the request is at work elsewhere"))
	}
	defer release()
	last, err := h.chainOf(ctx, chain)
	switch {
	case err != nil:
		return again(ctx, err)
	case last.Sequence != c.GivenUp || last.Type.Waits():
		return dispatch.Done("superseded")
	}
	if res, ok := h.mayHandleAgain(ctx, last); !ok {
		return res
	}
	return h.handleAgain(ctx, chain, last)
}

// mayHandleAgain tells whether an event of a chain is nobody's any more, and the ledger still remembers whatever came
// of it. false: res says what follows.
func (h *Handlers) mayHandleAgain(ctx context.Context, last events.Record) (res dispatch.Result, ok bool) {
	if age := h.opts.LedgerAge; age > 0 && h.Clock.Now().Sub(last.Stored) >= dispatch.StaleAge(age) {
		return dispatch.Refuse(fault.New(fault.Stale, "the suspension moved longer ago than the ledger remembers: nobody can tell "+
			"whether its request ran").WithHint("publish the request under a new request_id if its effect did not happen")), false
	}
	answered, err := h.Journal.Answered(ctx, last.Sequence)
	switch {
	case err != nil:
		return again(ctx, err), false
	case !answered:
		return dispatch.Again(fault.New(fault.Conflict, "the event, or an older one of another suspension, is still with the workers")), false
	default:
		return dispatch.Result{}, true
	}
}

// handleAgain hands a record of a chain to what handles its deliveries.
func (h *Handlers) handleAgain(ctx context.Context, c events.Chain, last events.Record) dispatch.Result {
	data, err := last.Encode()
	if err != nil {
		return again(ctx, err)
	}
	return h.ChainMoved(ctx, dispatch.Delivery{Subject: c.Subject(), Stream: events.StreamSuspensions, Sequence: last.Sequence,
		Time: last.Stored, Deliveries: 2, Data: data}) // not the first: what moved the chain on meanwhile is looked for
}

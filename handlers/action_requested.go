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

// otherCopy is how long a copy of a request that began to suspend it may take to finish that.
const otherCopy = 10 * time.Minute

// ActionRequested handles action.requested. Whatever was done for this request id before is found on its
// ledger: an end is never followed by another effect.
func (h *Handlers) ActionRequested(ctx context.Context, m dispatch.Meta, r events.Request) dispatch.Result {
	r.Tenant = m.Tenant
	release, ok := claim(&h.running, m.Tenant+"/"+r.ID)
	if !ok {
		return dispatch.Again(fault.New(fault.Conflict, "another copy of the request is at work"))
	}
	defer release()
	end, held, err := h.onlyCopy(ctx, m, r.ID)
	switch {
	case err != nil:
		return again(ctx, err)
	case !held:
		return dispatch.Again(fault.New(fault.Conflict, "another copy of the request is at work"))
	}
	defer end()
	j := &job{Meta: m, req: r, at: events.Origin{Stream: m.Stream, Sequence: m.Sequence}, began: time.Now()}
	if j.ledger, err = h.ledgerOf(ctx, m.Tenant, r.ID); err != nil {
		return again(ctx, err)
	}
	h.resolve(ctx, j)
	if j.ledger.Sequence == 0 {
		if f := h.stale(m); f != nil {
			return dispatch.Refuse(f)
		}
	} else if res, done := h.continued(ctx, j); done {
		return res
	}
	return h.admit(ctx, j)
}

// stale refuses a request that the ledger knows nothing of and that is older than what it remembers, by the
// bus's time or its own.
func (h *Handlers) stale(m dispatch.Meta) *fault.Fault {
	if h.opts.LedgerAge <= 0 {
		return nil
	}
	if dispatch.Age(m, h.Clock.Now()) < dispatch.StaleAge(h.opts.LedgerAge) {
		return nil
	}
	return fault.New(fault.Stale, "the request is older than the ledger: nobody can tell whether it ran before").
		WithHint("publish it again under a new request_id if its effect did not happen")
}

// continued handles a request whose ledger is not empty; done is false when it may run all the same.
func (h *Handlers) continued(ctx context.Context, j *job) (res dispatch.Result, done bool) {
	if j.ledger.Type.Ends() {
		return dispatch.Done("duplicate"), true
	}
	mark, err := events.Payload[events.Outcome](j.ledger.Event)
	if err != nil {
		return again(ctx, err), true
	}
	if mark.Chained {
		if res, done = h.chainDecides(ctx, j, mark); done {
			return res, true
		}
	}
	if j.ledger.Type == events.ActionStarted {
		return h.interrupted(ctx, j, mark), true
	}
	return dispatch.Result{}, false
}

// chainDecides looks at the chain that the ledger points to. A mark without a chain was left by a worker
// that stopped in between: the request runs as if it were new. Where another copy of the request left it, that
// one is not finished: it will be delivered again, and goes first for as long as that can take.
func (h *Handlers) chainDecides(ctx context.Context, j *job, mark events.Outcome) (dispatch.Result, bool) {
	c := events.Chain{Tenant: j.Tenant, Connection: mark.Connection, Run: mark.Run, Request: mark.Request}
	last, err := h.chainOf(ctx, c)
	if err != nil {
		return again(ctx, err), true
	}
	switch suspension.StateOf(last) {
	case suspension.Absent:
		if mark.Origin != j.origin() && h.Clock.Now().Sub(j.ledger.Stored) < otherCopy {
			return dispatch.Again(fault.New(fault.Conflict, "another copy of the request is at work")), true
		}
		j.chained = c == j.req.Chain() // the mark stays good for the same chain only
		return dispatch.Result{}, false
	case suspension.Waiting:
		return h.settle(ctx, events.ChainRecord{Record: last, Chain: c}), true
	default:
		return dispatch.Done("duplicate"), true
	}
}

// interrupted handles an effect that was started and has no end. Only the message that started it may say
// that nobody knows what came of it: any other copy leaves that to it.
func (h *Handlers) interrupted(ctx context.Context, j *job, mark events.Outcome) dispatch.Result {
	if mark.Origin != j.origin() {
		return dispatch.Done("duplicate")
	}
	j.recall(mark)
	f := fault.New(fault.EffectUnknown, "the action was started and its answer never recorded")
	return h.conclude(ctx, j, events.ActionUnknown, j.outcome(f, connection.Fence{}))
}

// admit takes a request to its end, its suspension, or another try later.
func (h *Handlers) admit(ctx context.Context, j *job) dispatch.Result {
	h.recallTries(j)
	res := h.admitted(ctx, j)
	h.noteTry(j, res)
	return res
}

// admitted is what can be said of a request before its connection is looked at.
func (h *Handlers) admitted(ctx context.Context, j *job) dispatch.Result {
	switch {
	case j.req.StepKind == events.FormStep:
		return h.deny(ctx, j, fault.New(fault.FormStep, "a form step can not be executed with a connection"))
	case h.Runs.Terminated(j.Tenant, j.req.Run):
		return h.deny(ctx, j, fault.New(fault.RunTerminated, "the run was terminated"))
	case j.req.Deadline != nil && !h.Clock.Now().Before(*j.req.Deadline):
		return h.fail(ctx, j, fault.New(fault.Deadline, "the request's deadline has passed"))
	case h.opts.RequireApp && j.req.App == "" && j.refused == nil:
		return h.deny(ctx, j, fault.New(fault.AppRequired, "the request names no app").WithField("/data/app_id"))
	case j.refused != nil && j.refused.Class() == fault.Denied:
		return h.deny(ctx, j, j.refused)
	case j.refused != nil:
		return again(ctx, j.refused)
	}
	switch ok, f := h.wanted(ctx, j); {
	case f != nil && f.Class().Retries():
		return again(ctx, f)
	case f != nil:
		return h.fail(ctx, j, f)
	case !ok:
		return h.skip(ctx, j)
	default:
		return h.run(ctx, j)
	}
}

package handlers

import (
	"context"
	"encoding/json"
	"time"

	"holdfast/events"
	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// execute authenticates and performs the action, where there is a place for it.
func (h *Handlers) execute(ctx context.Context, j *job, c *credentials) (json.RawMessage, *fault.Fault) {
	leave, f := h.strained.enter(j.connectionKey())
	if f != nil {
		return nil, f
	}
	defer leave()
	began := time.Now()
	response, f := h.executeNow(ctx, j, c)
	h.strained.note(j.connectionKey(), time.Since(began), f)
	return response, f
}

func (h *Handlers) executeNow(ctx context.Context, j *job, c *credentials) (response json.RawMessage, f *fault.Fault) {
	con, ok := h.Connectors.Lookup(j.req.Action.Connector)
	if !ok {
		return nil, fault.New(fault.OperationForbidden, "there is no such connector").WithField("/data/action/connector")
	}
	c.asked = j.asked
	f = h.authenticated(ctx, c, func(cred credential.Credential) *fault.Fault {
		response, f = h.effect(ctx, j, con, *c, cred)
		return f
	})
	return response, f
}

// authenticated does something with a credential. A refused access token is replaced once where it may have ended early, or
// given way to another worker's: then it says nothing about the credentials behind it.
func (h *Handlers) authenticated(ctx context.Context, c *credentials, do func(credential.Credential) *fault.Fault) *fault.Fault {
	cred, f := h.authenticate(ctx, c)
	if f != nil {
		return f
	}
	if f = do(cred); f == nil || f.Reason != fault.BadCredentials {
		return f
	}
	if !h.Auth.Reject(c.entry, cred) {
		return h.unlessPassed(ctx, c, cred, f)
	}
	ctx, release, err := h.Auth.Alone(ctx, c.entry, cred)
	if err != nil {
		return fault.From(err)
	}
	defer release()
	if cred, f = h.authenticate(ctx, c); f != nil {
		return f
	}
	if f = do(cred); f == nil || f.Reason != fault.BadCredentials {
		return f
	}
	return h.unlessPassed(ctx, c, cred, f)
}

// unlessPassed is the refusal of a credential, unless its time had passed when it was refused.
func (h *Handlers) unlessPassed(ctx context.Context, c *credentials, cred credential.Credential, refusal *fault.Fault) *fault.Fault {
	passed, err := h.Auth.Passed(ctx, c.entry, cred)
	switch {
	case err != nil:
		return fault.From(err)
	case passed:
		return fault.Wrap(fault.Conflict, "the access token ended, or another worker replaced it, while it was used", refusal)
	default:
		return refusal
	}
}

// authenticate gives the credential. A refresh may have found a later version of the secret than ours: then
// that is the one that works, or does not.
func (h *Handlers) authenticate(ctx context.Context, c *credentials) (_ credential.Credential, f *fault.Fault) {
	ctx, end := h.Observer.Begin(ctx, dispatch.StageAuthenticate)
	defer func() { end(f) }()
	e, f := h.applied(c.entry)
	if f != nil {
		return credential.Credential{}, f
	}
	cred, err := h.Auth.Authenticate(ctx, e, c.secret, c.asked)
	if cred.SecretVersion > c.fence.SecretVersion {
		if later := h.secretOf(ctx, c.entry, true); later.fault == nil {
			c.secret, c.fence = later.secret, later.fence
		}
	}
	return cred, fault.From(err)
}

// effect is the one place where something happens outside. An at-most-once effect is announced on the
// ledger before it starts, and taken back where the answer proves that nothing happened.
func (h *Handlers) effect(ctx context.Context, j *job, con connector.Connector, c credentials, cred credential.Credential) (json.RawMessage, *fault.Fault) {
	e, f := h.applied(c.entry)
	if f != nil {
		return nil, f
	}
	req := connector.Request{
		Operation: j.req.Action.Operation, Input: j.req.Action.Input, Settings: e.Settings,
		Credential: cred, IdempotencyKey: j.req.ID,
	}
	if f := inInput(fault.From(con.Validate(req))); f != nil {
		return nil, f
	}
	if f := h.limit(j, &req); f != nil {
		return nil, f
	}
	if f := h.look(ctx, j, con, &req); f != nil {
		return nil, f
	}
	if !j.atMostOnce() {
		response, f := h.write(ctx, j, con, req)
		return h.strip(j, req.Operation, response, f)
	}
	if f := h.mark(ctx, j, events.ActionStarted, c); f != nil {
		return nil, f
	}
	response, f := h.write(ctx, j, con, req)
	response, f = h.strip(j, req.Operation, response, f)
	switch {
	case f == nil:
	case f.NoEffect:
		if g := h.mark(ctx, j, events.ActionReleased, c); g != nil {
			return nil, g
		}
	case f.Class() != fault.Failed:
		f = fault.Wrap(fault.EffectUnknown, "the action was sent and no answer says what came of it", f)
	}
	return response, f
}

// write performs what may change something.
func (h *Handlers) write(ctx context.Context, j *job, con connector.Connector, req connector.Request) (json.RawMessage, *fault.Fault) {
	response, f := h.perform(ctx, j, con, req)
	if f != nil && req.Fenced && f.Reason == fault.Conflict && j.Deliveries >= fencedTries && h.unmoved(ctx, j, con, req) {
		f = fault.Wrap(fault.TargetRejected, "the target refuses writes to the version that it tells of the record itself: "+f.Detail, f).WithNoEffect()
	}
	j.sent = j.sent || f == nil || !f.NoEffect
	return response, f
}

// perform executes within the request's own deadline.
func (h *Handlers) perform(ctx context.Context, j *job, con connector.Connector, req connector.Request) (_ json.RawMessage, f *fault.Fault) {
	ctx, end := h.Observer.Begin(ctx, dispatch.StageExecute)
	defer func() { end(f) }()
	if j.req.Deadline != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, j.req.Deadline.Sub(h.Clock.Now()))
		defer cancel()
	}
	result, err := con.Execute(ctx, req)
	return result.Response, fault.From(err)
}

// mark writes a step of an at-most-once effect to the ledger. A mark that loses means that another copy of
// the request is at work: look again.
func (h *Handlers) mark(ctx context.Context, j *job, t events.Type, c credentials) *fault.Fault {
	ctx, cancel := detached(ctx)
	defer cancel()
	o := j.outcome(nil, c.fence)
	seq, err := h.append(ctx, events.LedgerSubject(j.Tenant, j.req.ID), j.ledger.Sequence, t, o)
	if err != nil {
		return fault.From(err)
	}
	j.ledger.Sequence, j.ledger.Type = seq, t
	return nil
}

package handlers

import (
	"context"
	"encoding/json"
	"time"

	"holdfast/events"
	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// execute authenticates and performs the action. A refused access token that came from a cache is replaced
// once: it may have ended early, and says nothing about the credentials behind it.
func (h *Handlers) execute(ctx context.Context, j *job, c *credentials) (json.RawMessage, *fault.Fault) {
	con, ok := h.Connectors.Lookup(j.req.Action.Connector)
	if !ok {
		return nil, fault.New(fault.OperationForbidden, "there is no such connector").WithField("/data/action/connector")
	}
	c.asked = j.asked
	for second := false; ; second = true {
		cred, f := h.authenticate(ctx, c)
		if f != nil {
			return nil, f
		}
		response, f := h.effect(ctx, j, con, *c, cred)
		if second || f == nil || f.Reason != fault.BadCredentials || !h.Auth.Reject(c.entry, cred) {
			return response, f
		}
	}
}

// authenticate gives the credential. A refresh may have found a later version of the secret than ours: then
// that is the one that works, or does not.
func (h *Handlers) authenticate(ctx context.Context, c *credentials) (credential.Credential, *fault.Fault) {
	defer h.stage("authenticate", time.Now())
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
		Credential: cred, IdempotencyKey: j.req.ID, TraceParent: j.TraceParent, TraceState: j.TraceState,
	}
	if f := fault.From(con.Validate(req)); f != nil {
		if f.Reason == fault.InputInvalid {
			f.Field = "/data/action/input" + f.Field
		}
		return nil, f
	}
	if !j.atMostOnce() {
		return h.perform(ctx, j, con, req)
	}
	if f := h.mark(ctx, j, events.ActionStarted, c); f != nil {
		return nil, f
	}
	response, f := h.perform(ctx, j, con, req)
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

// perform executes within the request's own deadline.
func (h *Handlers) perform(ctx context.Context, j *job, con connector.Connector, req connector.Request) (json.RawMessage, *fault.Fault) {
	defer h.stage("execute", time.Now())
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

package handlers

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// change is what an event asks of a connection.
type change struct {
	id, actor string
	// op is what it does; for Create and Edit, wanted says what the connection shall be, as far as is known.
	op      access.Op
	wanted  func(old *connection.Entry) *events.Connection
	basedOn uint64
	// replaces: the members that are there are replaced, whatever they are.
	replaces bool
	// next is the entry after the event. It is asked again where somebody else was first.
	next func(old *connection.Entry) (*connection.Entry, *fault.Fault)
}

// change applies an event to the registry. An event that is older than the entry changes nothing, so two
// workers can not apply two of them in the wrong order.
func (h *Handlers) change(ctx context.Context, m dispatch.Meta, c change) dispatch.Result {
	for {
		old, rev, err := h.Registry.Fresh(ctx, m.Tenant, c.id)
		if err != nil {
			return again(ctx, err)
		}
		if old != nil && old.Sequence >= m.Sequence {
			return h.overtaken(ctx, m, old)
		}
		e, f := h.changed(ctx, m, old, c)
		if f != nil {
			return h.refused(ctx, m, c.id, f)
		}
		e = connection.Apply(old, h.marked(ctx, old, e), c.actor, c.replaces && c.basedOn == 0)
		if f = h.claimName(ctx, m, old, e); f != nil {
			return h.refused(ctx, m, c.id, f)
		}
		_, err = h.Registry.Put(ctx, e, rev)
		switch {
		case conflict(err):
			continue
		case err != nil:
			return keptUnless(ctx, err, "")
		}
		h.releaseName(ctx, m.Tenant, old, e)
		h.tellManaged(m.Tenant, c, old)
		return doneUnless(ctx, h.tellApplied(ctx, m, e), "applied")
	}
}

// overtaken answers an event that was applied before, or came too late to be.
func (h *Handlers) overtaken(ctx context.Context, m dispatch.Meta, e *connection.Entry) dispatch.Result {
	switch {
	case e.Sequence == m.Sequence: // whoever applied it may not have come to tell
		return doneUnless(ctx, h.tellApplied(ctx, m, e), "duplicate")
	case e.WasApplied(m.Sequence):
		return dispatch.Done("duplicate")
	default:
		return h.reject(ctx, m, e.ID, fault.New(fault.RevisionConflict,
			fmt.Sprintf("a later event, revision %d, was applied before this one", e.Sequence)))
	}
}

// refused rejects an event, unless what it rests on may still be on its way: workers take up the events of a
// stream side by side.
func (h *Handlers) refused(ctx context.Context, m dispatch.Meta, id string, f *fault.Fault) dispatch.Result {
	if f.Class().Retries() {
		return again(ctx, f)
	}
	if m.Deliveries < settleTries {
		settled, err := h.Registry.Settled(ctx, m.Tenant, m.Sequence)
		if err != nil {
			return again(ctx, err)
		}
		if !settled {
			return dispatch.Again(fault.New(fault.Conflict, "an earlier event is still on its way"))
		}
	}
	return h.reject(ctx, m, id, f)
}

// settleTries bounds how often an event waits for those before it, some minutes with the bus's backoff.
const settleTries = 12

// unknownYet tells whether an event is about a connection whose creation may still be on its way.
func (h *Handlers) unknownYet(ctx context.Context, m dispatch.Meta, old *connection.Entry, c change) *fault.Fault {
	if old != nil && !old.Missing || c.op == access.Create || m.Deliveries >= settleTries {
		return nil
	}
	settled, err := h.Registry.Settled(ctx, m.Tenant, m.Sequence)
	if err == nil && !settled {
		err = fault.New(fault.Conflict, "the connection's creation may still be on its way")
	}
	return fault.From(err)
}

// changed is the entry after a change, unless something speaks against it.
func (h *Handlers) changed(ctx context.Context, m dispatch.Meta, old *connection.Entry, c change) (*connection.Entry, *fault.Fault) {
	if f := h.unknownYet(ctx, m, old, c); f != nil {
		return nil, f
	}
	if f := h.permitted(ctx, m, c.op, c.actor, old, c.wanted); f != nil {
		return nil, f
	}
	if f := connection.CheckRevision(old, c.basedOn); f != nil {
		return nil, f
	}
	return c.next(old)
}

// marked adds what is known of a connection from the start: that it is turned off, or that there is nothing to
// authenticate with.
func (h *Handlers) marked(ctx context.Context, old, e *connection.Entry) *connection.Entry {
	now := h.Clock.Now()
	switch {
	case e.Deleted:
		return e
	case e.Disabled:
		return connection.Disable(e, now)
	case !needsLook(old, e), time.Now().UnixNano() < h.noLook.Load():
		return e
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	v, err := h.Secrets.ConfigVersion(ctx, e.Tenant, e.ID)
	why := goneFor(v)
	if err == nil && why == nil {
		why, err = h.notSignedIn(ctx, e)
	}
	if err != nil && ctx.Err() != nil {
		h.noLook.Store(time.Now().Add(lookAgain).UnixNano())
	}
	if err != nil || why == nil { // whoever uses the connection will find out
		return e
	}
	return connection.WithoutSecret(e, fenceAt(e, v), why, now)
}

// notSignedIn is why a connection whose account has to sign in has nothing to go on yet: its secret holds the
// client's own at most. nil where it has, and for every other method.
func (h *Handlers) notSignedIn(ctx context.Context, e *connection.Entry) (*fault.Fault, error) {
	if credential.Method(e.Auth.Method) != credential.RefreshToken {
		return nil, nil
	}
	s, err := h.Secrets.Config(ctx, e.Tenant, e.ID, true)
	if err != nil {
		return nil, err
	}
	if v, ok := s.Get("refresh_token"); ok && !v.Empty() {
		return nil, nil
	}
	return fault.New(fault.SecretMissing, "nobody has signed in yet"), nil
}

// lookTimeout bounds the look at Vault that a change is worth: the change must not wait for Vault.
const lookTimeout = 2 * time.Second

// lookAgain is how long no change looks at Vault after one looked in vain: changes come one after another, and hundreds
// that waited for a Vault that hangs would be in the way of other tenants'.
const lookAgain = 10 * time.Second

// needsLook tells whether a change may leave a connection without the secret that it needs.
func needsLook(old, e *connection.Entry) bool {
	if !e.NeedsSecret() {
		return false
	}
	return old == nil || old.Missing || old.Deleted || old.Disabled || old.Auth.Method != e.Auth.Method
}

// tellApplied says what the last event did to a connection, under an id that is the same however often.
func (h *Handlers) tellApplied(ctx context.Context, m dispatch.Meta, e *connection.Entry) error {
	a := e.Applied
	if a == nil {
		return nil
	}
	n := events.ConnectionNotice{
		Tenant: e.Tenant, ID: e.ID, Generation: e.Generation, SecretVersion: e.SecretVersion(), Revision: e.Sequence,
		State: a.State, Previous: a.Previous, Actor: a.Actor, Changed: a.Changed, Overwrote: a.Overwrote, Origin: originOf(m),
	}
	if a.State == events.StatePending || a.State == events.StateBroken {
		if b := e.Broken; b != nil {
			n.Reason, n.Detail = string(b.Reason), b.Detail
		}
	}
	return h.notify(ctx, events.ConnectionApplied, e.Tenant, noticeID("applied", e.Tenant, e.ID, e.Sequence), n)
}

func originOf(m dispatch.Meta) *events.Origin {
	return &events.Origin{Stream: m.Stream, Sequence: m.Sequence}
}

// reject tells the upstream system why its event changed nothing.
func (h *Handlers) reject(ctx context.Context, m dispatch.Meta, id string, f *fault.Fault) dispatch.Result {
	n := events.ConnectionNotice{
		Tenant: m.Tenant, ID: id, Reason: string(f.Reason), Detail: f.Detail, Field: f.Field,
		Rule: cmp.Or(f.Rule, string(f.Reason)), Origin: originOf(m),
	}
	err := h.notify(ctx, events.ConnectionRejected, m.Tenant, noticeID("rejected", m.Tenant, id, m.Sequence), n)
	return doneUnless(ctx, err, "rejected")
}

package handlers

import (
	"context"
	"errors"
	"time"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/connection"
	"holdfast/internal/connector"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// trialPatience is how long somebody who asks for a test waits for an answer that only trouble on the way
// holds up; then the trouble is the answer.
const trialPatience = 20 * time.Second

// trialForgotten is how old a wish for a test may be: nobody waits for it any more, and a stream that is read from
// its beginning again must not ask providers for everything that was ever tested.
const trialForgotten = 10 * time.Minute

// ConnectionTestRequested handles connection.test_requested: it tries the credentials that are there now, past
// every cache, and says what came of it. What it finds out counts: a broken connection that works is restored,
// and one whose credentials are refused is broken. The answer `verifying` means that there is no way to try
// them but an action.
func (h *Handlers) ConnectionTestRequested(ctx context.Context, m dispatch.Meta, r events.ConnectionRef) dispatch.Result {
	if dispatch.Age(m, h.Clock.Now()) > trialForgotten {
		return dispatch.Done("too_late")
	}
	if m.Deliveries <= 1 { // in order behind the changes asked for before it, and then out of their way
		return dispatch.Later("queued", time.Millisecond)
	}
	e, _, err := h.Registry.Fresh(ctx, m.Tenant, r.ID)
	if err != nil {
		return again(ctx, err)
	}
	if e == nil {
		e = connection.Missed(m.Tenant, r.ID)
	}
	if f := h.permitted(ctx, m, access.Test, r.Actor, e, nil); f != nil {
		if f.Class().Retries() {
			return again(ctx, f)
		}
		return h.reject(ctx, m, r.ID, f)
	}
	c := h.secretOf(ctx, e, true)
	c.asked = m.Time
	f := c.fault
	if f == nil {
		f = h.test(ctx, c)
	}
	return h.tried(ctx, m, c, f)
}

// tried draws the conclusions of a test, and tells them.
func (h *Handlers) tried(ctx context.Context, m dispatch.Meta, c credentials, f *fault.Fault) dispatch.Result {
	var err error
	switch {
	case f == nil:
		err = h.restore(ctx, c.entry, c.fence)
	case errors.Is(f, connector.ErrNoTest):
	case f.Class().Suspends():
		err = h.failed(ctx, c, f)
	case h.Clock.Now().Sub(m.Time) < trialPatience:
		return dispatch.Again(f)
	}
	if err != nil {
		return again(ctx, err)
	}
	n := events.ConnectionNotice{
		Tenant: m.Tenant, ID: c.entry.ID, Generation: c.entry.Generation, SecretVersion: c.fence.SecretVersion,
		Revision: c.entry.Sequence, Origin: originOf(m),
	}
	if e, _, err := h.Registry.Fresh(ctx, m.Tenant, c.entry.ID); err == nil && e != nil {
		n.Revision, n.State = e.Sequence, e.State()
	}
	if f != nil {
		n.Reason, n.Detail = string(f.Reason), f.Detail
	}
	id := noticeID("tested", m.Tenant, c.entry.ID, m.Sequence)
	return doneUnless(ctx, h.notify(ctx, events.ConnectionTested, m.Tenant, id, n), "tested")
}

// failed marks a connection that a test has found not to work, unless it is not there or turned off anyway.
func (h *Handlers) failed(ctx context.Context, c credentials, f *fault.Fault) error {
	if c.entry.Deleted || c.entry.Missing || c.entry.Disabled {
		return nil
	}
	moved, err := h.markBroken(ctx, c, f, true)
	if moved {
		return fault.New(fault.Conflict, "the connection changed while it was tried")
	}
	return err
}

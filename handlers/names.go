package handlers

import (
	"context"
	"time"

	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// A shared connection's name is its own in its tenant. Two workers may apply two events at once, so a name is
// claimed before the connection that has it is stored: the claim that lands decides. A claim counts for as long
// as its connection has the name; one that was left behind is simply taken over, so releasing it is only
// tidiness.

// claimFor is how long a claim counts whose connection has not come so far: its worker may have died, and its
// event is delivered again.
const claimFor = 2 * time.Minute

// claimName makes sure that the name that e has is its own. Faults: name_taken; conflict, as long as nobody
// can tell.
func (h *Handlers) claimName(ctx context.Context, m dispatch.Meta, old, e *connection.Entry) *fault.Fault {
	key := e.NameKey()
	if key == "" || key == old.NameKey() {
		return nil
	}
	held, rev, err := h.Names.Claimed(ctx, e.Tenant, key)
	if err != nil {
		return fault.From(err)
	}
	if rev != 0 && held.Connection != e.ID {
		if f := h.nameTaken(ctx, e.Tenant, key, held); f != nil {
			return f
		}
	}
	_, err = h.Names.Claim(ctx, e.Tenant, key, connection.Claim{Connection: e.ID, Sequence: m.Sequence, At: h.Clock.Now().UTC()}, rev)
	return fault.From(err)
}

// nameTaken tells whether a claim of another connection still counts.
func (h *Handlers) nameTaken(ctx context.Context, tenant, key string, held connection.Claim) *fault.Fault {
	owner, _, err := h.Registry.Fresh(ctx, tenant, held.Connection)
	switch {
	case err != nil:
		return fault.From(err)
	case owner.NameKey() == key:
		return fault.New(fault.NameTaken, "another shared connection of the tenant has this name").
			WithField("/data/name").WithHint("choose another name")
	case (owner == nil || owner.Sequence < held.Sequence) && h.Clock.Now().Sub(held.At) < claimFor:
		return fault.New(fault.Conflict, "another connection is being given this name").WithRetryAfter(time.Second)
	default:
		return nil
	}
}

// releaseName gives the name back that a connection had. What goes wrong is made good by whoever wants the name.
func (h *Handlers) releaseName(ctx context.Context, tenant string, old, e *connection.Entry) {
	key := old.NameKey()
	if key == "" || key == e.NameKey() {
		return
	}
	if held, rev, err := h.Names.Claimed(ctx, tenant, key); err == nil && rev != 0 && held.Connection == e.ID && held.Sequence <= e.Sequence {
		_ = h.Names.Release(ctx, tenant, key, rev)
	}
}

package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/connection"
)

// announce says how a connection came to its revision of the registry, where no event did that: that it is
// broken, or restored. It says so once for each revision, however often it is asked to.
func (h *Handlers) announce(ctx context.Context, e *connection.Entry, revision uint64) error {
	if e.Moved == nil {
		return nil
	}
	n := events.ConnectionNotice{
		Tenant: e.Tenant, ID: e.ID, Generation: e.Generation, SecretVersion: e.SecretVersion(), Revision: e.Sequence,
		State: e.State(), Previous: e.Moved.Previous,
	}
	if b := e.Broken; b != nil {
		n.Reason, n.Detail = string(b.Reason), b.Detail
	}
	return h.notify(ctx, e.Moved.Type, e.Tenant, noticeID(e.Moved.Type.What(), e.Tenant, e.ID, revision), n)
}

// tellMoved announces what whoever changed the registry may not have come to tell.
func (h *Handlers) tellMoved(ctx context.Context, tenant, id string) error {
	e, rev, err := h.Registry.Fresh(ctx, tenant, id)
	if err != nil || e == nil {
		return err
	}
	return h.announce(ctx, e, rev)
}

package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// PermissionSetCreated handles permission.set_created.
func (h *Handlers) PermissionSetCreated(ctx context.Context, m dispatch.Meta, p events.PermissionSet) dispatch.Result {
	return h.recordSet(ctx, m, p, func(now *permission.Snapshot, p events.PermissionSet) (permission.Set, *fault.Fault) {
		return now.Create(p, m.Sequence)
	})
}

// PermissionSetUpdated handles permission.set_updated, which carries the full state.
func (h *Handlers) PermissionSetUpdated(ctx context.Context, m dispatch.Meta, p events.PermissionSet) dispatch.Result {
	return h.recordSet(ctx, m, p, (*permission.Snapshot).Update)
}

// recordSet stores a set as kept gives it.
func (h *Handlers) recordSet(ctx context.Context, m dispatch.Meta, p events.PermissionSet, kept func(*permission.Snapshot, events.PermissionSet) (permission.Set, *fault.Fault)) dispatch.Result {
	p.Tenant = m.Tenant
	return h.record(ctx, m, events.Fact{Kind: events.FactSet, ID: p.ID}, p.Actor, func(now *permission.Snapshot) (any, *fault.Fault) {
		return kept(now, p)
	})
}

// PermissionSetDeleted handles permission.set_deleted: every assignment of the set ends with it.
func (h *Handlers) PermissionSetDeleted(ctx context.Context, m dispatch.Meta, r events.PermissionSetRef) dispatch.Result {
	fact := events.Fact{Kind: events.FactSet, ID: r.ID, Removed: true}
	return h.record(ctx, m, fact, r.Actor, func(now *permission.Snapshot) (any, *fault.Fault) {
		if f := now.MayConfigure(r.Actor); f != nil {
			return nil, f
		}
		return nil, now.CheckDelete(r.ID)
	})
}

// PermissionAssigned handles permission.assigned.
func (h *Handlers) PermissionAssigned(ctx context.Context, m dispatch.Meta, a events.PermissionAssignment) dispatch.Result {
	a.Tenant = m.Tenant
	fact := h.Permissions.Of(m.Tenant).Kept(a)
	return h.record(ctx, m, fact, a.Actor, func(now *permission.Snapshot) (any, *fault.Fault) {
		if f := now.MayConfigure(a.Actor); f != nil {
			return nil, f
		}
		if f := now.CheckAssign(a); f != nil {
			return nil, f
		}
		return a, stillOf(now, a, fact)
	})
}

// PermissionUnassigned handles permission.unassigned. What is not assigned stays so.
func (h *Handlers) PermissionUnassigned(ctx context.Context, m dispatch.Meta, a events.PermissionAssignment) dispatch.Result {
	fact := h.Permissions.Of(m.Tenant).Kept(a)
	fact.Removed = true
	return h.record(ctx, m, fact, a.Actor, func(now *permission.Snapshot) (any, *fault.Fault) {
		if site := now.SiteSet(a.User); fact.Kind == events.FactSiteSet && (site == nil || site.ID != a.Set) {
			return nil, notAssigned
		}
		if f := now.MayConfigure(a.Actor); f != nil {
			return nil, f
		}
		return nil, stillOf(now, a, fact)
	})
}

// notAssigned says that there is nothing to end.
var notAssigned = fault.New(fault.Conflict, "it is not assigned")

// stillOf tells that an assignment is kept elsewhere than was thought: its set has become known meanwhile.
func stillOf(now *permission.Snapshot, a events.PermissionAssignment, f events.Fact) *fault.Fault {
	if now.Kept(a).Kind != f.Kind {
		return fault.New(fault.Conflict, "the set became known while the assignment was looked at")
	}
	return nil
}

// PermissionPublicChanged handles permission.public_access_changed.
func (h *Handlers) PermissionPublicChanged(ctx context.Context, m dispatch.Meta, p events.PublicAccess) dispatch.Result {
	return h.record(ctx, m, events.Fact{Kind: events.FactPublicAccess, ID: p.App}, p.Actor, func(now *permission.Snapshot) (any, *fault.Fault) {
		return p, now.MayConfigure(p.Actor)
	})
}

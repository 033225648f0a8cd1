package handlers

import (
	"cmp"
	"context"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// DirectoryUserUpdated handles directory.user_updated. A user who was removed comes back with it.
func (h *Handlers) DirectoryUserUpdated(ctx context.Context, m dispatch.Meta, u events.User) dispatch.Result {
	check := func(d *access.Directory) access.Decision { return access.CheckUser(d, u) }
	return h.describe(ctx, m, events.Fact{Kind: events.FactUser, ID: u.ID}, u.Actor, check, u)
}

// DirectoryUserRemoved handles directory.user_removed: the user's roles end, and so does the use of the user's
// personal connections.
func (h *Handlers) DirectoryUserRemoved(ctx context.Context, m dispatch.Meta, u events.UserRef) dispatch.Result {
	return h.describe(ctx, m, events.Fact{Kind: events.FactUser, ID: u.ID, Removed: true}, u.Actor, nil, nil)
}

// DirectoryGroupUpdated handles directory.group_updated, which names all members.
func (h *Handlers) DirectoryGroupUpdated(ctx context.Context, m dispatch.Meta, g events.Group) dispatch.Result {
	return h.describe(ctx, m, events.Fact{Kind: events.FactGroup, ID: g.ID}, g.Actor, nil, g)
}

// DirectoryGroupRemoved handles directory.group_removed.
func (h *Handlers) DirectoryGroupRemoved(ctx context.Context, m dispatch.Meta, g events.GroupRef) dispatch.Result {
	return h.describe(ctx, m, events.Fact{Kind: events.FactGroup, ID: g.ID, Removed: true}, g.Actor, nil, nil)
}

// DirectoryRoleUpdated handles directory.role_updated, which names all who have a role in a place. The place
// must be there.
func (h *Handlers) DirectoryRoleUpdated(ctx context.Context, m dispatch.Meta, r events.RoleHolders) dispatch.Result {
	check := func(d *access.Directory) access.Decision { return access.CheckRole(d, r) }
	return h.describe(ctx, m, events.Fact{Kind: events.FactRole, ID: r.FactID()}, r.Actor, check, r)
}

// describe stores what an event says of users or places, unless a newer one was there before it, or its actor may not
// say so. check is what else may be wrong with it; payload is what is kept, nil for what was removed.
func (h *Handlers) describe(ctx context.Context, m dispatch.Meta, f events.Fact, actor string, check func(*access.Directory) access.Decision, payload any) dispatch.Result {
	return h.record(ctx, m, f, actor, func(now *permission.Snapshot) (any, *fault.Fault) {
		d := access.Describe(now.Directory(), actor)
		if d.Allowed && check != nil {
			d = check(now.Directory())
		}
		return payload, d.Fault()
	})
}

// record stores a fact, unless a newer one was there before it. judge says what is kept (nil: it is removed), or why its
// actor may not say so; it is asked again when what it rests on has moved.
func (h *Handlers) record(ctx context.Context, m dispatch.Meta, f events.Fact, actor string, judge func(*permission.Snapshot) (any, *fault.Fault)) dispatch.Result {
	f.Tenant, f.Sequence = m.Tenant, m.Sequence
	for {
		old, rev, err := h.Facts.Fresh(ctx, f.Tenant, f.Kind, f.ID)
		if err != nil {
			return again(ctx, err)
		}
		if old.Sequence >= f.Sequence {
			return doneUnless(ctx, h.tellConflictsAgain(ctx, m, old, f), "superseded")
		}
		payload, why := h.judgeFact(ctx, m, f.Kind, actor, judge)
		switch {
		case why == notAssigned:
			return dispatch.Done("not_assigned")
		case why != nil && why.Class().Retries():
			return again(ctx, why)
		case why != nil:
			return h.rejectChange(ctx, m, f, why)
		}
		if f.Data, err = dataOf(payload); err != nil {
			return again(ctx, err)
		}
		before := h.Permissions.Of(f.Tenant)
		_, err = h.Facts.Put(ctx, f, rev)
		if conflict(err) {
			continue
		}
		if err != nil {
			return keptUnless(ctx, err, "applied")
		}
		h.tellConfigured(before, f, actor)
		return doneUnless(ctx, h.tellConflicts(ctx, m, before, f), "applied")
	}
}

// judgeFact is what is kept of a fact, or why its actor may not say so. Rules of permission sets and assignments ask what
// there is already: what was said before has to be known, whoever says it.
func (h *Handlers) judgeFact(ctx context.Context, m dispatch.Meta, kind events.FactKind, actor string, judge func(*permission.Snapshot) (any, *fault.Fault)) (payload any, why *fault.Fault) {
	settled := func() error { return h.Facts.SettledBefore(ctx, m.Tenant, m.Sequence) }
	of := func(now *permission.Snapshot) (f *fault.Fault) {
		payload, f = judge(now)
		return f
	}
	if ofPermissions(kind) {
		why = h.judgeSettled(m.Tenant, settled, of)
	} else {
		why = h.judge(m.Tenant, actor, settled, of)
	}
	return payload, why
}

// ofPermissions tells whether a fact is one of permission sets, who has them, and what is open to the public.
func ofPermissions(kind events.FactKind) bool {
	switch kind {
	case events.FactSet, events.FactAssignment, events.FactSiteSet, events.FactPublicAccess:
		return true
	default:
		return false
	}
}

// keptUnless is doneUnless for what was to be stored: what is too large will never be smaller, and others wait for it
// to be answered.
func keptUnless(ctx context.Context, err error, label string) dispatch.Result {
	if tooLarge(err) {
		return dispatch.Refuse(fault.From(err))
	}
	return doneUnless(ctx, err, label)
}

func dataOf(payload any) ([]byte, error) {
	if payload == nil {
		return nil, nil
	}
	return events.Marshal(payload)
}

// rejectChange tells the upstream system why its event changed nothing.
func (h *Handlers) rejectChange(ctx context.Context, m dispatch.Meta, f events.Fact, why *fault.Fault) dispatch.Result {
	n := events.ChangeNotice{
		Tenant: m.Tenant, Kind: string(f.Kind), ID: f.ID, Reason: string(why.Reason),
		Rule: cmp.Or(why.Rule, string(why.Reason)), Detail: why.Detail, Field: why.Field,
		Origin: events.Origin{Stream: m.Stream, Sequence: m.Sequence},
	}
	id := noticeID("change_rejected", m.Tenant, string(f.Kind)+"."+f.ID, m.Sequence)
	t := events.DirectoryChangeRejected
	switch {
	case f.Kind == events.FactProcess:
		t = events.ProcessPublishRejected
	case ofPermissions(f.Kind):
		t = events.PermissionChangeRejected
	}
	return doneUnless(ctx, h.notify(ctx, t, m.Tenant, id, n), "rejected")
}

package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// permitted is why the actor of an event may not do to a connection what it says; nil where it may. old is the
// connection as it is (nil: there is none), wanted says how it shall be, for Create and Edit. A transient fault says
// that what decides is still on its way.
func (h *Handlers) permitted(ctx context.Context, m dispatch.Meta, op access.Op, actor string, old *connection.Entry, wanted func(*connection.Entry) *events.Connection) *fault.Fault {
	q := access.Question{Op: op, Actor: actor, Now: known(old)}
	if q.Now == nil && wanted == nil && op != access.Delete { // there is nothing to do it to
		return nil
	}
	return h.judge(m.Tenant, actor, func() error { return h.Facts.Settled(ctx, m.Tenant, m.Time) },
		func(now *permission.Snapshot) *fault.Fault {
			if wanted != nil { // it may follow from the directory
				q.Wanted = wanted(old)
			}
			q.Site = now.SiteRights(actor)
			return access.Decide(now.Directory(), q).Fault()
		})
}

// judge is why somebody may not do something, by what was said of users, places and permissions before: settled makes
// sure that all of it is known. That the upstream system may do something rests on none of it: this is for what only
// asks who somebody is. A transient fault says that what decides is still on its way.
func (h *Handlers) judge(tenant, actor string, settled func() error, why func(*permission.Snapshot) *fault.Fault) *fault.Fault {
	if f := why(h.Permissions.Of(tenant)); f == nil && actor == events.ActorSystem {
		return nil
	}
	return h.judgeSettled(tenant, settled, why)
}

// judgeSettled is judge for what rests on what was said before, whoever says it now.
func (h *Handlers) judgeSettled(tenant string, settled func() error, why func(*permission.Snapshot) *fault.Fault) *fault.Fault {
	if err := settled(); err != nil {
		return fault.From(err)
	}
	return why(h.Permissions.Of(tenant))
}

// known is what a connection is or was; nil where there never was one.
func known(e *connection.Entry) *events.Connection {
	if e == nil || e.Missing || e.Kind == "" {
		return nil
	}
	return &e.Connection
}

// availability is where a connection shall be available whose event does not say: where it is, and where its
// creator's role is for a new one.
func (h *Handlers) availability(c events.Connection, old *connection.Entry) events.Availability {
	if c.Availability.Level != "" || c.Kind != events.Shared {
		return c.Availability
	}
	if now := known(old); now != nil {
		return now.Availability
	}
	return access.DefaultAvailability(h.Permissions.Of(c.Tenant).Directory(), c.Actor, c.DesignerSite)
}

// mayUse tells by which rule a request may use a connection, or which one forbids it.
func (h *Handlers) mayUse(e *connection.Entry, r events.Request) (rule string, f *fault.Fault) {
	d := access.Decide(h.Permissions.Of(e.Tenant).Directory(), access.Question{
		Op: access.Use, Actor: r.ActingUser, Now: &e.Connection,
		Place: access.Place{SiteCollection: r.SiteCollection, Site: r.Site},
	})
	if no := d.Fault(); no != nil {
		return "", no
	}
	return string(d.Rule), h.supports(e, r)
}

// refuse denies a request that a rule forbids, once all that was said of users and places before it is known.
func (h *Handlers) refuse(ctx context.Context, j *job, a attempt) dispatch.Result {
	e, f := h.entry(ctx, j, true) // its rights may be news, as anything of it
	if f != nil {
		return again(ctx, f)
	}
	if e.Sequence != a.creds.entry.Sequence {
		return dispatch.Again(fault.New(fault.Conflict, "the connection changed while the request was looked at"))
	}
	if access.FromDirectory(access.Rule(a.fault.Rule)) || permission.Decided(a.fault.Rule) {
		if f := h.allSaid(ctx, j); f != nil {
			return again(ctx, f)
		}
	}
	return h.deny(ctx, j, a.fault)
}

// allSaid makes sure that a job was judged by all that was said of users, places and permissions before it came; else it
// is to be judged again.
func (h *Handlers) allSaid(ctx context.Context, j *job) *fault.Fault {
	if err := h.Facts.Settled(ctx, j.Tenant, j.Time); err != nil {
		return fault.From(err)
	}
	if j.now != h.Permissions.Of(j.Tenant) {
		return fault.New(fault.Conflict, "users, roles, places or permissions changed while the request was looked at")
	}
	return nil
}

package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// ConnectionCreated handles connection.created. It may bring a deleted connection back, under a new
// generation.
func (h *Handlers) ConnectionCreated(ctx context.Context, m dispatch.Meta, c events.Connection) dispatch.Result {
	return h.put(ctx, m, c, access.Create)
}

// ConnectionUpdated handles connection.updated, which carries the full state: a connection that nobody
// created here is taken as it is. One that was deleted stays deleted.
func (h *Handlers) ConnectionUpdated(ctx context.Context, m dispatch.Meta, c events.Connection) dispatch.Result {
	return h.put(ctx, m, c, access.Edit)
}

func (h *Handlers) put(ctx context.Context, m dispatch.Meta, c events.Connection, op access.Op) dispatch.Result {
	c.Tenant = m.Tenant
	if f := h.checkConnection(c); f != nil {
		return h.reject(ctx, m, c.ID, f)
	}
	said := c
	wanted := func(old *connection.Entry) *events.Connection {
		c.Availability = h.availability(said, old)
		return &c
	}
	return h.change(ctx, m, change{id: c.ID, actor: c.Actor, op: op, wanted: wanted, basedOn: c.BasedOn, replaces: true, next: func(old *connection.Entry) (*connection.Entry, *fault.Fault) {
		if old != nil && old.Deleted && op != access.Create {
			return nil, fault.New(fault.ConnectionDeleted, "the connection was deleted; create it again to bring it back")
		}
		return connection.Put(old, c, m.Sequence), nil
	}})
}

// checkConnection is what is wrong with a connection beyond its schema.
func (h *Handlers) checkConnection(c events.Connection) *fault.Fault {
	if f := connection.Check(c); f != nil {
		return f
	}
	if h.opts.MaxSuspend > 0 && c.SuspendFor.Duration() > h.opts.MaxSuspend {
		return fault.New(fault.SettingsInvalid, "a run may not wait for so long").WithField("/data/suspend_for_seconds").
			WithHint("ask for less, or raise suspension.max and run holdfast setup")
	}
	con, e, f := h.tester(&connection.Entry{Connection: c})
	if f != nil {
		return f
	}
	if f := fault.From(con.CheckSettings(e.Settings)); f != nil {
		return f.WithField("/data/settings" + f.Field)
	}
	return nil
}

// ConnectionDeleted handles connection.deleted: a tombstone stays, so that nothing older brings it back.
func (h *Handlers) ConnectionDeleted(ctx context.Context, m dispatch.Meta, r events.ConnectionRef) dispatch.Result {
	r.Tenant = m.Tenant
	return h.change(ctx, m, change{id: r.ID, actor: r.Actor, op: access.Delete, basedOn: r.BasedOn, replaces: true, next: func(old *connection.Entry) (*connection.Entry, *fault.Fault) {
		return connection.Delete(old, r, m.Sequence, m.Time), nil
	}})
}

// ConnectionUndeleted handles connection.undeleted: what was deleted not too long ago comes back as it was, and
// goes on once its credentials are seen to work.
func (h *Handlers) ConnectionUndeleted(ctx context.Context, m dispatch.Meta, r events.ConnectionRef) dispatch.Result {
	h.Secrets.Forget(m.Tenant, r.ID)
	return h.change(ctx, m, change{id: r.ID, actor: r.Actor, op: access.Restore, basedOn: r.BasedOn, next: func(old *connection.Entry) (*connection.Entry, *fault.Fault) {
		return connection.Undelete(old, r, m.Sequence, m.Time, h.opts.RestoreFor)
	}})
}

// ConnectionSecretRotated handles connection.secret_rotated: the quickest way to learn of new credentials,
// and never the only one.
func (h *Handlers) ConnectionSecretRotated(ctx context.Context, m dispatch.Meta, r events.ConnectionRef) dispatch.Result {
	h.Secrets.Forget(m.Tenant, r.ID)
	return h.change(ctx, m, change{id: r.ID, actor: r.Actor, op: access.Credentials, basedOn: r.BasedOn, next: func(old *connection.Entry) (*connection.Entry, *fault.Fault) {
		if old == nil || old.Deleted || old.Missing {
			return nil, fault.New(fault.ConnectionMissing, "no connection has this id")
		}
		return connection.Rotate(old, m.Sequence), nil
	}})
}

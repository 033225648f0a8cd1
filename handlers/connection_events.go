package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// ConnectionCreated handles connection.created. It may bring a deleted connection back, under a new
// generation.
func (h *Handlers) ConnectionCreated(ctx context.Context, m dispatch.Meta, c events.Connection) dispatch.Result {
	return h.put(ctx, m, c, true)
}

// ConnectionUpdated handles connection.updated, which carries the full state: a connection that nobody
// created here is taken as it is. One that was deleted stays deleted.
func (h *Handlers) ConnectionUpdated(ctx context.Context, m dispatch.Meta, c events.Connection) dispatch.Result {
	return h.put(ctx, m, c, false)
}

func (h *Handlers) put(ctx context.Context, m dispatch.Meta, c events.Connection, revives bool) dispatch.Result {
	c.Tenant = m.Tenant
	if f := h.checkConnection(c); f != nil {
		return h.reject(ctx, m, c.ID, f)
	}
	return h.change(ctx, m, c.ID, func(old *connection.Entry) (*connection.Entry, *fault.Fault) {
		if old != nil && old.Deleted && !revives {
			return nil, fault.New(fault.ConnectionDeleted, "the connection was deleted; create it again to bring it back")
		}
		return connection.Put(old, c, m.Sequence), nil
	})
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
	t, _ := connection.TypeOf(c.Type)
	con, ok := h.Connectors.Lookup(t.Tester())
	if !ok {
		return fault.New(fault.SettingsInvalid, "no connector can use this connection type").WithField("/data/type")
	}
	if f := fault.From(con.CheckSettings(c.Settings)); f != nil {
		return f.WithField("/data/settings" + f.Field)
	}
	return nil
}

// ConnectionDeleted handles connection.deleted: a tombstone stays, so that nothing older brings it back.
func (h *Handlers) ConnectionDeleted(ctx context.Context, m dispatch.Meta, r events.ConnectionRef) dispatch.Result {
	r.Tenant = m.Tenant
	return h.change(ctx, m, r.ID, func(old *connection.Entry) (*connection.Entry, *fault.Fault) {
		return connection.Delete(old, r, m.Sequence, h.Clock.Now()), nil
	})
}

// ConnectionSecretRotated handles connection.secret_rotated: the quickest way to learn of new credentials,
// and never the only one.
func (h *Handlers) ConnectionSecretRotated(ctx context.Context, m dispatch.Meta, r events.ConnectionRef) dispatch.Result {
	h.Secrets.Forget(m.Tenant, r.ID)
	return h.change(ctx, m, r.ID, func(old *connection.Entry) (*connection.Entry, *fault.Fault) {
		if old == nil || old.Deleted || old.Missing {
			return nil, fault.New(fault.ConnectionMissing, "no connection has this id")
		}
		return connection.Rotate(old, m.Sequence), nil
	})
}

// change applies an event to the registry. An event that is older than the entry changes nothing, so two
// workers can not apply two of them in the wrong order.
func (h *Handlers) change(ctx context.Context, m dispatch.Meta, id string, next func(*connection.Entry) (*connection.Entry, *fault.Fault)) dispatch.Result {
	for {
		old, rev, err := h.Registry.Fresh(ctx, m.Tenant, id)
		if err != nil {
			return again(ctx, err)
		}
		if old != nil && old.Sequence >= m.Sequence {
			return dispatch.Done("superseded")
		}
		e, f := next(old)
		if f != nil {
			return h.reject(ctx, m, id, f)
		}
		_, err = h.Registry.Put(ctx, e, rev)
		if conflict(err) {
			continue
		}
		return doneUnless(ctx, err, "applied")
	}
}

// reject tells the upstream system why its event changed nothing.
func (h *Handlers) reject(ctx context.Context, m dispatch.Meta, id string, f *fault.Fault) dispatch.Result {
	n := events.ConnectionNotice{
		Tenant: m.Tenant, ID: id, Reason: string(f.Reason), Detail: f.Detail, Field: f.Field, Rule: string(f.Reason),
		Origin: &events.Origin{Stream: m.Stream, Sequence: m.Sequence},
	}
	err := h.notify(ctx, events.ConnectionRejected, m.Tenant, noticeID("rejected", m.Tenant, id, m.Sequence), n)
	return doneUnless(ctx, err, "rejected")
}

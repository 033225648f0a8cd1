package ops

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// Current is a connection that is there and not deleted, as its last event left it, with actor and the revision
// that a change of it is based on.
func (m *Manager) Current(ctx context.Context, tenant, id, actor string) (events.Connection, error) {
	e, err := m.entry(ctx, tenant, id)
	switch {
	case err != nil:
		return events.Connection{}, err
	case e.Deleted:
		return events.Connection{}, problem(Refused, "holdfast connections restore "+id+" --tenant "+tenant, "the connection was deleted")
	}
	c := Clone(e.Connection)
	c.Actor, c.BasedOn = actor, e.Sequence
	return c, nil
}

// Clone is a connection that shares nothing with c: to change, and to compare with c.
func Clone(c events.Connection) events.Connection {
	c.Owners, c.Users, c.Groups = slices.Clone(c.Owners), slices.Clone(c.Users), slices.Clone(c.Groups)
	c.Auth.Scopes, c.Auth.Params = slices.Clone(c.Auth.Scopes), maps.Clone(c.Auth.Params)
	c.Settings = slices.Clone(c.Settings)
	for _, end := range []**time.Time{&c.ExpiresAt, &c.CredentialsEnd} {
		if *end != nil {
			t := **end
			*end = &t
		}
	}
	return c
}

// entry is what the registry has of a connection that somebody created.
func (m *Manager) entry(ctx context.Context, tenant, id string) (*connection.Entry, error) {
	e, err := m.lookAt(ctx, events.Connection{Tenant: tenant, ID: id})
	if err == nil && (e == nil || e.Missing) {
		err = problem(NotFound, "holdfast connections list --tenant "+tenant, "tenant %s has no connection %s", tenant, id)
	}
	return e, err
}

// CheckUpdate holds a changed connection against all that a worker holds it against, before any of it is shown: it
// may hold a secret by mistake.
func (m *Manager) CheckUpdate(ctx context.Context, after events.Connection) error {
	_, err := m.encode(ctx, Change{Tenant: after.Tenant, Connection: after.ID, Type: events.ConnectionUpdated, Payload: after})
	return err
}

// Update publishes the changed state of a connection that Current gave; one that is as before is left alone.
func (m *Manager) Update(ctx context.Context, before, after events.Connection, s SecretFields, keep bool) (ChangeView, error) {
	c := Change{Tenant: after.Tenant, Connection: after.ID, Type: events.ConnectionUpdated, Payload: after, Secret: s, Keep: keep}
	if s == nil && sameConnection(before, after) {
		return ChangeView{Tenant: after.Tenant, Connection: after.ID, Event: c.Type.What(), Answer: AnswerUnchanged, Revision: before.BasedOn}, nil
	}
	return m.Do(ctx, c)
}

// Refer publishes one of the events that only name a connection: deleted, undeleted, secret_rotated,
// test_requested. A deletion and its undoing are based on the revision that was looked at.
func (m *Manager) Refer(ctx context.Context, t events.Type, tenant, id, actor string, s SecretFields, keep bool) (ChangeView, error) {
	e, err := m.entry(ctx, tenant, id)
	if err != nil {
		return ChangeView{}, err
	}
	ref := events.ConnectionRef{Tenant: tenant, ID: id, Actor: actor}
	switch {
	case t == events.ConnectionUndeleted && !e.Deleted:
		return ChangeView{}, problem(Refused, "holdfast connections show "+id+" --tenant "+tenant, "the connection is not deleted")
	case t != events.ConnectionUndeleted && e.Deleted:
		return ChangeView{}, problem(Refused, "holdfast connections restore "+id+" --tenant "+tenant, "the connection was deleted")
	case t == events.ConnectionUndeleted || t == events.ConnectionDeleted:
		ref.BasedOn = e.Sequence
	}
	return m.Do(ctx, Change{Tenant: tenant, Connection: id, Type: t, Payload: ref, Secret: s, Keep: keep})
}

// Rotate gives a connection that Current gave a new secret. With keep, fields that are not named stay; a login
// that may not read the secret writes it as a whole, where complete says that all it needs was given.
func (m *Manager) Rotate(ctx context.Context, c events.Connection, s SecretFields, keep, complete, noEvent bool) (ChangeView, error) {
	change := Change{Tenant: c.Tenant, Connection: c.ID, Type: events.ConnectionSecretRotated, Secret: s, Keep: keep,
		Payload: events.ConnectionRef{Tenant: c.Tenant, ID: c.ID, Actor: c.Actor}}
	if noEvent {
		change.Payload = nil
	}
	change.Whole = complete
	return m.Do(ctx, change)
}

// Difference is one member of a connection that is not as it was.
type Difference struct {
	Member string `json:"member"`           // such as auth.method or settings.base_url
	Before string `json:"before,omitempty"` // as JSON; empty: it was not there
	After  string `json:"after,omitempty"`  // as JSON; empty: it is gone
}

// Compare lists what is different between two states of one connection, in order.
func Compare(before, after events.Connection) ([]Difference, error) {
	a, err := members(before)
	if err != nil {
		return nil, err
	}
	b, err := members(after)
	if err != nil {
		return nil, err
	}
	return Differences(a, b), nil
}

// Differences are the members, by name, that are not the same before and after, in order.
func Differences(before, after map[string]string) (all []Difference) {
	for name, was := range before {
		if is := after[name]; is != was {
			all = append(all, Difference{name, was, is})
		}
	}
	for name, is := range after {
		if _, there := before[name]; !there {
			all = append(all, Difference{Member: name, After: is})
		}
	}
	slices.SortFunc(all, func(x, y Difference) int { return cmp.Compare(x.Member, y.Member) })
	return all
}

// members are the leaves of a connection's document by their place.
func members(c events.Connection) (map[string]string, error) {
	c.Tenant, c.Actor, c.BasedOn = "", "", 0
	raw, err := events.Marshal(c)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "a connection can not be written as JSON", err)
	}
	all := make(map[string]string)
	leaves("", raw, all)
	delete(all, "actor")
	return all, nil
}

func leaves(place string, raw json.RawMessage, into map[string]string) {
	var object map[string]json.RawMessage
	if bytes.HasPrefix(raw, []byte("{")) && json.Unmarshal(raw, &object) == nil {
		for name, member := range object {
			leaves(strings.TrimPrefix(place+"."+name, "."), member, into)
		}
		return
	}
	into[place] = string(raw)
}

package ops

import (
	"context"
	"slices"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/catalog"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// SecretShape is the fields of a connection's secret, called as its type calls them; nil where it has none.
func (m *Manager) SecretShape(c events.Connection) []credential.Field {
	fields := credential.Method(c.Auth.Method).Fields()
	t, ok := m.Types.Lookup(c.Type)
	if !ok {
		return fields
	}
	i := slices.IndexFunc(t.Auth, func(a catalog.Method) bool { return string(a.Method) == c.Auth.Method })
	for n := range fields {
		if i >= 0 && t.Auth[i].Fields[fields[n].Name] != "" {
			fields[n].Title = t.Auth[i].Fields[fields[n].Name]
		}
	}
	for _, s := range t.Settings {
		if s.Secret {
			fields = append(fields, credential.Field{Name: s.Name, Title: s.Title, Optional: !s.Required})
		}
	}
	return fields
}

// TextSettings tells which settings of a type are text, whatever they look like.
func (m *Manager) TextSettings(name string) func(setting string) bool {
	t, ok := m.Types.Lookup(name)
	return func(setting string) bool {
		return ok && slices.ContainsFunc(t.Settings, func(s catalog.Setting) bool { return s.Name == setting && s.Type == "string" })
	}
}

// permitted refuses a change whose secret would be in Vault before a worker says no: by the rules that workers
// have, and by the revision. Everything else is theirs to say.
func (m *Manager) permitted(ctx context.Context, c Change) error {
	if c.Secret == nil {
		return nil
	}
	e, err := m.lookAt(ctx, events.Connection{Tenant: c.Tenant, ID: c.Connection})
	if err != nil {
		return err
	}
	if f := m.tooLate(e, c); f != nil {
		return c.refused(f)
	}
	q := access.Question{Op: access.Credentials}
	switch p := c.Payload.(type) {
	case events.Connection:
		q.Op, q.Actor, q.Wanted = access.Edit, p.Actor, &p
		if c.Type == events.ConnectionCreated {
			q.Op = access.Create
		}
	case events.ConnectionRef:
		q.Actor = p.Actor
	default:
		return nil // no event, so no worker is going to judge: Vault's policies do
	}
	if e != nil && !e.Missing {
		q.Now = &e.Connection
	}
	all, err := m.Permissions(ctx)
	if err != nil {
		return err
	}
	q.Site = all.Of(c.Tenant).SiteRights(q.Actor)
	if f := access.Decide(all.Of(c.Tenant).Directory(), q).Fault(); f != nil {
		return c.refused(f)
	}
	return nil
}

func (c Change) refused(f *fault.Fault) error {
	return ChangeView{Tenant: c.Tenant, Connection: c.Connection, Reason: string(f.Reason), Rule: f.Rule, Field: f.Field,
		Detail: f.Detail}.refused("nothing was done: ")
}

// tooLate tells that a change was made for something that is otherwise by now.
func (m *Manager) tooLate(e *connection.Entry, c Change) *fault.Fault {
	if e != nil && e.Deleted && c.Payload != nil && c.Type != events.ConnectionCreated {
		return fault.New(fault.ConnectionDeleted, "the connection was deleted")
	}
	switch p := c.Payload.(type) {
	case events.Connection:
		p.Tenant = c.Tenant
		if other := m.named(p); other != nil && other.NameKey() != e.NameKey() {
			return fault.New(fault.NameTaken, "another shared connection of the tenant has this name: "+other.ID)
		}
		return connection.CheckRevision(e, p.BasedOn)
	case events.ConnectionRef:
		return connection.CheckRevision(e, p.BasedOn)
	default:
		return nil
	}
}

package handlers

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"holdfast/events"
	"holdfast/internal/catalog"
	"holdfast/internal/connection"
	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// appliedKept is how many connections are kept as their types complete them; the least used go first.
const appliedKept = 16_384

// appliedCache holds connections as their types complete them: every action needs that, and a registry's entry is
// the same pointer until the connection changes.
type appliedCache = lru.Cache[appliedKey, appliedEntry]

type appliedKey struct{ tenant, id string }

type appliedEntry struct{ from, to *connection.Entry }

func newAppliedCache() *appliedCache {
	c, err := lru.New[appliedKey, appliedEntry](appliedKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	return c
}

// applied is a connection as authenticators and connectors work with it: its type's endpoints, scopes and
// parameters in Auth, and the connector's settings document as Settings. It is for using the connection alone:
// what is stored, compared and told is the connection itself. The fault is SettingsInvalid.
func (h *Handlers) applied(e *connection.Entry) (*connection.Entry, *fault.Fault) {
	k := appliedKey{e.Tenant, e.ID}
	if a, ok := h.completed.Get(k); ok && a.from == e {
		return a.to, nil
	}
	t, f := h.typeOf(e.Connection)
	if f != nil {
		return nil, f
	}
	to := *e
	if to.Connection, f = t.Apply(e.Connection); f != nil {
		return nil, f
	}
	h.completed.Add(k, appliedEntry{from: e, to: &to})
	return &to, nil
}

func (h *Handlers) typeOf(c events.Connection) (*catalog.Type, *fault.Fault) {
	t, ok := h.Types.Lookup(c.Type)
	if !ok {
		return nil, catalog.Unknown()
	}
	return t, nil
}

// tester is the connector that tests a connection, and the connection as it reads it.
func (h *Handlers) tester(e *connection.Entry) (connector.Connector, *connection.Entry, *fault.Fault) {
	to, f := h.applied(e)
	if f != nil {
		return nil, nil, f
	}
	t, f := h.typeOf(e.Connection)
	if f != nil {
		return nil, nil, f
	}
	con, ok := h.Connectors.Lookup(t.Tester())
	if !ok {
		return nil, nil, fault.New(fault.SettingsInvalid, "no connector can use this connection type").WithField("/data/type")
	}
	return con, to, nil
}

// supports refuses what the connection's type can not do. A type that is gone is not the request's fault: using the
// connection then fails as a matter of its settings, which suspends the run instead of ending it.
func (h *Handlers) supports(e *connection.Entry, r events.Request) *fault.Fault {
	t, ok := h.Types.Lookup(e.Type)
	if !ok {
		return nil
	}
	return t.Permit(credential.Method(e.Auth.Method), r.Action)
}

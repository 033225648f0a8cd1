package handlers

import (
	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/connection"
	"holdfast/internal/permission"
)

// tellConfigured counts a change of permissions that nothing but its actor's site set let through: deprecated.
func (h *Handlers) tellConfigured(now *permission.Snapshot, f events.Fact, actor string) {
	switch f.Kind {
	case events.FactSet, events.FactAssignment, events.FactSiteSet, events.FactPublicAccess:
		if !access.Describe(now.Directory(), actor).Allowed && now.ConfiguresSite(actor) {
			h.Observer.Decided(permission.BySiteSet)
		}
	default: // who has a site set may not change users and places by it
	}
}

// tellManaged counts a change of a connection that nothing but its actor's site set let through: deprecated.
func (h *Handlers) tellManaged(tenant string, c change, old *connection.Entry) {
	q := access.Question{Op: c.op, Actor: c.actor, Now: known(old)}
	if c.wanted != nil {
		q.Wanted = c.wanted(old)
	}
	now := h.Permissions.Of(tenant)
	q.Site = now.SiteRights(c.actor)
	if d := access.Decide(now.Directory(), q); d.Allowed && d.Rule == access.ConfiguresSite {
		h.Observer.Decided(permission.BySiteSet)
	}
}

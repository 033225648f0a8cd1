package access

import (
	"slices"

	"holdfast/events"
)

// Decide answers a question by a tenant's directory. Nothing is allowed that no rule allows. Creating what is
// there, or was and is deleted, edits it: its id is what steps refer to, and its secret may still be there.
func Decide(d *Directory, q Question) Decision {
	if d.Removed(q.Actor) {
		return refuse(RemovedUser, "the user was removed from the directory")
	}
	switch q.Op {
	case Create, Edit, ChangeAvailability, Assign:
		if q.Now == nil {
			return d.mayCreate(q.Actor, q.Wanted)
		}
		return d.mayEdit(q)
	case Use:
		return d.mayUse(q)
	case See:
		return d.maySee(q)
	case Delete, Restore:
		return d.mayManage(q)
	case Test, Credentials:
		if personal(q.Now) && !owns(q.Actor, q.Now) {
			return refuse(PersonalCreatorOnly, "a personal connection's credentials are its creator's alone")
		}
		if q.Op == Credentials && personal(q.Now) && q.Site.NotSelf {
			return notSelf()
		}
		return d.mayManage(q)
	default:
		return refuse(NoRole, "no rule knows this operation")
	}
}

func personal(c *events.Connection) bool { return c != nil && c.Kind == events.Personal }

func owns(actor string, c *events.Connection) bool {
	return c != nil && actor != "" && actor != events.ActorSystem && slices.Contains(c.Owners, actor)
}

// notSelf refuses somebody whose site permission set does not let the user configure the user's own.
func notSelf() Decision {
	return refuse(ConfigureSelfNeeded, "the user's site permission set does not let the user change credentials of the user's own")
}

// mayManage: the owners, and administrators everywhere in the tenant, and who may configure the site.
func (d *Directory) mayManage(q Question) Decision {
	actor, c := q.Actor, q.Now
	switch r, admin := d.administrator(actor); {
	case owns(actor, c) && personal(c):
		return allow(PersonalOwner)
	case owns(actor, c):
		return allow(Owner)
	case actor == events.ActorSystem:
		return allow(System)
	case admin:
		return allow(r)
	case q.Site.Configures:
		return allow(ConfiguresSite)
	default:
		return refuse(OwnersOnly, "only an owner of the connection or an administrator may do this")
	}
}

// administrator tells whether the actor is a tenant or a site collection administrator, and as which it counts.
func (d *Directory) administrator(actor string) (Rule, bool) {
	as, is := Rule(""), false
	for _, g := range d.Roles(actor) {
		switch g.Role {
		case events.TenantAdministrator:
			return TenantAdmin, true
		case events.SiteCollectionAdministrator:
			as, is = SiteCollectionAdmin, true
		case events.SiteOwner:
		}
	}
	return as, is
}

// mayUse: a personal connection's creator, anywhere in the tenant; a shared one's users where it is available.
func (d *Directory) mayUse(q Question) Decision {
	c := q.Now
	if c == nil {
		return refuse(NotAvailableHere, "no connection has this id")
	}
	if personal(c) {
		if !owns(q.Actor, c) {
			return refuse(PersonalCreatorOnly, "a personal connection works for its creator only")
		}
		return allow(PersonalOwner)
	}
	where := d.availableAt(c.Availability, q.Place)
	if !where.Allowed {
		return where
	}
	return d.named(q.Actor, c, where)
}

// named is what the lists of users and groups say; otherwise what it is where there are none.
func (d *Directory) named(actor string, c *events.Connection, otherwise Decision) Decision {
	switch {
	case len(c.Users) == 0 && len(c.Groups) == 0:
		return otherwise
	case owns(actor, c):
		return allow(Owner)
	case actor != "" && slices.Contains(c.Users, actor):
		return allow(NamedUser)
	case actor != "" && d.Member(actor, c.Groups):
		return allow(NamedGroup)
	default:
		return refuse(NotNamed, "the connection is for its owners and those whom it names only")
	}
}

// availableAt tells whether a shared connection is available in a place. What the directory knows of a site
// counts for more than what is said of it.
func (d *Directory) availableAt(a events.Availability, p Place) Decision {
	p, ok := d.locate(p)
	switch {
	case a.Level == levelTenant:
		return allow(SharedInTenant)
	case !ok:
		return refuse(PlaceContradicted, "the directory says otherwise of the site or its site collection")
	case a.Level == levelSiteCollection && a.SiteCollection != "" && a.SiteCollection == p.SiteCollection:
		return allow(SharedInSiteCollection)
	case a.Level == levelSite && a.Site != "" && a.Site == p.Site:
		return allow(SharedInSite)
	case a.Level == levelSite:
		return refuse(NotAvailableHere, "the connection is available in another site only")
	default:
		return refuse(NotAvailableHere, "the connection is available in another site collection only")
	}
}

// locate is a place as the directory knows it; ok is false where it says otherwise. Of a place that it never
// heard of, what is said is believed.
func (d *Directory) locate(p Place) (Place, bool) {
	if d == nil {
		return p, true
	}
	if s, known := d.sites.Get(p.Site); known {
		if s.removed || p.SiteCollection != "" && p.SiteCollection != s.collection {
			return p, false
		}
		p.SiteCollection = s.collection
	}
	c, _ := d.collections.Get(p.SiteCollection)
	return p, !c.removed
}

// maySee: owners and administrators; of a shared connection also those whom it names, and those to whom it is
// available by the place they ask from or by a role they have there.
func (d *Directory) maySee(q Question) Decision {
	c := q.Now
	if by := d.mayManage(q); by.Allowed || c == nil {
		return by
	}
	if personal(c) {
		return refuse(PersonalCreatorOnly, "a personal connection is its creator's")
	}
	who := d.named(q.Actor, c, allow(SharedInTenant))
	if !who.Allowed || who.Rule != SharedInTenant {
		return who
	}
	if !d.Known(q.Actor) {
		return refuse(NoRole, "the directory does not know the user")
	}
	if where := d.availableAt(c.Availability, q.Place); where.Allowed {
		return where
	}
	for _, g := range d.Roles(q.Actor) {
		if by := d.availableAt(c.Availability, Place{SiteCollection: g.SiteCollection, Site: g.Site}); by.Allowed {
			return by
		}
	}
	return refuse(NotAvailableHere, "the connection is not available to this account")
}

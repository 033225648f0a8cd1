package access

import "holdfast/events"

// Describe decides who may say what users, groups, roles and places there are.
func Describe(d *Directory, actor string) Decision {
	switch r, admin := d.administrator(actor); {
	case actor == events.ActorSystem:
		return allow(System)
	case d.Removed(actor):
		return refuse(RemovedUser, "the user was removed from the directory").at("/data/actor")
	case admin && r == TenantAdmin:
		return allow(r)
	default:
		return refuse(DirectoryAdmins, "users, roles and places change by tenant administrators or the upstream system").at("/data/actor")
	}
}

// CheckUser refuses a user of the names under which the upstream system acts, and whoever is not signed in.
func CheckUser(_ *Directory, u events.User) Decision {
	switch u.ID {
	case events.PermissionPublic:
		return refuse(SystemIsNoUser, "this is the name of whoever is not signed in").at("/data/user_id")
	case events.ActorSystem:
		return refuse(SystemIsNoUser, "this is the name under which the upstream system acts").at("/data/user_id")
	}
	return allow(TenantAdmin)
}

// CheckRole refuses a role in a place that is not there.
func CheckRole(d *Directory, r events.RoleHolders) Decision {
	a := events.Availability{Level: levelTenant}
	field := ""
	switch r.Role {
	case events.SiteCollectionAdministrator:
		a, field = events.Availability{Level: levelSiteCollection, SiteCollection: r.SiteCollection}, "/data/site_collection_id"
	case events.SiteOwner:
		a, field = events.Availability{Level: levelSite, Site: r.Site}, "/data/site_id"
	case events.TenantAdministrator:
	}
	if !d.there(a) {
		return refuse(PlaceUnknown, "the directory does not know the place that the role is in").at(field)
	}
	return allow(TenantAdmin)
}

// CheckSite refuses a site in a site collection that is not there.
func CheckSite(d *Directory, s events.Site) Decision {
	if !d.hasCollection(s.SiteCollection) {
		return refuse(PlaceUnknown, "the directory does not know the site collection").at("/data/site_collection_id")
	}
	return allow(TenantAdmin)
}

package access

import (
	"slices"

	"holdfast/events"
)

// Levels of availability.
const (
	levelTenant         = "tenant"
	levelSiteCollection = "site_collection"
	levelSite           = "site"
)

// mayCreate: a personal connection by anybody for nobody else; a shared one by who has a role, where the role
// reaches.
func (d *Directory) mayCreate(actor string, c *events.Connection) Decision {
	switch {
	case c == nil || len(c.Owners) == 0:
		return refuse(LastOwner, "a connection has an owner").at("/data/owners")
	case personal(c) && (len(c.Owners) != 1 || !owns(actor, c)):
		return refuse(PersonalCreatorOnly, "a personal connection has one owner, its creator").at("/data/owners")
	}
	if no := d.fromDesigner(c.DesignerSite); !no.Allowed {
		return no
	}
	if personal(c) {
		return allow(PersonalOwner)
	}
	return d.reaches(actor, c.Availability)
}

// fromDesigner: a site can turn off creating connections in its designer, for all and everybody.
func (d *Directory) fromDesigner(id string) Decision {
	if id == "" {
		return allow(PersonalOwner)
	}
	s, ok := d.site(id)
	switch {
	case !ok:
		return refuse(PlaceUnknown, "the directory does not know the designer's site").at("/data/designer_site_id")
	case s.designerOff:
		return refuse(DesignerOff, "creating connections in the designer is turned off in this site").at("/data/designer_site_id")
	default:
		return allow(PersonalOwner)
	}
}

// reaches tells which of the actor's roles covers a level of availability: nobody goes above their role.
func (d *Directory) reaches(actor string, a events.Availability) Decision {
	if a.Level == "" {
		return refuse(AvailabilityUnclear, "where the connection shall be available does not follow from the creator's role").at("/data/availability")
	}
	if actor == events.ActorSystem {
		return allow(System)
	}
	roles := d.Roles(actor)
	if len(roles) == 0 {
		return refuse(NoRole, "creating shared connections takes a role: tenant administrator, site collection administrator or site owner")
	}
	if !d.there(a) {
		return refuse(PlaceUnknown, "the directory does not know the place").at("/data/availability")
	}
	for _, g := range roles {
		if r, ok := d.covers(g, a); ok {
			return allow(r)
		}
	}
	return refuse(AboveRole, "the actor's role does not reach that far").at("/data/availability")
}

// there tells whether the place that an availability names is in the directory.
func (d *Directory) there(a events.Availability) bool {
	switch a.Level {
	case levelSite:
		_, ok := d.site(a.Site)
		return ok
	case levelSiteCollection:
		return d.hasCollection(a.SiteCollection)
	default:
		return a.Level == levelTenant
	}
}

func (d *Directory) covers(g Grant, a events.Availability) (Rule, bool) {
	s, _ := d.site(a.Site)
	switch g.Role {
	case events.TenantAdministrator:
		return TenantAdmin, true
	case events.SiteCollectionAdministrator:
		return SiteCollectionAdmin, a.Level == levelSiteCollection && a.SiteCollection == g.SiteCollection ||
			a.Level == levelSite && s.collection == g.SiteCollection
	case events.SiteOwner:
		return SiteOwner, a.Level == levelSite && a.Site == g.Site
	default:
		return "", false
	}
}

// DefaultAvailability is where a shared connection is available whose creator does not say: the tenant for a
// tenant administrator, the site collection for its administrator, the site for its owner. With a role in
// several places, the site that the connection was created in says which; without one it stays empty, and
// Decide refuses.
func DefaultAvailability(d *Directory, actor, designerSite string) events.Availability {
	var collections, sites []string
	for _, g := range d.Roles(actor) {
		switch g.Role {
		case events.TenantAdministrator:
			return events.Availability{Level: levelTenant}
		case events.SiteCollectionAdministrator:
			collections = append(collections, g.SiteCollection)
		case events.SiteOwner:
			sites = append(sites, g.Site)
		}
	}
	if len(collections) > 0 {
		in, _ := d.site(designerSite)
		if place := theOne(collections, in.collection); place != "" {
			return events.Availability{Level: levelSiteCollection, SiteCollection: place}
		}
		return events.Availability{}
	}
	if place := theOne(sites, designerSite); place != "" {
		return events.Availability{Level: levelSite, Site: place}
	}
	return events.Availability{}
}

// theOne is the preferred place where it is among the places, or the only one; empty where neither is.
func theOne(places []string, preferred string) string {
	if slices.Contains(places, preferred) {
		return preferred
	}
	slices.Sort(places)
	if places = slices.Compact(places); len(places) == 1 {
		return places[0]
	}
	return ""
}

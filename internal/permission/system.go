package permission

import "holdfast/events"

// systemSets are the site sets that every tenant has from the start, as long as nobody changed them.
var systemSets = map[string]*Set{
	events.SystemSetAdmin: compile(Set{PermissionSet: events.PermissionSet{ID: events.SystemSetAdmin, Kind: events.SiteSet, Name: "Admin",
		Site: &events.SiteRights{ConfigureSite: true, ConfigureSelf: true}, Actor: events.ActorSystem}}),
	events.SystemSetStandard: compile(Set{PermissionSet: events.PermissionSet{ID: events.SystemSetStandard, Kind: events.SiteSet, Name: "Standard",
		Site: &events.SiteRights{ConfigureSelf: true}, Actor: events.ActorSystem}}),
	events.SystemSetPublic: compile(Set{PermissionSet: events.PermissionSet{ID: events.SystemSetPublic, Kind: events.SiteSet, Name: "Public",
		Site: &events.SiteRights{}, Actor: events.ActorSystem}}),
}

// isSystem tells whether a set is one of the three that can not be deleted.
func isSystem(id string) bool { return systemSets[id] != nil }

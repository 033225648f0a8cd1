package access

import (
	"bytes"
	"reflect"
	"slices"

	"holdfast/events"
)

// mayEdit: whoever may manage the connection; and each thing that changes may take more.
func (d *Directory) mayEdit(q Question) Decision {
	now, wanted := q.Now, q.Wanted
	if wanted == nil {
		return refuse(OwnersOnly, "nothing is said of what the connection shall be")
	}
	by := d.mayManage(q)
	if !by.Allowed {
		return by
	}
	if now.Kind != wanted.Kind {
		return refuse(KindStays, "a personal connection never becomes shared, and a shared one never personal").at("/data/kind")
	}
	if personal(now) {
		return d.mayEditPersonal(q, by)
	}
	if d.endsOwnership(now.Owners, wanted.Owners) {
		return refuse(LastOwner, "the connection's last owner can not be removed").at("/data/owners")
	}
	if !sameAvailability(now.Availability, wanted.Availability) {
		return d.mayMove(q)
	}
	return by
}

// mayEditPersonal: others than its creator may rename it, disable it or change how its runs wait. What decides
// where its credentials go is the creator's.
func (d *Directory) mayEditPersonal(q Question, by Decision) Decision {
	switch {
	case !slices.Equal(q.Now.Owners, q.Wanted.Owners):
		return refuse(PersonalNoTakeover, "a personal connection stays its creator's").at("/data/owners")
	case !owns(q.Actor, q.Now) && !sameTarget(q.Now, q.Wanted):
		return refuse(PersonalCreatorOnly, "where a personal connection's credentials go is its creator's to say")
	case owns(q.Actor, q.Now) && q.Site.NotSelf && !sameTarget(q.Now, q.Wanted):
		return notSelf()
	default:
		return by
	}
}

// mayMove: only an owner who is an administrator changes where a connection is available, and nobody to above
// their role. The connection as it is says who owns it: becoming an owner comes first.
func (d *Directory) mayMove(q Question) Decision {
	_, admin := d.administrator(q.Actor)
	switch {
	case q.Actor == events.ActorSystem:
		return d.reaches(q.Actor, q.Wanted.Availability)
	case !owns(q.Actor, q.Now) || !admin:
		return refuse(AvailabilityOnly, "only an owner who is a site collection administrator changes where a connection is available").
			at("/data/availability")
	default:
		return d.reaches(q.Actor, q.Wanted.Availability)
	}
}

// endsOwnership tells whether a connection would be left to users who were removed, or to nobody.
func (d *Directory) endsOwnership(before, after []string) bool {
	gone := func(id string) bool { return d.Removed(id) }
	return len(after) == 0 || !allOf(before, gone) && allOf(after, gone)
}

func allOf(ids []string, is func(string) bool) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !is(id) })
}

// sameAvailability compares what counts at the level.
func sameAvailability(a, b events.Availability) bool {
	switch {
	case a.Level != b.Level:
		return false
	case a.Level == levelSite:
		return a.Site == b.Site
	case a.Level == levelSiteCollection:
		return a.SiteCollection == b.SiteCollection
	default:
		return true
	}
}

// sameTarget tells whether two connections send the same credentials to the same place.
func sameTarget(a, b *events.Connection) bool {
	return a.Type == b.Type && a.Account == b.Account && reflect.DeepEqual(a.Auth, b.Auth) && bytes.Equal(a.Settings, b.Settings)
}

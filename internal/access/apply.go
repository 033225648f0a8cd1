package access

import (
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/table"
)

// Apply is the directory with one fact changed. Facts come in any order: what refers to something that is not
// there yet counts as soon as it is. A fact of another kind, or one that can not be read, changes nothing but
// takes away what it replaces: nobody keeps a right that nobody can read.
func (d *Directory) Apply(f events.Fact) *Directory {
	var next Directory
	if d != nil {
		next = *d
	}
	switch f.Kind {
	case events.FactUser:
		p := events.ReadFact[events.User](&f)
		u := *next.user(f.ID)
		u.name, u.known, u.Removed = p.Name, true, f.Removed
		next.users = next.users.With(f.ID, &u)
	case events.FactGroup:
		p := events.ReadFact[events.Group](&f)
		next.setGroup(f.ID, group{name: p.Name, members: p.Members}, f.Removed)
	case events.FactRole:
		next.setHolders(f.ID, events.ReadFact[events.RoleHolders](&f))
	case events.FactSiteCollection:
		p := events.ReadFact[events.SiteCollection](&f)
		next.collections = next.collections.With(f.ID, collection{name: p.Name, removed: f.Removed})
	case events.FactSite:
		p := events.ReadFact[events.Site](&f)
		next.sites = next.sites.With(f.ID, site{name: p.Name, collection: p.SiteCollection, designerOff: p.DesignerOff, removed: f.Removed})
	default: // of no interest here
	}
	return &next
}

// setGroup replaces a group, and each user's list of groups where it differs.
func (d *Directory) setGroup(id string, g group, removed bool) {
	old, _ := d.groups.Get(id)
	d.groups = d.groups.With(id, g)
	if removed {
		d.groups = d.groups.Without(id)
	}
	key := table.KeyOf(id)
	before, after := setOf(old.members), setOf(g.members)
	for m := range before {
		if !after[m] {
			d.setGroups(m, slices.DeleteFunc(slices.Clone(d.user(m).Groups), func(g table.Key) bool { return g.Is(key) }))
		}
	}
	for m := range after {
		if !before[m] {
			d.setGroups(m, table.Insert(d.user(m).Groups, key))
		}
	}
}

func (d *Directory) setGroups(member string, groups []table.Key) {
	u := *d.user(member)
	if len(groups) == 0 && !u.known {
		d.users = d.users.Without(member)
		return
	}
	u.Groups, u.Mask = groups, Mask(groups...)
	d.users = d.users.With(member, &u)
}

// setHolders replaces who has a role in a place; none where it can not be read.
func (d *Directory) setHolders(id string, next events.RoleHolders) {
	old, _ := d.holders.Get(id)
	if next.FactID() != id { // it was removed, or its key belies it
		next = events.RoleHolders{}
	}
	d.holders = d.holders.With(id, next)
	grant := grantOf(id)
	d.userRoles = regrant(d.userRoles, old.Users, next.Users, grant)
	d.groupRoles = regrant(d.groupRoles, old.Groups, next.Groups, grant)
}

// grantOf reads the grant from the id of its fact.
func grantOf(id string) Grant {
	role, place, _ := strings.Cut(id, ".")
	g := Grant{Role: events.Role(role)}
	switch g.Role {
	case events.SiteCollectionAdministrator:
		g.SiteCollection = place
	case events.SiteOwner:
		g.Site = place
	case events.TenantAdministrator:
	}
	return g
}

func regrant(t table.Of[[]Grant], before, after []string, g Grant) table.Of[[]Grant] {
	had, has := setOf(before), setOf(after)
	for id := range had {
		if !has[id] {
			old, _ := t.Get(id)
			t = put(t, id, slices.DeleteFunc(slices.Clone(old), func(o Grant) bool { return o == g }))
		}
	}
	for id := range has {
		if !had[id] {
			old, _ := t.Get(id)
			t = t.With(id, append(slices.Clone(old), g))
		}
	}
	return t
}

// put keeps a list, and no empty one.
func put[V any](t table.Of[[]V], key string, list []V) table.Of[[]V] {
	if len(list) == 0 {
		return t.Without(key)
	}
	return t.With(key, list)
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

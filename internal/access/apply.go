package access

import (
	"encoding/json"
	"slices"
	"strings"

	"holdfast/events"
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
		p := payload[events.User](&f)
		next.users = next.users.with(f.ID, user{name: p.Name, removed: f.Removed})
	case events.FactGroup:
		p := payload[events.Group](&f)
		next.setGroup(f.ID, group{name: p.Name, members: p.Members}, f.Removed)
	case events.FactRole:
		next.setHolders(f.ID, payload[events.RoleHolders](&f))
	case events.FactSiteCollection:
		p := payload[events.SiteCollection](&f)
		next.collections = next.collections.with(f.ID, collection{name: p.Name, removed: f.Removed})
	case events.FactSite:
		p := payload[events.Site](&f)
		next.sites = next.sites.with(f.ID, site{name: p.Name, collection: p.SiteCollection, designerOff: p.DesignerOff, removed: f.Removed})
	case events.FactProcess:
	}
	return &next
}

// payload is what a fact says; the zero payload of one that was removed or can not be read, which then counts
// as removed.
func payload[T any](f *events.Fact) (p T) {
	if f.Removed {
		return p
	}
	if json.Unmarshal(f.Data, &p) != nil {
		f.Removed = true
		var none T
		return none
	}
	return p
}

// setGroup replaces a group, and each user's list of groups where it differs.
func (d *Directory) setGroup(id string, g group, removed bool) {
	old, _ := d.groups.get(id)
	d.groups = d.groups.with(id, g)
	if removed {
		d.groups = d.groups.without(id)
	}
	before, after := setOf(old.members), setOf(g.members)
	for m := range before {
		if !after[m] {
			of, _ := d.memberOf.get(m)
			d.memberOf = put(d.memberOf, m, slices.DeleteFunc(slices.Clone(of), func(g string) bool { return g == id }))
		}
	}
	for m := range after {
		if !before[m] {
			of, _ := d.memberOf.get(m)
			of = append(slices.Clone(of), id)
			slices.Sort(of)
			d.memberOf = d.memberOf.with(m, of)
		}
	}
}

// setHolders replaces who has a role in a place; none where it can not be read.
func (d *Directory) setHolders(id string, next events.RoleHolders) {
	old, _ := d.holders.get(id)
	if next.FactID() != id { // it was removed, or its key belies it
		next = events.RoleHolders{}
	}
	d.holders = d.holders.with(id, next)
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

func regrant(t table[[]Grant], before, after []string, g Grant) table[[]Grant] {
	had, has := setOf(before), setOf(after)
	for id := range had {
		if !has[id] {
			old, _ := t.get(id)
			t = put(t, id, slices.DeleteFunc(slices.Clone(old), func(o Grant) bool { return o == g }))
		}
	}
	for id := range has {
		if !had[id] {
			old, _ := t.get(id)
			t = t.with(id, append(slices.Clone(old), g))
		}
	}
	return t
}

// put keeps a list, and no empty one.
func put[V any](t table[[]V], key string, list []V) table[[]V] {
	if len(list) == 0 {
		return t.without(key)
	}
	return t.with(key, list)
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

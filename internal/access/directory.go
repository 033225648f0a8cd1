package access

import (
	"slices"

	"github.com/benbjohnson/immutable"

	"holdfast/events"
)

// Directory is a tenant's users, groups, roles and places at one moment. It never changes: Apply gives another
// one, which shares with it what is the same. The zero Directory is empty and ready to use; a nil one, too.
type Directory struct {
	users       table[user]
	groups      table[group]
	memberOf    table[[]string] // user → groups, in order
	holders     table[events.RoleHolders]
	userRoles   table[[]Grant] // user → what the user was given in person
	groupRoles  table[[]Grant] // group → what its members have through it
	collections table[collection]
	sites       table[site]
}

// table is a persistent map; nil is empty.
type table[V any] struct{ m *immutable.Map[string, V] }

func (t table[V]) get(key string) (v V, ok bool) {
	if t.m == nil {
		return v, false
	}
	return t.m.Get(key)
}

func (t table[V]) with(key string, v V) table[V] {
	if t.m == nil {
		return table[V]{immutable.NewMap[string, V](nil).Set(key, v)}
	}
	return table[V]{t.m.Set(key, v)}
}

func (t table[V]) without(key string) table[V] {
	if t.m == nil {
		return t
	}
	return table[V]{t.m.Delete(key)}
}

type user struct {
	name    string
	removed bool
}

type group struct {
	name    string
	members []string
}

type collection struct {
	name    string
	removed bool
}

type site struct {
	name        string
	collection  string
	designerOff bool
	removed     bool
}

// Grant is one role in one place, and the group that gives it.
type Grant struct {
	Role           events.Role `json:"role"`
	SiteCollection string      `json:"site_collection_id,omitempty"` // also of a site owner's site, where it is known
	Site           string      `json:"site_id,omitempty"`
	Group          string      `json:"through_group_id,omitempty"` // empty: given in person
}

// Roles are what a user may be, and where. One whom the directory never heard of, or who was removed, has
// none, and a role in a place that is not there counts for nothing.
func (d *Directory) Roles(id string) []Grant {
	if d == nil || !d.Known(id) {
		return nil
	}
	own, _ := d.userRoles.get(id)
	roles := d.standing(nil, own, "")
	groups, _ := d.memberOf.get(id)
	for _, g := range groups {
		given, _ := d.groupRoles.get(g)
		roles = d.standing(roles, given, g)
	}
	return roles
}

// standing adds the grants whose places are there.
func (d *Directory) standing(roles, given []Grant, through string) []Grant {
	for _, g := range given {
		switch g.Role {
		case events.TenantAdministrator:
		case events.SiteCollectionAdministrator:
			if !d.hasCollection(g.SiteCollection) {
				continue
			}
		case events.SiteOwner:
			s, ok := d.site(g.Site)
			if !ok {
				continue
			}
			g.SiteCollection = s.collection
		default:
			continue
		}
		g.Group = through
		roles = append(roles, g)
	}
	return roles
}

// Known tells whether the directory has the user.
func (d *Directory) Known(id string) bool {
	u, ok := d.users.get(id)
	return ok && !u.removed
}

// Removed tells whether the user was there and is no more.
func (d *Directory) Removed(id string) bool {
	if d == nil {
		return false
	}
	u, _ := d.users.get(id)
	return u.removed
}

// Member tells whether the user is in one of the groups.
func (d *Directory) Member(id string, groups []string) bool {
	if d == nil || len(groups) == 0 || d.Removed(id) {
		return false
	}
	of, _ := d.memberOf.get(id)
	return slices.ContainsFunc(of, func(g string) bool { return slices.Contains(groups, g) })
}

// site is a site that is there.
func (d *Directory) site(id string) (site, bool) {
	if d == nil {
		return site{}, false
	}
	s, ok := d.sites.get(id)
	return s, ok && !s.removed && d.hasCollection(s.collection)
}

func (d *Directory) hasCollection(id string) bool {
	if d == nil {
		return false
	}
	c, ok := d.collections.get(id)
	return ok && !c.removed
}

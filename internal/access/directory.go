package access

import (
	"slices"

	"holdfast/events"
	"holdfast/internal/table"
)

// Directory is a tenant's users, groups, roles and places at one moment. It never changes: Apply gives another
// one, which shares with it what is the same. The zero Directory is empty and ready to use; a nil one, too.
type Directory struct {
	users       table.Of[*user] // also those whom only groups name
	groups      table.Of[group]
	holders     table.Of[events.RoleHolders]
	userRoles   table.Of[[]Grant] // user → what the user was given in person
	groupRoles  table.Of[[]Grant] // group → what its members have through it
	collections table.Of[collection]
	sites       table.Of[site]
}

// Standing is what counts of a user at every request.
type Standing struct {
	Removed bool
	// Groups are those that name the user, in order, and Mask theirs.
	Groups []table.Key
	Mask   uint64
}

// Mask has a bit for each of some groups: lists whose masks share none share no group. It is there to tell so without
// comparing.
func Mask(groups ...table.Key) (mask uint64) {
	for _, g := range groups {
		mask |= 1 << g.Bucket(64)
	}
	return mask
}

type user struct {
	Standing

	name  string
	known bool // or was: the directory described the user
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
	own, _ := d.userRoles.Get(id)
	roles := d.standing(nil, own, "")
	for _, g := range d.Groups(id) {
		given, _ := d.groupRoles.Get(g)
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

// Groups are the groups that name the user, in order; none of one who was removed.
func (d *Directory) Groups(id string) (groups []string) {
	if s := d.Standing(id); !s.Removed {
		for _, g := range s.Groups {
			groups = append(groups, g.Name())
		}
	}
	return groups
}

// Standing is what counts of a user at every request; never nil. Do not change it.
func (d *Directory) Standing(id string) *Standing {
	if d == nil {
		return &nobody.Standing
	}
	return &d.user(id).Standing
}

// nobody is a user of whom nothing was said.
var nobody = new(user)

func (d *Directory) user(id string) *user {
	if u, ok := d.users.Get(id); ok {
		return u
	}
	return nobody
}

// Known tells whether the directory has the user.
func (d *Directory) Known(id string) bool {
	u := d.user(id)
	return u.known && !u.Removed
}

// Removed tells whether the user was there and is no more.
func (d *Directory) Removed(id string) bool { return d.Standing(id).Removed }

// Member tells whether the user is in one of the groups.
func (d *Directory) Member(id string, groups []string) bool {
	s := d.Standing(id)
	return !s.Removed && slices.ContainsFunc(s.Groups, func(g table.Key) bool { return slices.Contains(groups, g.Name()) })
}

// site is a site that is there.
func (d *Directory) site(id string) (site, bool) {
	if d == nil {
		return site{}, false
	}
	s, ok := d.sites.Get(id)
	return s, ok && !s.removed && d.hasCollection(s.collection)
}

func (d *Directory) hasCollection(id string) bool {
	if d == nil {
		return false
	}
	c, ok := d.collections.Get(id)
	return ok && !c.removed
}

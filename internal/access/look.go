package access

import (
	"slices"
)

// Person is a user as the directory has it.
type Person struct {
	ID      string
	Name    string
	Removed bool
	Groups  []string // in order
	Roles   []Grant  // none of one who was removed
}

// Person is a user; ok is false for one whom the directory never heard of. Groups that name a user count once
// the user is known.
func (d *Directory) Person(id string) (p Person, ok bool) {
	if d == nil {
		return p, false
	}
	u := d.user(id)
	if !u.known {
		return p, false
	}
	p = Person{ID: id, Name: u.name, Removed: u.Removed, Roles: d.Roles(id)}
	for _, g := range u.Groups {
		p.Groups = append(p.Groups, g.Name())
	}
	return p, true
}

// People gives the ids of all users, also of those who were removed, in order.
func (d *Directory) People() []string {
	var ids []string
	if d == nil {
		return ids
	}
	d.users.Each(func(id string, u *user) bool {
		if u.known {
			ids = append(ids, id)
		}
		return true
	})
	slices.Sort(ids)
	return ids
}

// Members are the users that a group names; do not change them.
func (d *Directory) Members(group string) []string {
	if d == nil {
		return nil
	}
	g, _ := d.groups.Get(group)
	return g.members
}

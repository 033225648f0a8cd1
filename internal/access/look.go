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
	u, ok := d.users.get(id)
	if !ok {
		return p, false
	}
	p = Person{ID: id, Name: u.name, Removed: u.removed, Roles: d.Roles(id)}
	p.Groups, _ = d.memberOf.get(id)
	return p, true
}

// People gives the ids of all users, also of those who were removed, in order.
func (d *Directory) People() []string {
	var ids []string
	if d == nil || d.users.m == nil {
		return ids
	}
	for it := d.users.m.Iterator(); !it.Done(); {
		id, _, _ := it.Next()
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

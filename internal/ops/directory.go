package ops

import (
	"holdfast/internal/access"
	"holdfast/internal/permission"
)

// PersonView is a user and what the user may be, and where.
type PersonView struct {
	Tenant  string         `json:"tenant"`
	ID      string         `json:"user_id"`
	Name    string         `json:"name,omitempty"`
	Removed bool           `json:"removed,omitempty"`
	Groups  []string       `json:"groups"`
	Roles   []access.Grant `json:"roles"`
}

// ListPeople gives a tenant's users, in order.
func ListPeople(all *permission.Snapshots, tenant string) []PersonView {
	d := all.Of(tenant).Directory()
	var views []PersonView
	for _, id := range d.People() {
		if p, ok := d.Person(id); ok {
			views = append(views, viewPerson(tenant, p))
		}
	}
	return views
}

// ShowPerson gives one user.
func ShowPerson(all *permission.Snapshots, tenant, id string) (PersonView, error) {
	p, ok := all.Of(tenant).Directory().Person(id)
	if !ok {
		return PersonView{}, problem(NotFound, "holdfast directory show --tenant "+tenant,
			"the directory of tenant %s never heard of user %s: such a user has no roles", tenant, id)
	}
	return viewPerson(tenant, p), nil
}

func viewPerson(tenant string, p access.Person) PersonView {
	v := PersonView{Tenant: tenant, ID: p.ID, Name: p.Name, Removed: p.Removed, Groups: p.Groups, Roles: p.Roles}
	if v.Groups == nil {
		v.Groups = []string{}
	}
	if v.Roles == nil {
		v.Roles = []access.Grant{}
	}
	return v
}

package rights

import (
	"slices"

	"holdfast/events"
)

// Users are the users whom the tenant's directory knows, and after them the public and runs without a user.
func (d *Desk) Users() []string {
	return append(slices.Clone(d.now().Directory().People()), events.PermissionPublic, events.ActorSystem)
}

// Groups are the groups that have members, or to which a set is assigned, in order.
func (d *Desk) Groups() (groups []string) {
	now := d.now()
	for _, user := range now.Directory().People() {
		groups = append(groups, now.Directory().Groups(user)...)
	}
	for _, set := range now.Sets() {
		for _, a := range now.Assigned(set.ID) {
			if a.Group != "" {
				groups = append(groups, a.Group)
			}
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// Objects are the objects that sets name of a connection, in an app or in all.
func (d *Desk) Objects(app, connection string) []string {
	return named(d.now().Objects(app, connection))
}

// FieldNames are the fields that sets name of an object, in an app or in all.
func (d *Desk) FieldNames(app, connection, object string) (names []string) {
	for _, set := range d.now().Sets() {
		if app != "" && set.App != app && set.Kind == events.AppSet {
			continue
		}
		for _, c := range set.Connections {
			if c.Connection == connection {
				names = append(names, fieldsOf(c.Objects, object)...)
			}
		}
	}
	slices.Sort(names)
	return named(slices.Compact(names))
}

func fieldsOf(objects []events.ObjectGrant, object string) (names []string) {
	for _, o := range objects {
		if o.Object != object {
			continue
		}
		for _, f := range o.Fields {
			names = append(names, f.Field)
		}
	}
	return names
}

// named are names without what stands for all others.
func named(names []string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return n == events.Any })
}

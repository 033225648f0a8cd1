package rights

import (
	"context"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// Assign gives a set to whom the assignment names, or takes it from there.
func (d *Desk) Assign(ctx context.Context, a events.PermissionAssignment, take bool) (Change, error) {
	set, err := d.set(a.Set)
	if err != nil {
		return Change{}, err
	}
	a.Tenant, a.App, a.Actor = d.Tenant, set.App, d.Actor
	t := events.PermissionAssigned
	if take {
		t = events.PermissionUnassigned
	}
	c, err := d.one(ctx, step{t: t, payload: a})
	if take && c.Answer == Unchanged {
		c.Notes = append(c.Notes, d.throughOther(set, a)...)
	}
	return c, err
}

// throughOther says through what else a user holds a set that is not assigned to the user.
func (d *Desk) throughOther(set *permission.Set, a events.PermissionAssignment) (notes []string) {
	for _, h := range d.now().Holds(a.User, set.App) {
		if a.User != "" && h.Set == set && h.Through == permission.ThroughGroup {
			notes = append(notes, "the user has the set through the group "+h.Group+": "+d.command("permissions unassign %s --group %s", set.ID, h.Group))
		}
	}
	return notes
}

// PublicAccess opens an app to the public, or closes it.
func (d *Desk) PublicAccess(ctx context.Context, app string, open bool) (Change, error) {
	c, err := d.one(ctx, step{t: events.PermissionPublicChanged, payload: events.PublicAccess{Tenant: d.Tenant, App: app, Enabled: open, Actor: d.Actor}})
	if err == nil && open && len(d.now().Holds(events.PermissionPublic, app)) == 0 && (c.Answer == ops.AnswerApplied || c.Answer == Unchanged) {
		c.Notes = append(c.Notes, "no set of the app is assigned to the public yet: "+d.command("permissions assign SET --public"))
	}
	return c, err
}

// one carries out a single event.
func (d *Desk) one(ctx context.Context, s step) (Change, error) {
	changes, err := d.Prepare(ctx, []step{s})
	if err != nil {
		return Change{}, err
	}
	c := &changes[0]
	if c.Answer == Refused {
		return *c, problem(ops.Refused, d.whatNow(*c), "it would be refused, and nothing was published: %s", c.why())
	}
	err = d.Carry(ctx, changes, nil)
	return *c, err
}

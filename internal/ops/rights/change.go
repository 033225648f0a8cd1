package rights

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// What becomes of a change.
const (
	Planned   = "planned"   // it would be published: a dry run
	Unchanged = "unchanged" // it is so already: nothing is published
	Refused   = "refused"   // a worker would refuse it: nothing is published
)

// Change is one event of a command, and what became of it.
type Change struct {
	Line     int    `json:"line,omitempty"` // of the file that it is from
	Tenant   string `json:"tenant"`
	Event    string `json:"event"` // set_created, set_updated, assigned, unassigned, public_access_changed
	Set      string `json:"set_id,omitempty"`
	App      string `json:"app_id,omitempty"`
	User     string `json:"user_id,omitempty"`
	Group    string `json:"group_id,omitempty"`
	Public   bool   `json:"public,omitempty"`
	Replaces string `json:"replaces_set_id,omitempty"`
	Enabled  *bool  `json:"enabled,omitempty"`
	Sequence uint64 `json:"sequence,omitempty"` // in HF_PERMISSIONS; 0: it was not published
	// Answer is planned, unchanged, refused, applied, rejected or superseded; empty: none was waited for, or none came.
	Answer string `json:"answer,omitempty"`
	Reason string `json:"reason,omitempty"`
	Rule   string `json:"rule,omitempty"`
	Field  string `json:"field,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Notes are what is allowed, and worth a second look.
	Notes []string `json:"notes,omitempty"`

	step     step
	fact     events.Fact
	prepared prepared
}

// step is an event that is to be published, with its payload.
type step struct {
	line    int
	t       events.Type
	payload any
}

type prepared struct {
	subject, id string
	raw         []byte
}

// open tells whether the change is to be published.
func (c *Change) open() bool { return c.Answer == "" || c.Answer == Planned }

// Prepare tries events in their order, each on what the ones before it leave. Each is told as it would end; where
// one is refused, none may be published.
func (d *Desk) Prepare(ctx context.Context, steps []step) ([]Change, error) {
	now := d.now()
	changes := make([]Change, 0, len(steps))
	for i, s := range steps {
		c := d.change(s)
		if isSo(now, s) {
			c.Answer = Unchanged
			changes = append(changes, c)
			continue
		}
		fact, why := now.Try(s.t, s.payload, beyond+uint64(i))
		fact.Tenant = d.Tenant
		c.fact = fact
		if why == nil {
			var err error
			if c.prepared, why, err = d.encode(ctx, c); err != nil {
				return nil, err
			}
		}
		if why != nil {
			c.refuse(Refused, string(why.Reason), why.Rule, why.Field, why.Detail)
			changes = append(changes, c)
			continue
		}
		next := now.Apply(fact)
		c.Notes = d.notes(now, next, s, fact)
		if now = next; d.DryRun {
			c.Answer = Planned
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// beyond is behind every sequence that a stream has had.
const beyond = uint64(1) << 62

func (c *Change) refuse(answer, reason, rule, field, detail string) {
	c.Answer, c.Reason, c.Rule, c.Field, c.Detail = answer, reason, cmp.Or(rule, reason), field, detail
}

// change describes a step.
func (d *Desk) change(s step) Change {
	c := Change{Line: s.line, Tenant: d.Tenant, Event: s.t.What(), step: s}
	switch p := s.payload.(type) {
	case events.PermissionSet:
		c.Set, c.App = p.ID, p.App
	case events.PermissionAssignment:
		c.Set, c.App, c.User, c.Group, c.Public, c.Replaces = p.Set, p.App, p.User, p.Group, p.Public, p.Replaces
	case events.PublicAccess:
		c.App, c.Enabled = p.App, &p.Enabled
	default: // no command publishes another one
	}
	return c
}

// isSo tells whether everything is as an event says already.
func isSo(now *permission.Snapshot, s step) bool {
	switch p := s.payload.(type) {
	case events.PermissionSet:
		set := now.Set(p.ID)
		return set != nil && permission.SameSet(set.PermissionSet, p)
	case events.PermissionAssignment:
		return now.Set(p.Set) != nil && now.Has(p) == (s.t == events.PermissionAssigned)
	case events.PublicAccess:
		return now.Open(p.App) == p.Enabled
	default:
		return false
	}
}

// permissionIDs is the name space of event ids (RFC 9562, version 5).
var permissionIDs = uuid.MustParse("0f9d7b5e-4a4b-5d0c-8f4c-1c2a6e0b7d35")

// encode makes the event, and holds it against all that a worker holds it against.
func (d *Desk) encode(ctx context.Context, c Change) (prepared, *fault.Fault, error) {
	e, err := events.New(c.step.t, d.Clock.Now(), c.step.payload)
	if err != nil {
		return prepared{}, nil, err
	}
	known := d.Seen.Seen(d.Tenant, c.fact.Kind, c.fact.ID).Sequence
	e.Source = ops.Source
	e.ID = uuid.NewSHA1(permissionIDs, slices.Concat([]byte(fmt.Sprintf("%s\n%s\n%d\n", d.Tenant, e.Type, known)), e.Data)).String()
	raw, err := e.Encode()
	if err != nil {
		return prepared{}, nil, err
	}
	checked, f := d.Checker.Check(ctx, raw, d.Tenant)
	return prepared{checked.Subject, checked.ID, raw}, f, nil
}

// notes are what is allowed all the same: users and groups that nobody has heard of, and values that are forced at odds.
func (d *Desk) notes(before, after *permission.Snapshot, s step, f events.Fact) (notes []string) {
	if a, ok := s.payload.(events.PermissionAssignment); ok && s.t == events.PermissionAssigned {
		dir := after.Directory()
		switch {
		case a.User != "" && a.User != events.ActorSystem && !dir.Known(a.User):
			notes = append(notes, "the directory does not know the user "+a.User)
		case a.Group != "" && dir.Members(a.Group) == nil:
			notes = append(notes, "the directory knows no members of the group "+a.Group)
		}
	}
	for _, c := range after.NewConflicts(before, f) {
		notes = append(notes, fmt.Sprintf("the sets %s and %s force different values on %s of %s (connection %s): the %d who hold both, such as %s, can not write there",
			c.Sets[0], c.Sets[1], c.Field, c.Object, c.Connection, c.Users, whoIs(c.User)))
	}
	return notes
}

// refusedIn is the error of changes of which one would be refused; nil where none would.
func refusedIn(changes []Change) error {
	n := 0
	for _, c := range changes {
		if c.Answer == Refused {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return problem(ops.Refused, "", "%d of %d would be refused, and nothing was published", n, len(changes))
}

package rights

import (
	"context"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// Migration is app sets in the place of the site sets in use, and the proof that they give the same.
type Migration struct {
	Tenant string `json:"tenant"`
	// Sets are the app sets that say what the site sets say.
	Sets []MigratedSet `json:"sets"`
	// Assignments is how many are missing, of sets to users and the public.
	Assignments int `json:"assignments"`
	// Empties are the site sets that lose their apps and connections; what they configure and where users land stays.
	Empties []string `json:"empties"`
	// Proof compares the permissions as they are with those that the proposal makes of them.
	Proof Proof `json:"proof"`
	// Applied: it was carried out. Then Proof compares what was before with what is there.
	Applied bool `json:"applied"`

	before   *permission.Snapshot
	proposal permission.Proposal
}

// MigratedSet is an app set that says what a site set says in one app.
type MigratedSet struct {
	Set         string `json:"set_id"`
	App         string `json:"app_id"`
	From        string `json:"site_set_id"`
	There       bool   `json:"there"` // it was made before
	Connections int    `json:"connections"`
}

// Proof is what was compared, and what is different.
type Proof struct {
	Same        bool         `json:"same"`
	Users       int          `json:"users"`
	Classes     int          `json:"classes"`   // of users who hold the same in an app
	Questions   int          `json:"questions"` // that were asked of both
	Differences []Unlikeness `json:"differences"`
}

// Unlikeness is something that some users may, and may not, or not alike, afterwards.
type Unlikeness struct {
	Users      []string `json:"user_ids"`
	App        string   `json:"app_id,omitempty"`
	Connection string   `json:"connection_id,omitempty"`
	Object     string   `json:"object,omitempty"`
	Operation  string   `json:"operation,omitempty"`
	Field      string   `json:"field,omitempty"`
	What       string   `json:"what"`
	Before     string   `json:"before"`
	After      string   `json:"after"`
}

// Migration proposes app sets for a tenant, and proves that they give the same.
func (d *Desk) Migration() (Migration, error) {
	now := d.now()
	p, f := now.Propose(d.Actor)
	var after *permission.Snapshot
	if f == nil {
		after, f = p.After(now)
	}
	if f != nil {
		return Migration{}, problem(ops.Refused, d.whatNow(Change{Rule: f.Rule}), "it can not be proposed: %s; the rule is %s", f.Detail, f.Rule)
	}
	m := Migration{Tenant: d.Tenant, Sets: []MigratedSet{}, Assignments: len(p.Assign), Empties: []string{}, before: now, proposal: p}
	for _, s := range p.Sets {
		m.Sets = append(m.Sets, MigratedSet{Set: s.ID, App: s.App, From: s.From, There: s.There, Connections: len(s.Connections)})
	}
	for _, s := range p.Empty {
		m.Empties = append(m.Empties, s.ID)
	}
	m.Proof = proofOf(now, after)
	return m, nil
}

func proofOf(before, after *permission.Snapshot) Proof {
	c := permission.Compare(before, after)
	p := Proof{Same: len(c.Differences) == 0, Users: c.Users, Classes: c.Classes, Questions: c.Questions, Differences: []Unlikeness{}}
	for _, x := range c.Differences {
		p.Differences = append(p.Differences, Unlikeness(x))
	}
	return p
}

// Empty tells that there is nothing to move.
func (m *Migration) Empty() bool { return len(m.Sets)+len(m.Empties) == 0 }

// Apply carries a migration out, so that at every moment everybody may what they could before: it makes the app sets,
// assigns them, looks whether they give the same to whoever is there by then, and only then empties the site sets. In
// the end it is proven again, on what is there. Whoever is interrupted does the same again. tell hears of what was done.
func (d *Desk) Apply(ctx context.Context, m *Migration, tell func([]Change) error, count func()) error {
	if !m.Proof.Same {
		return problem(ops.Refused, "look at the differences: "+d.command("permissions migrate --json"), "the proposal does not give the same, and nothing was published")
	}
	var steps []step
	for _, s := range m.proposal.Sets {
		if !s.There {
			steps = append(steps, step{t: events.PermissionSetCreated, payload: s.PermissionSet})
		}
	}
	if err := d.phase(ctx, steps, tell, count); err != nil {
		return err
	}
	steps = nil
	for _, a := range m.proposal.Assign {
		steps = append(steps, step{t: events.PermissionAssigned, payload: a})
	}
	if err := d.phase(ctx, steps, tell, count); err != nil {
		return err
	}
	again, err := d.emptied(m)
	if err != nil {
		return err
	}
	if err := d.phase(ctx, again, tell, count); err != nil {
		return err
	}
	m.Applied, m.Proof = true, proofOf(m.before, d.now())
	if !m.Proof.Same {
		return problem(ops.Refused, d.command("permissions migrate --json"),
			"it is done, and %d things are not as they were: somebody else changed permissions meanwhile", len(m.Proof.Differences))
	}
	return nil
}

// phase carries out events, and waits until they are applied.
func (d *Desk) phase(ctx context.Context, steps []step, tell func([]Change) error, count func()) error {
	changes, err := d.Prepare(ctx, steps)
	if err != nil {
		return err
	}
	err = d.Carry(ctx, changes, count)
	if told := tell(changes); told != nil {
		return told
	}
	return err
}

// emptied are the events that empty the site sets, once everybody who has one by now has the app sets in its place.
func (d *Desk) emptied(m *Migration) (steps []step, err error) {
	p, f := d.now().Propose(d.Actor)
	if f != nil {
		return nil, problem(ops.Refused, d.command("permissions migrate"), "it can not be proposed any more: %s", f.Detail)
	}
	missing := len(p.Assign)
	for _, s := range p.Sets {
		if !s.There {
			missing++
		}
	}
	if missing > 0 || len(p.Empty) != len(m.proposal.Empty) {
		return nil, problem(ops.Refused, "do the same again: "+d.command("permissions migrate --apply"),
			"site sets or who has them changed meanwhile; the app sets are there and assigned, and nobody has lost anything")
	}
	for _, set := range p.Empty {
		steps = append(steps, step{t: events.PermissionSetUpdated, payload: set})
	}
	return steps, nil
}

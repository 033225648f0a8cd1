package rights

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// ImportOptions say how a Bundle comes into an app.
type ImportOptions struct {
	App string
	// Map gives, for connections as the file names them, those of this environment.
	Map         map[string]string
	Assignments bool // also those of the file, and whether the app is open
}

// importing is a bundle on its way into an app.
type importing struct {
	*Desk
	ImportOptions

	now   *permission.Snapshot
	sets  map[string]string // set ids of the file → those here
	names map[string]string // the same, for those that conditions have to name anew
	taken map[string]bool
}

// PrepareImport tries what brings a bundle into an app. Sets are known by their asset ids: one that is there is updated
// and keeps its id, one that is not is created. Conditions name the sets as they are called here. What the app has beside
// them stays.
func (d *Desk) PrepareImport(ctx context.Context, b Bundle, o ImportOptions) ([]Change, error) {
	in, err := d.importing(b, o)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, s := range b.Sets {
		steps = append(steps, in.step(s))
	}
	if o.Assignments && b.PublicAccess != nil {
		steps = append(steps, step{t: events.PermissionPublicChanged, payload: events.PublicAccess{Tenant: d.Tenant, App: o.App, Enabled: *b.PublicAccess, Actor: d.Actor}})
	}
	for _, a := range b.Assignments {
		if o.Assignments {
			steps = append(steps, step{t: events.PermissionAssigned, payload: events.PermissionAssignment{Tenant: d.Tenant, Set: in.sets[a.Set], App: o.App,
				User: a.User, Group: a.Group, Public: a.Public, Actor: d.Actor}})
		}
	}
	changes, err := d.Prepare(ctx, steps)
	if err != nil {
		return nil, err
	}
	return changes, d.noteUnknown(ctx, changes)
}

// importing finds what everything is called here.
func (d *Desk) importing(b Bundle, o ImportOptions) (*importing, error) {
	if !events.ValidID(o.App) {
		return nil, problem(ops.Unclear, "", "the app is no valid id: %s", events.ErrBadID)
	}
	if err := b.names(o.Map); err != nil {
		return nil, err
	}
	in := &importing{Desk: d, ImportOptions: o, now: d.now(), sets: make(map[string]string), names: make(map[string]string), taken: make(map[string]bool)}
	assets := make(map[string]bool)
	for _, s := range b.Sets {
		assets[s.AssetID] = true
		if here := in.here(s.AssetID); here != nil {
			in.sets[s.ID], in.taken[here.ID] = here.ID, true
		}
	}
	for _, s := range b.Sets {
		if in.sets[s.ID] == "" {
			in.sets[s.ID] = in.free(s.ID)
		}
		if id := in.sets[s.ID]; id != s.ID && !assets[s.ID] {
			in.names[s.ID] = id
		}
	}
	return in, nil
}

// names refuses connections to be renamed that the file does not name.
func (b *Bundle) names(connections map[string]string) error {
	for _, old := range slices.Sorted(maps.Keys(connections)) {
		named := slices.ContainsFunc(b.Sets, func(s BundleSet) bool {
			return slices.ContainsFunc(s.Connections, func(g events.ConnectionGrant) bool { return g.Connection == old })
		})
		if !named {
			return problem(ops.Unclear, "", "--map names the connection %s, and no set of the file does", old)
		}
	}
	return nil
}

// here is the app's set of an asset id; nil: there is none.
func (in *importing) here(asset string) *permission.Set {
	for _, set := range in.now.Sets() {
		if set.App == in.App && set.Kind == events.AppSet && set.Asset() == asset {
			return set
		}
	}
	return nil
}

// free is an id for a set that is not here yet: its own, or one that tells the app.
func (in *importing) free(id string) string {
	next := id
	for n := 1; in.now.Set(next) != nil || in.taken[next]; n++ {
		if next = id + "-" + in.App; n > 1 {
			next += "-" + strconv.Itoa(n)
		}
	}
	in.taken[next] = true
	return next
}

// step is the event that makes a set as the file says it.
func (in *importing) step(s BundleSet) step {
	p := events.PermissionSet{Tenant: in.Tenant, ID: in.sets[s.ID], AssetID: s.AssetID, Kind: events.AppSet, Name: s.Name, App: in.App,
		Workspaces: s.Workspaces, Connections: in.grants(s.Connections), Actor: in.Actor}
	if in.now.Set(p.ID) != nil {
		return step{t: events.PermissionSetUpdated, payload: p}
	}
	return step{t: events.PermissionSetCreated, payload: p}
}

// grants are grants with connections and sets as they are called here.
func (in *importing) grants(all []events.ConnectionGrant) []events.ConnectionGrant {
	if len(all) == 0 {
		return nil // as a set that grants none is kept
	}
	all = slices.Clone(all)
	for i := range all {
		if id, ok := in.Map[all[i].Connection]; ok {
			all[i].Connection = id
		}
		all[i].Objects = slices.Clone(all[i].Objects)
		for j := range all[i].Objects {
			o := &all[i].Objects[j]
			o.Conditions = slices.Clone(o.Conditions)
			for k := range o.Conditions {
				o.Conditions[k] = in.condition(o.Conditions[k])
			}
		}
	}
	return all
}

func (in *importing) condition(c events.Condition) events.Condition {
	if id, ok := in.names[c.HasSet]; ok {
		c.HasSet = id
	}
	c.Formula = in.formula(c.Formula)
	if c.Force != nil {
		force := *c.Force
		force.Value = in.formula(force.Value)
		c.Force = &force
	}
	return c
}

// formula names sets anew. One that can not be read stays as it is: it is refused when it is tried, with its place.
func (in *importing) formula(text string) string {
	if text == "" || len(in.names) == 0 {
		return text
	}
	if next, err := formula.Rename(text, in.names); err == nil {
		return next
	}
	return text
}

// noteUnknown notes connections that the tenant does not have.
func (d *Desk) noteUnknown(ctx context.Context, changes []Change) error {
	registry, err := d.Connections(ctx)
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	for e := range registry.All() {
		if e.Tenant == d.Tenant && !e.Missing {
			there[e.ID] = true
		}
	}
	for i := range changes {
		p, ok := changes[i].step.payload.(events.PermissionSet)
		if !ok {
			continue
		}
		for _, g := range p.Connections {
			if !there[g.Connection] {
				changes[i].Notes = append(changes[i].Notes, "the tenant has no connection "+g.Connection+" yet; --map OLD=NEW names another")
			}
		}
	}
	return nil
}

package rights

import (
	"cmp"
	"context"
	"slices"

	"holdfast/events"
	"holdfast/internal/ops"
)

// What an import makes of a set.
const (
	SetCreated   = "created"
	SetUpdated   = "updated"
	SetUnchanged = "unchanged"
	SetOnlyHere  = "only_here" // the file does not have it: it stays
)

// SetChange is what an import changes of one set.
type SetChange struct {
	Tenant      string           `json:"tenant"`
	App         string           `json:"app_id"`
	Set         string           `json:"set_id"`
	AssetID     string           `json:"ntx_asset_id"`
	Name        string           `json:"name"`
	Change      string           `json:"change"` // created, updated, unchanged or only_here
	Differences []ops.Difference `json:"differences,omitempty"`
}

// Diff tells, set by set, what an import of the bundle would change.
func (d *Desk) Diff(ctx context.Context, b Bundle, o ImportOptions) ([]SetChange, error) {
	o.Assignments = false
	changes, err := d.PrepareImport(ctx, b, o)
	if err != nil {
		return nil, err
	}
	if err := refusedIn(changes); err != nil {
		for _, c := range changes {
			if c.Answer == Refused {
				return nil, problem(ops.Refused, d.whatNow(c), "the set %s would be refused: %s", c.Set, c.why())
			}
		}
	}
	var all []SetChange
	in := make(map[string]bool)
	for i, c := range changes {
		p, _ := c.step.payload.(events.PermissionSet)
		in[p.ID] = true
		all = append(all, d.difference(c, p, b.Sets[i].AssetID))
	}
	for _, set := range d.now().Sets() {
		if set.App == o.App && !in[set.ID] {
			all = append(all, SetChange{Tenant: d.Tenant, App: o.App, Set: set.ID, AssetID: set.Asset(), Name: set.Name, Change: SetOnlyHere})
		}
	}
	slices.SortFunc(all, func(a, b SetChange) int { return cmp.Compare(a.Set, b.Set) })
	return all, nil
}

func (d *Desk) difference(c Change, p events.PermissionSet, asset string) SetChange {
	v := SetChange{Tenant: d.Tenant, App: p.App, Set: p.ID, AssetID: asset, Name: p.Name, Change: SetUpdated}
	before := make(map[string]string)
	if old := d.now().Set(p.ID); old != nil {
		before = setMembers(old.PermissionSet)
	} else {
		v.Change = SetCreated
	}
	if c.Answer == Unchanged {
		v.Change = SetUnchanged
	}
	v.Differences = ops.Differences(before, setMembers(p))
	return v
}

// setMembers are what a set says by its place, each as JSON: connections, objects and fields by their names, whatever
// their order.
func setMembers(p events.PermissionSet) map[string]string {
	all := map[string]string{"name": asJSON(p.Name)}
	if len(p.Workspaces) > 0 {
		all["workspaces"] = asJSON(p.Workspaces)
	}
	for _, c := range p.Connections {
		at := "connections." + c.Connection
		all[at+".raw"] = asJSON(c.Raw)
		for _, o := range c.Objects {
			here := at + "." + o.Object
			all[here+".operations"] = asJSON(o.Operations)
			if len(o.Conditions) > 0 {
				all[here+".conditions"] = asJSON(o.Conditions)
			}
			for _, f := range o.Fields {
				all[here+".fields."+f.Field] = asJSON(says{f.Read, f.Write, f.DisplayName, f.Type, f.Usage})
			}
		}
	}
	return all
}

// says is what a set says of a field.
type says struct {
	Read        bool   `json:"read"`
	Write       bool   `json:"write"`
	DisplayName string `json:"display_name,omitempty"`
	Type        string `json:"type,omitempty"`
	Usage       string `json:"usage,omitempty"`
}

func asJSON(v any) string {
	raw, err := events.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

package rights

import (
	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// SetView is a permission set as operators see it.
type SetView struct {
	Tenant      string                   `json:"tenant"`
	ID          string                   `json:"set_id"`
	AssetID     string                   `json:"ntx_asset_id"`
	Kind        events.SetKind           `json:"kind"`
	App         string                   `json:"app_id,omitempty"`
	Name        string                   `json:"name"`
	ClonedFrom  string                   `json:"cloned_from,omitempty"`
	Workspaces  []string                 `json:"workspaces,omitempty"`
	Connections []events.ConnectionGrant `json:"connections"`
	Site        *events.SiteRights       `json:"site,omitempty"`
	Users       int                      `json:"users"`
	Groups      int                      `json:"groups"`
	Public      bool                     `json:"public"`
	// AssignedTo and Says are there where one set is shown: to whom it is assigned, and what it grants, in words.
	AssignedTo []Assignee `json:"assigned_to,omitempty"`
	Says       []string   `json:"says,omitempty"`
}

// Assignee is to whom a set is assigned: one of the three.
type Assignee struct {
	User   string `json:"user_id,omitempty"`
	Group  string `json:"group_id,omitempty"`
	Public bool   `json:"public,omitempty"`
}

// Sets are the tenant's sets, those of one app where one is named, in order.
func (d *Desk) Sets(app string) []SetView {
	views := []SetView{}
	for _, set := range d.now().Sets() {
		if app == "" || set.App == app {
			v, _ := d.view(set)
			views = append(views, v)
		}
	}
	return views
}

// Show is one set, with everything that it grants in words.
func (d *Desk) Show(id string) (SetView, error) {
	set, err := d.set(id)
	if err != nil {
		return SetView{}, err
	}
	v, assigned := d.view(set)
	v.AssignedTo, v.Says = assigned, say(set)
	return v, nil
}

// set is a set that is there.
func (d *Desk) set(id string) (*permission.Set, error) {
	set := d.now().Set(id)
	if set == nil {
		return nil, problem(ops.NotFound, d.command("permissions sets"), "tenant %s has no permission set %s", d.Tenant, id)
	}
	return set, nil
}

func (d *Desk) view(set *permission.Set) (v SetView, assigned []Assignee) {
	v = SetView{Tenant: d.Tenant, ID: set.ID, AssetID: set.Asset(), Kind: set.Kind, App: set.App, Name: set.Name, ClonedFrom: set.ClonedFrom,
		Workspaces: set.Workspaces, Connections: set.Connections, Site: set.Site}
	if v.Connections == nil {
		v.Connections = []events.ConnectionGrant{}
	}
	assigned = []Assignee{}
	for _, a := range d.now().Assigned(set.ID) {
		assigned = append(assigned, Assignee{User: a.User, Group: a.Group, Public: a.Public})
		switch {
		case a.User != "":
			v.Users++
		case a.Group != "":
			v.Groups++
		default:
			v.Public = true
		}
	}
	return v, assigned
}

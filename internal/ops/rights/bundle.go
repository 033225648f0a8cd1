package rights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"

	"holdfast/events"
	"holdfast/internal/ops"
)

// Bundle is an app's sets as they are carried to another environment.
type Bundle struct {
	App  string      `json:"app_id"`
	Sets []BundleSet `json:"sets"`
	// Assignments and PublicAccess are there where they were asked for.
	Assignments  []BundleAssignment `json:"assignments,omitempty"`
	PublicAccess *bool              `json:"public_access,omitempty"`
}

// BundleSet is one set of a Bundle.
type BundleSet struct {
	ID          string                   `json:"set_id"`
	AssetID     string                   `json:"ntx_asset_id"`
	Name        string                   `json:"name"`
	Workspaces  []string                 `json:"workspaces,omitempty"`
	Connections []events.ConnectionGrant `json:"connections"`
}

// BundleAssignment is a set of the Bundle, and one of a user, a group and the public.
type BundleAssignment struct {
	Set    string `json:"set_id"`
	User   string `json:"user_id,omitempty"`
	Group  string `json:"group_id,omitempty"`
	Public bool   `json:"public,omitempty"`
}

// Export gives an app's sets; with assignments, also to whom they are assigned, and whether the app is open.
func (d *Desk) Export(app string, assignments bool) (Bundle, error) {
	b := Bundle{App: app, Sets: []BundleSet{}}
	for _, set := range d.now().Sets() {
		if set.App != app {
			continue
		}
		b.Sets = append(b.Sets, BundleSet{ID: set.ID, AssetID: set.Asset(), Name: set.Name, Workspaces: set.Workspaces,
			Connections: append([]events.ConnectionGrant{}, set.Connections...)})
		for _, a := range d.now().Assigned(set.ID) {
			if assignments {
				b.Assignments = append(b.Assignments, BundleAssignment{Set: set.ID, User: a.User, Group: a.Group, Public: a.Public})
			}
		}
	}
	if len(b.Sets) == 0 {
		return b, problem(ops.NotFound, d.command("permissions sets"), "the app %s has no permission sets", app)
	}
	if assignments {
		open := d.now().Open(app)
		b.PublicAccess = &open
	}
	return b, nil
}

// File is the bundle as ReadBundle reads it: YAML; JSON where a text is one that YAML would not bring back as it is.
func (b Bundle) File() ([]byte, error) {
	raw, err := events.Marshal(b)
	if err != nil {
		return nil, err
	}
	file, err := yaml.JSONToYAML(raw)
	if err == nil {
		if back, readErr := ReadBundle(bytes.NewReader(file)); readErr == nil && asJSON(back) == string(raw) {
			return file, nil
		}
	}
	var lines bytes.Buffer
	if err := json.Indent(&lines, raw, "", "  "); err != nil {
		return nil, err
	}
	return lines.Bytes(), nil
}

// maxBundle is how long a file of sets may be.
const maxBundle = 64 << 20

// ReadBundle reads a file that Export made, or that somebody wrote like one.
func ReadBundle(r io.Reader) (b Bundle, err error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBundle+1))
	switch {
	case err != nil:
		return b, fmt.Errorf("the file can not be read: %w", err)
	case len(raw) > maxBundle:
		return b, problem(ops.Unclear, "", "the file is longer than %d bytes", maxBundle)
	}
	err = ops.ParseDocument(raw, &b, "the file of permission sets", "holdfast permissions export shows how one looks")
	if err == nil {
		err = b.check()
	}
	return b, err
}

// check tells what makes no sense whatever the tenant.
func (b *Bundle) check() error {
	ids, assets := make(map[string]bool), make(map[string]bool)
	for i := range b.Sets {
		s := &b.Sets[i]
		if s.AssetID == "" {
			s.AssetID = s.ID
		}
		if s.ID == "" {
			s.ID = s.AssetID
		}
		if !events.ValidID(s.ID) || !events.ValidID(s.AssetID) {
			return problem(ops.Unclear, "", "sets[%d]: set_id or ntx_asset_id is no valid id: %s", i, events.ErrBadID)
		}
		if ids[s.ID] || assets[s.AssetID] {
			return problem(ops.Unclear, "", "sets[%d]: another set of the file has its set_id or ntx_asset_id", i)
		}
		ids[s.ID], assets[s.AssetID] = true, true
	}
	for i, a := range b.Assignments {
		if !ids[a.Set] {
			return problem(ops.Unclear, "", "assignments[%d]: the file has no set %s", i, a.Set)
		}
	}
	if len(b.Sets) == 0 {
		return problem(ops.Unclear, "holdfast permissions export shows how one looks", "the file has no sets")
	}
	return nil
}

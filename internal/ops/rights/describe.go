package rights

import (
	"maps"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// Field is what a user may do with a field of an object, and how it is to be shown.
type Field struct {
	Field       string `json:"field"` // *: every one that is not named
	Read        bool   `json:"read"`
	Write       bool   `json:"write"`
	DisplayName string `json:"display_name,omitempty"`
	Type        string `json:"type,omitempty"`
	Usage       string `json:"usage,omitempty"`
}

// Describe gives the fields of an object that a user may read or write, of some record at least. Refused: none.
func (d *Desk) Describe(q Question) ([]Field, error) {
	grants, by := d.now().Fields(permission.Question{User: q.User, App: q.App, Connection: q.Connection, Object: q.Object, Now: d.Clock.Now()})
	if !by.Allowed {
		return nil, problem(ops.Refused, d.command("permissions explain --user %s --app %s --connection %s --object %s --op read", q.User, q.App, q.Connection, quoted(q.Object)),
			"%s may read and write no field of %s: %s (%s)", whoIs(q.User), q.Object, by.Rule.Sentence(), by.Rule)
	}
	fields := make([]Field, 0, len(grants))
	for _, g := range grants {
		fields = append(fields, Field(g))
	}
	return fields, nil
}

// quoted is an argument as a shell takes it.
func quoted(text string) string {
	if events.ValidID(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Landing is where a user lands, and what else the user reaches.
type Landing struct {
	Tenant     string   `json:"tenant"`
	User       string   `json:"user_id"`
	App        string   `json:"landing_app_id,omitempty"` // empty: there is no app that the user can reach
	Why        string   `json:"why"`                      // default, last_visited, first or none
	Apps       []string `json:"app_ids"`
	Workspaces []string `json:"workspaces"`
	SiteSet    string   `json:"site_set_id,omitempty"`
	DefaultApp string   `json:"default_app_id,omitempty"`
	LandOnLast bool     `json:"land_on_last_visited,omitempty"`
}

// Why somebody lands where.
const (
	LandsOnDefault = "default"
	LandsOnLast    = "last_visited"
	LandsOnFirst   = "first"
	LandsNowhere   = "none"
)

// Landing tells where a user lands who was in an app last (empty: in none).
func (d *Desk) Landing(user, last string) Landing {
	now := d.now()
	v := Landing{Tenant: d.Tenant, User: user, App: now.Landing(user, last), Apps: listed(now.Apps(user)), Workspaces: listed(now.Workspaces(user))}
	if set := now.SiteSet(user); set != nil && set.Site != nil {
		v.SiteSet, v.DefaultApp, v.LandOnLast = set.ID, set.Site.DefaultApp, set.Site.LandOnLast
	}
	switch {
	case v.App == "":
		v.Why = LandsNowhere
	case v.App == v.DefaultApp:
		v.Why = LandsOnDefault
	case v.LandOnLast && v.App == last:
		v.Why = LandsOnLast
	default:
		v.Why = LandsOnFirst
	}
	return v
}

// listed is a list that is [] in JSON where it is empty.
func listed(names []string) []string { return append([]string{}, names...) }

// Apps are the apps of which anything is said, in order.
func (d *Desk) Apps() []string {
	ids := make(map[string]bool)
	for _, set := range d.now().Sets() {
		if set.App != "" {
			ids[set.App] = true
		}
		if set.Site != nil {
			for _, id := range set.Site.Apps {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// Reader is a user in an app, as formulas read it; without an app, no set is held.
func (d *Desk) Reader(user, app string) formula.User { return d.now().Reader(user, app) }

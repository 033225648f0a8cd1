package rights

import (
	"cmp"
	"context"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// Deprecated is what still rests on site sets.
type Deprecated struct {
	Tenant string    `json:"tenant"`
	Since  time.Time `json:"since"`
	// Uses are decisions that needed a site set, those that were made last first.
	Uses []DeprecatedUse `json:"uses"`
	// SiteSets are the site sets that grant anything, or that somebody has.
	SiteSets []SiteSetUse `json:"site_sets"`
}

// DeprecatedUse is decisions that needed a site set, of one user in one app on one connection.
type DeprecatedUse struct {
	Set        string    `json:"set_id"`
	App        string    `json:"app_id"`
	User       string    `json:"user_id"`
	Connection string    `json:"connection_id"`
	Count      int       `json:"count"`
	Last       time.Time `json:"last_at"`
}

// SiteSetUse is a site set, who has it, and what it gives that is deprecated.
type SiteSetUse struct {
	Set    string   `json:"set_id"`
	Name   string   `json:"name"`
	Users  []string `json:"user_ids"`
	Public bool     `json:"public,omitempty"`
	Apps   []string `json:"app_ids"`
	// WithoutRules are its connections of which everything is granted, for want of rules for their objects.
	WithoutRules []string `json:"connections_without_rules"`
}

// Deprecated reads what needed a site set since a time, from the history of outcomes, and which site sets there are.
func (d *Desk) Deprecated(ctx context.Context, since time.Time) (Deprecated, error) {
	v := Deprecated{Tenant: d.Tenant, Since: since, Uses: []DeprecatedUse{}, SiteSets: d.siteSets()}
	found := make(map[DeprecatedUse]*DeprecatedUse)
	for r, err := range d.Records.Records(ctx, bus.Search{Stream: events.StreamHistory, Filter: events.HistoryFilter(d.Tenant), Since: since}) {
		if err != nil {
			return v, err
		}
		if !r.Type.Ends() {
			continue
		}
		o, err := events.Payload[events.Outcome](r.Event)
		if err != nil {
			return v, fault.Wrap(fault.Internal, "an outcome can not be read", err)
		}
		if o.Deprecated {
			count(found, o, r.Time)
		}
	}
	for _, u := range found {
		v.Uses = append(v.Uses, *u)
	}
	slices.SortFunc(v.Uses, func(a, b DeprecatedUse) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Set, b.Set), cmp.Compare(a.App, b.App), cmp.Compare(a.User, b.User), cmp.Compare(a.Connection, b.Connection))
	})
	return v, nil
}

// count adds an outcome to those of its site set, app, user and connection.
func count(found map[DeprecatedUse]*DeprecatedUse, o events.Outcome, at time.Time) {
	for _, s := range o.Sets {
		if s.Through != string(permission.AsSiteSet) {
			continue
		}
		key := DeprecatedUse{Set: s.Set, App: o.App, User: o.ActingUser, Connection: o.Connection}
		if found[key] == nil {
			use := key
			found[key] = &use
		}
		found[key].Count++
		if at.After(found[key].Last) {
			found[key].Last = at
		}
	}
}

// siteSets are those that somebody has, or that give anything of apps and connections.
func (d *Desk) siteSets() []SiteSetUse {
	all := []SiteSetUse{}
	for _, set := range d.now().Sets() {
		if set.Kind != events.SiteSet {
			continue
		}
		u := SiteSetUse{Set: set.ID, Name: set.Name, Users: []string{}, Apps: []string{}, WithoutRules: []string{}}
		for _, a := range d.now().Assigned(set.ID) {
			if u.Public = u.Public || a.Public; a.User != "" {
				u.Users = append(u.Users, a.User)
			}
		}
		if set.Site != nil {
			u.Apps = listed(set.Site.Apps)
		}
		for _, c := range set.Connections {
			if c.Objects == nil {
				u.WithoutRules = append(u.WithoutRules, c.Connection)
			}
		}
		if len(u.Users)+len(u.Apps)+len(set.Connections) > 0 {
			all = append(all, u)
		}
	}
	return all
}

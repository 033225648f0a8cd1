package access_test

import (
	"fmt"
	"slices"
	"testing"

	"holdfast/events"
	"holdfast/internal/access"
)

// The world of the table: two site collections of two sites each, and one user for each thing that a user can
// be. Whatever is said of roles goes through the group of the same name for the users whose name ends in G.
//
//	c1: s1, s2      c2: s3, s4

// standing is what an actor is, written down once more for the oracle.
type standing struct {
	admin       bool   // of the tenant
	collection  string // administrator of
	site        string // owner of
	known, gone bool
	system      bool
}

var actors = map[string]standing{
	"tenantAdmin":  {admin: true, known: true},
	"tenantAdminG": {admin: true, known: true},
	"c1Admin":      {collection: "c1", known: true},
	"c1AdminG":     {collection: "c1", known: true},
	"c2Admin":      {collection: "c2", known: true},
	"s1Owner":      {site: "s1", known: true},
	"s1OwnerG":     {site: "s1", known: true},
	"s3Owner":      {site: "s3", known: true},
	"plain":        {known: true},
	"stranger":     {}, // named as the holder of every role, and never heard of
	"removed":      {gone: true},
	"system":       {system: true},
	"":             {},
}

func world() *access.Directory {
	facts := []events.Fact{collectionOf("c1"), collectionOf("c2"), siteIn("s1", "c1"), siteIn("s2", "c1"), siteIn("s3", "c2"), siteIn("s4", "c2"),
		gone(events.FactUser, "removed"), gone(events.FactSite, "s9")}
	for name, a := range actors {
		if a.known {
			facts = append(facts, anyUser(name))
		}
	}
	group := func(name string) string { return name + "s" }
	role := func(r events.RoleHolders, who string) {
		r.Users, r.Groups = []string{who, "stranger", "removed"}, []string{group(who)}
		facts = append(facts, holders(r), members(group(who), who+"G", "stranger", "removed"))
	}
	role(events.RoleHolders{Role: events.TenantAdministrator}, "tenantAdmin")
	role(events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "c1"}, "c1Admin")
	role(events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "c2"}, "c2Admin")
	role(events.RoleHolders{Role: events.SiteOwner, Site: "s1"}, "s1Owner")
	role(events.RoleHolders{Role: events.SiteOwner, Site: "s3"}, "s3Owner")
	return directory(facts...)
}

var levels = []events.Availability{
	{Level: "tenant"},
	{Level: "site_collection", SiteCollection: "c1"}, {Level: "site_collection", SiteCollection: "c2"},
	{Level: "site", Site: "s1"}, {Level: "site", Site: "s2"}, {Level: "site", Site: "s3"},
}

// limits are whom a shared connection names, beside its owners.
type limit struct{ users, groups []string }

func limits(actor string) map[string]limit {
	return map[string]limit{
		"for all": {}, "names the actor": {users: []string{actor}},
		"names another": {users: []string{"another"}}, "names a group": {groups: []string{"s1Owners"}},
	}
}

var places = []access.Place{{}, {Site: "s1"}, {SiteCollection: "c1", Site: "s2"}, {SiteCollection: "c2"}, {SiteCollection: "c2", Site: "s1"}, {Site: "s9"}, {Site: "elsewhere", SiteCollection: "c1"}}

// TestC6_C7_C8_C9_C16_EveryCombination holds Decide against an oracle that was written from the requirements:
// each actor, each kind, owner and level of availability, each operation; for use and see each place and limit
// as well, for a change of availability each target.
func TestC6_C7_C8_C9_C16_EveryCombination(t *testing.T) {
	d, n, allowed := world(), 0, 0
	for actor, is := range actors {
		for _, kind := range []events.Kind{events.Shared, events.Personal} {
			for _, own := range []bool{true, false} {
				for _, at := range levels {
					for name, l := range limits(actor) {
						now := &events.Connection{ID: "crm", Kind: kind, Owners: []string{"another"}, Availability: at, Users: l.users, Groups: l.groups}
						if own {
							now.Owners = []string{actor}
						}
						c := cell{actor, is, own && actor != "" && actor != "system", now, l}
						for _, q := range questions(c) {
							n++
							got, want := access.Decide(d, q), c.want(q)
							if got.Allowed {
								allowed++
							}
							if got.Allowed != want {
								t.Errorf("%s, %q, %s %v owned %t, %s, at %+v, wanted %+v: %t (%s), want %t",
									q.Op, actor, kind, at, own, name, q.Place, q.Wanted, got.Allowed, got.Rule, want)
							}
							if !slices.Contains(access.Rules(), got.Rule) || !got.Allowed && got.Fault().Rule != string(got.Rule) {
								t.Errorf("%s: rule %q", q.Op, got.Rule)
							}
						}
					}
				}
			}
		}
	}
	if n < 20_000 || allowed < n/10 || allowed > n*9/10 {
		t.Errorf("%d combinations, %d allowed", n, allowed)
	}
}

type cell struct {
	actor string
	is    standing
	owner bool
	now   *events.Connection
	limit limit
}

// questions asks everything about a cell.
func questions(c cell) (all []access.Question) {
	for _, op := range access.Ops() {
		q := access.Question{Op: op, Actor: c.actor, Now: c.now}
		switch op {
		case access.Use, access.See:
			for _, q.Place = range places {
				all = append(all, q)
			}
		case access.ChangeAvailability:
			for _, to := range levels {
				wanted := *c.now
				wanted.Availability = to
				q.Wanted = &wanted
				all = append(all, q)
			}
		case access.Create:
			q.Now, q.Wanted = nil, c.now
			all = append(all, q)
		case access.Assign:
			wanted := *c.now
			wanted.Owners = append(slices.Clone(c.now.Owners), "third")
			q.Wanted = &wanted
			all = append(all, q)
		default:
			wanted := *c.now
			wanted.Name = "renamed"
			q.Wanted = &wanted
			all = append(all, q)
		}
	}
	return all
}

// want is the oracle: the sentences of the requirements, one by one.
func (c cell) want(q access.Question) bool {
	if c.is.gone { // a removed user may nothing
		return false
	}
	personal := c.now.Kind == events.Personal
	manages := c.owner || c.is.system || c.is.admin || c.is.collection != ""
	switch q.Op {
	case access.Create:
		return c.creates(personal)
	case access.Use:
		return c.uses(personal, q.Place)
	case access.See:
		return manages || !personal && c.sees(q.Place)
	case access.Test, access.Credentials: // of a personal one: its creator's
		return c.owner || !personal && manages
	case access.ChangeAvailability:
		switch same := q.Wanted.Availability == c.now.Availability; {
		case personal || same: // means nothing for a personal one; the same is no change
			return manages
		default: // an owner who is an administrator, within the role
			return c.is.system || c.owner && (c.is.admin || c.is.collection != "") && c.reaches(q.Wanted.Availability)
		}
	case access.Assign: // the creator of a personal one stays its owner
		return manages && !personal
	default: // edit, delete, restore
		return manages
	}
}

func (c cell) creates(personal bool) bool {
	if personal { // by anyone, for the creator only
		return c.owner
	}
	return c.is.system || c.reaches(c.now.Availability)
}

var siteCollections = map[string]string{"s1": "c1", "s2": "c1", "s3": "c2", "s4": "c2"}

// reaches: nobody goes above the level of their role.
func (c cell) reaches(a events.Availability) bool {
	switch {
	case c.is.admin:
		return true
	case c.is.collection != "":
		return a.SiteCollection == c.is.collection || siteCollections[a.Site] == c.is.collection
	default:
		return a.Site != "" && a.Site == c.is.site
	}
}

// uses: where it is available, and who it is for.
func (c cell) uses(personal bool, p access.Place) bool {
	if personal {
		return c.owner
	}
	return available(c.now.Availability, p) && c.isFor()
}

func (c cell) isFor() bool {
	all := len(c.limit.users) == 0 && len(c.limit.groups) == 0
	named := c.actor != "" && slices.Contains(c.limit.users, c.actor)
	inGroup := len(c.limit.groups) > 0 && (c.actor == "s1OwnerG" || c.actor == "stranger") // the group's members
	return all || named || inGroup || c.owner
}

func available(a events.Availability, p access.Place) bool {
	collection, site := p.SiteCollection, p.Site
	switch site {
	case "s9": // was removed
		collection, site = "", ""
	case "elsewhere", "": // unknown: believed
	default:
		if collection != "" && collection != siteCollections[site] { // contradicted
			collection, site = "", ""
		} else {
			collection = siteCollections[site]
		}
	}
	switch a.Level {
	case "site":
		return a.Site == site
	case "site_collection":
		return a.SiteCollection == collection
	default:
		return true
	}
}

// sees: what is available to the account, by its place or its role; what names it, in any case.
func (c cell) sees(p access.Place) bool {
	if !c.isFor() {
		return false
	}
	if len(c.limit.users)+len(c.limit.groups) > 0 {
		return true
	}
	own := access.Place{Site: c.is.site}
	return c.is.known && (available(c.now.Availability, p) || c.is.site != "" && available(c.now.Availability, own))
}

// TestC7_DefaultAvailabilityFollowsTheCreator: tenant, site collection, or site.
func TestC7_DefaultAvailabilityFollowsTheCreator(t *testing.T) {
	d := world().Apply(holders(events.RoleHolders{Role: events.SiteOwner, Site: "s2", Users: []string{"both"}})).
		Apply(holders(events.RoleHolders{Role: events.SiteOwner, Site: "s4", Users: []string{"both"}})).Apply(anyUser("both")).
		Apply(siteIn("s5", "c2")).Apply(holders(events.RoleHolders{Role: events.SiteOwner, Site: "s5", Users: []string{"both", "twice"}})).
		Apply(holders(events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "c1", Users: []string{"c1Admin", "twice"}, Groups: []string{"c1Admins"}})).
		Apply(holders(events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "c2", Users: []string{"c1Admin", "twice"}, Groups: []string{"c1Admins"}})).
		Apply(anyUser("twice"))
	for _, c := range []struct{ actor, designer, want string }{
		{"tenantAdmin", "", "tenant"}, {"tenantAdminG", "s1", "tenant"},
		{"c1Admin", "s3", "site_collection c2"}, {"c1AdminG", "s1", "site_collection c1"},
		{"twice", "", ""}, {"twice", "nowhere", ""}, {"twice", "s5", "site_collection c2"},
		{"s1Owner", "", "site s1"}, {"s1OwnerG", "s3", "site s1"},
		{"both", "s2", "site s2"}, {"both", "s4", "site s4"}, {"both", "", ""}, {"both", "s1", ""},
		{"plain", "s1", ""}, {"stranger", "s1", ""}, {"removed", "", ""}, {"system", "", ""},
	} {
		a := access.DefaultAvailability(d, c.actor, c.designer)
		got := a.Level
		if place := a.SiteCollection + a.Site; place != "" {
			got = fmt.Sprintf("%s %s", a.Level, place)
		}
		if got != c.want {
			t.Errorf("%s in %q: %q, want %q", c.actor, c.designer, got, c.want)
		}
		q := access.Question{Op: access.Create, Actor: c.actor, Wanted: &events.Connection{Kind: events.Shared, Owners: []string{"x"}, Availability: a}}
		if made := access.Decide(d, q); made.Allowed != (c.want != "") {
			t.Errorf("%s may not create where the default is: %s", c.actor, made.Rule)
		}
	}
}

package access_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fact(kind events.FactKind, id string, payload any) events.Fact {
	data, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return events.Fact{Tenant: "acme", Kind: kind, ID: id, Data: data}
}

func gone(kind events.FactKind, id string) events.Fact {
	return events.Fact{Tenant: "acme", Kind: kind, ID: id, Removed: true}
}

func anyUser(id string) events.Fact { return fact(events.FactUser, id, events.User{ID: id}) }

func members(id string, users ...string) events.Fact {
	return fact(events.FactGroup, id, events.Group{ID: id, Members: users})
}

func collectionOf(id string) events.Fact {
	return fact(events.FactSiteCollection, id, events.SiteCollection{ID: id})
}

func siteIn(id, collection string) events.Fact {
	return fact(events.FactSite, id, events.Site{ID: id, SiteCollection: collection})
}

func holders(r events.RoleHolders) events.Fact { return fact(events.FactRole, r.FactID(), r) }

func directory(facts ...events.Fact) *access.Directory {
	var d *access.Directory
	for _, f := range facts {
		d = d.Apply(f)
	}
	return d
}

func roles(d *access.Directory, user string) []string {
	var all []string
	for _, g := range d.Roles(user) {
		all = append(all, fmt.Sprintf("%s %s%s %s", g.Role, g.SiteCollection, g.Site, g.Group))
	}
	slices.Sort(all)
	return all
}

func TestC6_RolesComeInPersonAndThroughGroups(t *testing.T) {
	base := []events.Fact{
		anyUser("ann"), anyUser("bob"), members("admins", "ann", "bob"), members("writers", "bob"),
		collectionOf("c1"), siteIn("s1", "c1"),
		holders(events.RoleHolders{Role: events.TenantAdministrator, Groups: []string{"admins"}}),
		holders(events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "c1", Users: []string{"ann"}, Groups: []string{"writers"}}),
		holders(events.RoleHolders{Role: events.SiteOwner, Site: "s1", Users: []string{"ann", "zoe"}}),
	}
	all := []string{"site_collection_administrator c1 ", "site_owner c1s1 ", "tenant_administrator  admins"}
	bobs := []string{"site_collection_administrator c1 writers", "tenant_administrator  admins"}
	for _, c := range []struct {
		name     string
		then     []events.Fact
		ann, bob []string
	}{
		{"as described", nil, all, bobs},
		{"left the group", []events.Fact{members("admins", "bob")}, all[:2], bobs},
		{"joined later", []events.Fact{members("writers", "bob", "ann")}, append([]string{"site_collection_administrator c1 ", "site_collection_administrator c1 writers"}, all[1:]...), bobs},
		{"group removed", []events.Fact{gone(events.FactGroup, "admins")}, all[:2], bobs[:1]},
		{"group came back", []events.Fact{gone(events.FactGroup, "admins"), members("admins", "ann")}, all, bobs[:1]},
		{"role taken away", []events.Fact{holders(events.RoleHolders{Role: events.TenantAdministrator})}, all[:2], bobs[:1]},
		{"role given to others", []events.Fact{holders(events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"bob"}})}, all[:2], []string{bobs[0], "tenant_administrator  "}},
		{"user removed", []events.Fact{gone(events.FactUser, "ann")}, nil, bobs},
		{"user came back", []events.Fact{gone(events.FactUser, "ann"), anyUser("ann")}, all, bobs},
		{"site removed", []events.Fact{gone(events.FactSite, "s1")}, []string{all[0], all[2]}, bobs},
		{"site collection removed", []events.Fact{gone(events.FactSiteCollection, "c1")}, all[2:], bobs[1:]},
		{"unreadable role", []events.Fact{{Tenant: "acme", Kind: events.FactRole, ID: "tenant_administrator", Data: []byte(`{`)}}, all[:2], bobs[:1]},
		{"a process", []events.Fact{fact(events.FactProcess, "p.1", events.Process{})}, all, bobs},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := directory(base...)
			after := before
			for _, f := range c.then {
				after = after.Apply(f)
			}
			if got := roles(after, "ann"); !slices.Equal(got, c.ann) {
				t.Errorf("ann: %q, want %q", got, c.ann)
			}
			if got := roles(after, "bob"); !slices.Equal(got, c.bob) {
				t.Errorf("bob: %q, want %q", got, c.bob)
			}
			if got := roles(after, "zoe"); got != nil {
				t.Errorf("zoe, whom the directory never heard of: %q", got)
			}
			if got := roles(before, "ann"); !slices.Equal(got, all) {
				t.Errorf("the directory before has changed: %q", got)
			}
		})
	}
}

// TestC6_FactsComeInAnyOrder: what refers to something that is not there yet counts as soon as it is.
func TestC6_FactsComeInAnyOrder(t *testing.T) {
	facts := []events.Fact{
		anyUser("ann"), members("g", "ann"), collectionOf("c1"), siteIn("s1", "c1"),
		holders(events.RoleHolders{Role: events.SiteOwner, Site: "s1", Groups: []string{"g"}}),
	}
	for i := range facts {
		rotated := append(slices.Clone(facts[i:]), facts[:i]...)
		if got := roles(directory(rotated...), "ann"); !slices.Equal(got, []string{"site_owner c1s1 g"}) {
			t.Errorf("beginning with %s: %q", rotated[0].Kind, got)
		}
	}
}

func BenchmarkUse(b *testing.B) {
	d := directory(anyUser("ann"), members("g", "ann"), collectionOf("c1"), siteIn("s1", "c1"))
	c := &events.Connection{Kind: events.Shared, Availability: events.Availability{Level: "site", Site: "s1"}, Groups: []string{"g"}}
	b.ReportAllocs()
	for b.Loop() {
		if !access.Decide(d, access.Question{Op: access.Use, Actor: "ann", Now: c, Place: access.Place{Site: "s1"}}).Allowed {
			b.Fatal("refused")
		}
	}
}

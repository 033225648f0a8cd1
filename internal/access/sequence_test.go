package access_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/access"
)

var (
	tenants   = []string{"acme", "globex"}
	people    = []string{"ann", "bob", "eve", events.ActorSystem}
	sites     = []string{"s1", "s2"}
	instances = []string{"one", "two"}
)

// held is a connection, and what the property remembers of it: who made it, and where its credentials went
// when its creator last said so.
type held struct {
	now     *events.Connection // nil: never was
	creator string
	kind    events.Kind
	target  string
}

// model applies what is permitted, as handlers do. A connection that was deleted is judged as what it was when
// somebody writes it again, so deleting one changes nothing here.
type model struct {
	directories directories
	admins      map[string]map[string]bool // tenant → who was made an administrator or site owner there, in person
	all         map[string]*held           // tenant/id
}

// TestC6_C9_NoSequenceOfEventsGivesAwayWhatIsSomebodysOwn: whatever anybody, administrators and the upstream
// system included, publishes in whatever order, a personal connection is never usable by, moved to, or pointed
// elsewhere by anybody but its creator, a shared one is made by those alone who have a role in that very tenant,
// and neither turns into the other.
func TestC6_C9_NoSequenceOfEventsGivesAwayWhatIsSomebodysOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{directories{}, map[string]map[string]bool{}, map[string]*held{}}
		for _, tenant := range tenants {
			m.admins[tenant] = map[string]bool{}
			for _, f := range []events.Fact{collectionOf("c1"), siteIn("s1", "c1"), siteIn("s2", "c1"), anyUser("ann"), anyUser("bob"), anyUser("eve")} {
				f.Tenant = tenant
				m.directories.Apply(f)
			}
			for _, id := range instances {
				m.all[tenant+"/"+id] = &held{}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"directory": m.describe,
			"write":     m.write,
			"":          m.check,
		})
	})
}

func (m *model) describe(t *rapid.T) {
	tenant, who := rapid.SampledFrom(tenants).Draw(t, "tenant"), rapid.SampledFrom(people[:3]).Draw(t, "who")
	role := rapid.SampledFrom([]events.Role{events.TenantAdministrator, events.SiteCollectionAdministrator, events.SiteOwner}).Draw(t, "role")
	r := events.RoleHolders{Role: role, Users: rapid.SliceOfNDistinct(rapid.SampledFrom(people[:3]), 0, 2, rapid.ID).Draw(t, "holders")}
	switch role {
	case events.SiteCollectionAdministrator:
		r.SiteCollection = "c1"
	case events.SiteOwner:
		r.Site = rapid.SampledFrom(sites).Draw(t, "site")
	case events.TenantAdministrator:
	}
	f := rapid.SampledFrom([]events.Fact{holders(r), gone(events.FactUser, who), anyUser(who)}).Draw(t, "fact")
	f.Tenant = tenant
	m.directories.Apply(f)
	for _, u := range r.Users {
		m.admins[tenant][u] = true // ever: a bound from above
	}
}

func (m *model) pick(t *rapid.T) (tenant, actor string, h *held) {
	tenant, actor = rapid.SampledFrom(tenants).Draw(t, "tenant"), rapid.SampledFrom(people).Draw(t, "actor")
	return tenant, actor, m.all[tenant+"/"+rapid.SampledFrom(instances).Draw(t, "id")]
}

func (m *model) write(t *rapid.T) {
	tenant, actor, h := m.pick(t)
	wanted := &events.Connection{
		Kind:   rapid.SampledFrom([]events.Kind{events.Shared, events.Personal}).Draw(t, "kind"),
		Owners: rapid.SliceOfNDistinct(rapid.SampledFrom(people), 1, 2, rapid.ID).Draw(t, "owners"),
		Users:  rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 1, rapid.ID).Draw(t, "users"),
		Availability: rapid.SampledFrom([]events.Availability{{Level: "tenant"}, {Level: "site_collection", SiteCollection: "c1"},
			{Level: "site", Site: "s1"}, {Level: "site", Site: "s2"}}).Draw(t, "availability"),
		Settings: json.RawMessage(fmt.Sprintf(`{"base_url":"https://%s.example"}`, rapid.SampledFrom(people).Draw(t, "target"))),
	}
	if h.now != nil && rapid.Bool().Draw(t, "changes settings only") {
		settings := wanted.Settings
		*wanted = *h.now
		wanted.Settings = settings
	}
	op := rapid.SampledFrom([]access.Op{access.Create, access.Edit}).Draw(t, "op")
	if !access.Decide(m.directories.Of(tenant), access.Question{Op: op, Actor: actor, Now: h.now, Wanted: wanted}).Allowed {
		return
	}
	if h.now == nil {
		h.creator, h.kind = actor, wanted.Kind
		if wanted.Kind == events.Shared && actor != events.ActorSystem && !m.admins[tenant][actor] {
			t.Fatalf("%s never had a role in %s, and created a shared connection", actor, tenant)
		}
	}
	if actor == h.creator {
		h.target = string(wanted.Settings)
	}
	h.now = wanted
}

func (m *model) check(t *rapid.T) {
	for key, h := range m.all {
		if h.now == nil {
			continue
		}
		if h.now.Kind != h.kind {
			t.Fatalf("%s was %s and is %s", key, h.kind, h.now.Kind)
		}
		if h.kind != events.Personal {
			continue
		}
		if !reflect.DeepEqual(h.now.Owners, []string{h.creator}) || string(h.now.Settings) != h.target {
			t.Fatalf("%s of %s: owners %v, settings %s, said %s", key, h.creator, h.now.Owners, h.now.Settings, h.target)
		}
		for _, tenant := range tenants {
			for _, actor := range append(people, "", "nobody") {
				for _, op := range []access.Op{access.Use, access.Test, access.Credentials} {
					d := access.Decide(m.directories.Of(tenant), access.Question{Op: op, Actor: actor, Now: h.now})
					if d.Allowed && actor != h.creator {
						t.Fatalf("%s of %s: %s by %q is allowed by %s", key, h.creator, op, actor, d.Rule)
					}
				}
			}
		}
	}
}

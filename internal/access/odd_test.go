package access_test

import (
	"encoding/json"
	"testing"

	"holdfast/events"
	"holdfast/internal/access"
)

func connectionOf(kind events.Kind, owner string, with ...func(*events.Connection)) *events.Connection {
	c := &events.Connection{ID: "crm", Kind: kind, Owners: []string{owner}, Type: "http",
		Availability: events.Availability{Level: "site", Site: "s1"}, Settings: json.RawMessage(`{"base_url":"https://crm.example"}`)}
	for _, change := range with {
		change(c)
	}
	return c
}

func owners(ids ...string) func(*events.Connection) {
	return func(c *events.Connection) { c.Owners = ids }
}

func at(level, place string) func(*events.Connection) {
	return func(c *events.Connection) {
		c.Availability = events.Availability{Level: level}
		switch level {
		case "site":
			c.Availability.Site = place
		case "site_collection":
			c.Availability.SiteCollection = place
		}
	}
}

func elsewhere(c *events.Connection) {
	c.Settings = json.RawMessage(`{"base_url":"https://evil.example"}`)
}
func renamed(c *events.Connection) { c.Name = "renamed" }
func kind(k events.Kind) func(*events.Connection) {
	return func(c *events.Connection) { c.Kind = k }
}
func designer(site string) func(*events.Connection) {
	return func(c *events.Connection) { c.DesignerSite = site }
}

// odd is a case of its own, with the rule that it meets.
type odd struct {
	name   string
	op     access.Op
	actor  string
	now    *events.Connection
	wanted []func(*events.Connection) // changes to now, or to a new one of s1Owner's
	then   []events.Fact
	want   access.Rule
}

func (c odd) decide(t *testing.T) {
	d := world()
	for _, f := range c.then {
		d = d.Apply(f)
	}
	wanted := *connectionOf(events.Shared, "s1Owner")
	if c.now != nil {
		wanted = *c.now
	}
	for _, change := range c.wanted {
		change(&wanted)
	}
	got := access.Decide(d, access.Question{Op: c.op, Actor: c.actor, Now: c.now, Wanted: &wanted})
	if got.Rule != c.want {
		t.Errorf("%s (allowed %t: %s), want %s", got.Rule, got.Allowed, got.Detail, c.want)
	}
}

// lostC1 takes c1Admin's role away.
var lostC1 = holders(events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "c1", Users: []string{"another"}})

// TestC8_OnlyAnOwningAdministratorMovesAConnection: neither owning it nor administrating is enough, and nobody moves one
// beyond the own role.
func TestC8_OnlyAnOwningAdministratorMovesAConnection(t *testing.T) {
	noCollection := gone(events.FactSiteCollection, "c1")
	shared := connectionOf(events.Shared, "c1Admin")
	for _, c := range []odd{
		{"an owner who lost the role moves it", access.Edit, "c1Admin", shared, []func(*events.Connection){at("site", "s2")}, []events.Fact{lostC1}, access.AvailabilityOnly},
		{"an owner whose site collection is gone moves it", access.Edit, "c1Admin", shared, []func(*events.Connection){at("tenant", "")}, []events.Fact{noCollection}, access.AvailabilityOnly},
		{"an owning administrator moves it within", access.Edit, "c1Admin", shared, []func(*events.Connection){at("site_collection", "c1")}, nil, access.SiteCollectionAdmin},
		{"an owning administrator moves it above", access.Edit, "c1Admin", shared, []func(*events.Connection){at("tenant", "")}, nil, access.AboveRole},
		{"an administrator becomes owner and moves it at once", access.Edit, "c2Admin", shared, []func(*events.Connection){owners("c1Admin", "c2Admin"), at("site", "s3")}, nil, access.AvailabilityOnly},
		{"an owning site owner moves it", access.Edit, "s1Owner", connectionOf(events.Shared, "s1Owner"), []func(*events.Connection){at("site", "s2")}, nil, access.AvailabilityOnly},
		{"an owner without a role moves it", access.Edit, "plain", connectionOf(events.Shared, "plain"), []func(*events.Connection){at("site", "s2")}, nil, access.AvailabilityOnly},
		{"an administrator of the site collection who does not own it moves it", access.Edit, "c1Admin", connectionOf(events.Shared, "s1Owner"), []func(*events.Connection){at("site", "s2")}, nil, access.AvailabilityOnly},
		{"a tenant administrator who does not own it moves it", access.Edit, "tenantAdmin", shared, []func(*events.Connection){at("tenant", "")}, nil, access.AvailabilityOnly},
		{"an owning administrator moves it to another site collection", access.Edit, "c1Admin", shared, []func(*events.Connection){at("site_collection", "c2")}, nil, access.AboveRole},
		{"an owning administrator through a group moves it within", access.Edit, "c1AdminG", connectionOf(events.Shared, "c1AdminG"), []func(*events.Connection){at("site", "s2")}, nil, access.SiteCollectionAdmin},
		{"an owning tenant administrator moves it anywhere", access.Edit, "tenantAdmin", connectionOf(events.Shared, "tenantAdmin"), []func(*events.Connection){at("tenant", "")}, nil, access.TenantAdmin},
	} {
		t.Run(c.name, c.decide)
	}
}

// TestC7_C9_C16_OddCases: what is easily got wrong, each with the rule that it meets.
func TestC7_C9_C16_OddCases(t *testing.T) {
	off := fact(events.FactSite, "s2", events.Site{ID: "s2", SiteCollection: "c1", DesignerOff: true})
	shared, personal := connectionOf(events.Shared, "c1Admin"), connectionOf(events.Personal, "plain")
	for _, c := range []odd{
		{"an owner who lost the role edits", access.Edit, "c1Admin", shared, []func(*events.Connection){renamed}, []events.Fact{lostC1}, access.Owner},
		{"an owner who lost the role assigns owners", access.Assign, "c1Admin", shared, []func(*events.Connection){owners("c1Admin", "x")}, []events.Fact{lostC1}, access.Owner},
		{"an administrator becomes owner", access.Edit, "c2Admin", shared, []func(*events.Connection){owners("c1Admin", "c2Admin")}, nil, access.SiteCollectionAdmin},
		{"a site owner of another site creates", access.Create, "s3Owner", nil, nil, nil, access.AboveRole},
		{"a site owner of another site edits", access.Edit, "s3Owner", shared, []func(*events.Connection){renamed}, nil, access.OwnersOnly},
		{"a site owner creates for the tenant", access.Create, "s1Owner", nil, []func(*events.Connection){at("tenant", "")}, nil, access.AboveRole},
		{"nobody with a role creates", access.Create, "plain", nil, nil, nil, access.NoRole},
		{"a tenant administrator creates where nothing is", access.Create, "tenantAdmin", nil, []func(*events.Connection){at("site", "nowhere")}, nil, access.PlaceUnknown},
		{"a tenant administrator creates in a removed site", access.Create, "tenantAdmin", nil, []func(*events.Connection){at("site", "s9")}, nil, access.PlaceUnknown},
		{"a tenant administrator creates on an unknown level", access.Create, "tenantAdmin", nil, []func(*events.Connection){at("galaxy", "")}, nil, access.PlaceUnknown},
		{"the system creates and does not say where", access.Create, "system", nil, []func(*events.Connection){at("", "")}, nil, access.AvailabilityUnclear},
		{"somebody takes over a deleted one by creating it", access.Create, "s1Owner", shared, []func(*events.Connection){owners("s1Owner")}, nil, access.OwnersOnly},
		{"the last owner leaves", access.Edit, "c1Admin", shared, []func(*events.Connection){owners()}, nil, access.LastOwner},
		{"the system takes the last owner away", access.Edit, "system", shared, []func(*events.Connection){owners()}, nil, access.LastOwner},
		{"it is left to a user who was removed", access.Edit, "c1Admin", shared, []func(*events.Connection){owners("removed")}, nil, access.LastOwner},
		{"its owners were removed, and an administrator renames it", access.Edit, "tenantAdmin", connectionOf(events.Shared, "removed"), []func(*events.Connection){renamed}, nil, access.TenantAdmin},
		{"nobody owns a new one", access.Create, "tenantAdmin", nil, []func(*events.Connection){owners()}, nil, access.LastOwner},
		{"a removed user uses the own personal one", access.Use, "removed", connectionOf(events.Personal, "removed"), nil, nil, access.RemovedUser},
		{"a removed owner edits", access.Edit, "removed", connectionOf(events.Shared, "removed"), []func(*events.Connection){renamed}, nil, access.RemovedUser},
		{"a tenant administrator uses somebody's personal one", access.Use, "tenantAdmin", personal, nil, nil, access.PersonalCreatorOnly},
		{"a tenant administrator tests it", access.Test, "tenantAdmin", personal, nil, nil, access.PersonalCreatorOnly},
		{"a tenant administrator gives it credentials", access.Credentials, "tenantAdmin", personal, nil, nil, access.PersonalCreatorOnly},
		{"a tenant administrator renames it", access.Edit, "tenantAdmin", personal, []func(*events.Connection){renamed}, nil, access.TenantAdmin},
		{"a tenant administrator points it elsewhere", access.Edit, "tenantAdmin", personal, []func(*events.Connection){elsewhere}, nil, access.PersonalCreatorOnly},
		{"the system points it elsewhere", access.Edit, "system", personal, []func(*events.Connection){elsewhere}, nil, access.PersonalCreatorOnly},
		{"the system takes it over", access.Edit, "system", personal, []func(*events.Connection){owners("tenantAdmin")}, nil, access.PersonalNoTakeover},
		{"its creator gives it away", access.Edit, "plain", personal, []func(*events.Connection){owners("another")}, nil, access.PersonalNoTakeover},
		{"its creator shares it", access.Edit, "plain", personal, []func(*events.Connection){kind(events.Shared)}, nil, access.KindStays},
		{"a shared one becomes personal", access.Edit, "c1Admin", shared, []func(*events.Connection){kind(events.Personal)}, nil, access.KindStays},
		{"somebody creates a personal one for another", access.Create, "tenantAdmin", nil, []func(*events.Connection){kind(events.Personal)}, nil, access.PersonalCreatorOnly},
		{"the system creates a personal one", access.Create, "system", nil, []func(*events.Connection){kind(events.Personal), owners("system")}, nil, access.PersonalCreatorOnly},
		{"a stranger creates a personal one", access.Create, "stranger", nil, []func(*events.Connection){kind(events.Personal), owners("stranger")}, nil, access.PersonalOwner},
		{"in a designer that is turned off", access.Create, "plain", nil, []func(*events.Connection){kind(events.Personal), owners("plain"), designer("s2")}, []events.Fact{off}, access.DesignerOff},
		{"a shared one, in a designer that is turned off", access.Create, "tenantAdmin", nil, []func(*events.Connection){designer("s2")}, []events.Fact{off}, access.DesignerOff},
		{"in a designer that is turned on", access.Create, "plain", nil, []func(*events.Connection){kind(events.Personal), owners("plain"), designer("s1")}, []events.Fact{off}, access.PersonalOwner},
		{"in the designer of no site", access.Create, "plain", nil, []func(*events.Connection){kind(events.Personal), owners("plain"), designer("nowhere")}, nil, access.PlaceUnknown},
		{"somebody deletes what never was", access.Delete, "s1Owner", nil, nil, nil, access.OwnersOnly},
		{"somebody does what no rule knows", "sell", "tenantAdmin", shared, nil, nil, access.NoRole},
	} {
		t.Run(c.name, c.decide)
	}
}

// TestC6_PlacesAreWhatTheDirectorySays, not what a request says.
func TestC6_PlacesAreWhatTheDirectorySays(t *testing.T) {
	d := world()
	for _, c := range []struct {
		at   func(*events.Connection)
		from access.Place
		want access.Rule
	}{
		{at("site_collection", "c1"), access.Place{Site: "s1"}, access.SharedInSiteCollection},
		{at("site_collection", "c1"), access.Place{Site: "s3", SiteCollection: "c1"}, access.PlaceContradicted},
		{at("site_collection", "c1"), access.Place{Site: "s3"}, access.NotAvailableHere},
		{at("site_collection", "c1"), access.Place{Site: "elsewhere", SiteCollection: "c1"}, access.SharedInSiteCollection},
		{at("site", "s9"), access.Place{Site: "s9"}, access.PlaceContradicted},
		{at("tenant", ""), access.Place{Site: "s9"}, access.SharedInTenant},
		{at("site", ""), access.Place{}, access.NotAvailableHere},
		{at("", ""), access.Place{}, access.NotAvailableHere},
	} {
		now := connectionOf(events.Shared, "x", c.at)
		if got := access.Decide(d, access.Question{Op: access.Use, Actor: "plain", Now: now, Place: c.from}); got.Rule != c.want {
			t.Errorf("%+v from %+v: %s, want %s", now.Availability, c.from, got.Rule, c.want)
		}
	}
	var none *access.Directory // nothing is known: what is said is believed
	now := connectionOf(events.Shared, "x")
	if got := access.Decide(none, access.Question{Op: access.Use, Now: now, Place: access.Place{Site: "s1"}}); !got.Allowed {
		t.Errorf("without a directory: %s", got.Rule)
	}
}

func TestC7_RolesAndSitesNeedTheirPlaces(t *testing.T) {
	d := world()
	for _, c := range []struct {
		got  access.Decision
		want access.Rule
	}{
		{access.CheckRole(d, events.RoleHolders{Role: events.TenantAdministrator}), access.TenantAdmin},
		{access.CheckRole(d, events.RoleHolders{Role: events.SiteOwner, Site: "s1"}), access.TenantAdmin},
		{access.CheckRole(d, events.RoleHolders{Role: events.SiteOwner, Site: "s9"}), access.PlaceUnknown},
		{access.CheckRole(d, events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "s1"}), access.PlaceUnknown},
		{access.CheckUser(d, events.User{ID: "ann"}), access.TenantAdmin},
		{access.CheckUser(d, events.User{ID: "system"}), access.SystemIsNoUser},
		{access.CheckUser(d, events.User{ID: "public"}), access.SystemIsNoUser},
		{access.CheckSite(d, events.Site{SiteCollection: "c1"}), access.TenantAdmin},
		{access.CheckSite(d, events.Site{SiteCollection: "c9"}), access.PlaceUnknown},
		{access.Describe(d, "tenantAdminG"), access.TenantAdmin},
		{access.Describe(d, "system"), access.System},
		{access.Describe(d, "c1Admin"), access.DirectoryAdmins},
		{access.Describe(d, "stranger"), access.DirectoryAdmins},
		{access.Describe(d, "removed"), access.RemovedUser},
		{access.Describe(nil, "ann"), access.DirectoryAdmins},
	} {
		if c.got.Rule != c.want {
			t.Errorf("%s, want %s", c.got.Rule, c.want)
		}
	}
}

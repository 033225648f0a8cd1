package app_test

import (
	"fmt"
	"slices"
	"testing"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// told is an event as an upstream system publishes it; it gives the event's sequence in its stream.
func (w *world) told(t events.Type, payload any) uint64 {
	w.Helper()
	w.publish(t, payload)
	stream := events.StreamPermissions
	if t.Noun() == "connection" {
		stream = events.StreamConnections
	}
	s, err := w.js.Stream(w.Context(), stream)
	if err != nil {
		w.Fatal(err)
	}
	m, err := s.GetLastMsgForSubject(w.Context(), events.SubjectOf(tenant, t))
	if err != nil {
		w.Fatal(err)
	}
	return m.Sequence
}

func (w *world) users(ids ...string) {
	for _, id := range ids {
		w.publish(events.DirectoryUserUpdated, events.User{ID: id, Actor: events.ActorSystem})
	}
}

func (w *world) role(r events.RoleHolders) uint64 {
	r.Actor = events.ActorSystem
	return w.told(events.DirectoryRoleUpdated, r)
}

// places are a site collection of two sites.
func (w *world) places() {
	w.publish(events.PlaceSiteCollectionUpdated, events.SiteCollection{ID: "c1", Actor: events.ActorSystem})
	for _, id := range []string{"s1", "s2"} {
		w.publish(events.PlaceSiteUpdated, events.Site{ID: id, SiteCollection: "c1", Actor: events.ActorSystem})
	}
}

// refusedBy waits for what came of a connection event: the rule that refused it, empty where it was applied.
func (w *world) refusedBy(sequence uint64) (rule string) {
	w.Helper()
	testkit.Eventually(w, patient, fmt.Sprintf("what came of %d", sequence), func() bool {
		for _, t := range []events.Type{events.ConnectionRejected, events.ConnectionApplied} {
			for _, r := range w.notices(t) {
				n, err := events.Payload[events.ConnectionNotice](r.Event)
				if err != nil {
					w.Fatal(err)
				}
				if n.Origin != nil && n.Origin.Sequence == sequence {
					rule = n.Rule
					return true
				}
			}
		}
		return false
	})
	return rule
}

func by(actor string) func(*events.Connection) {
	return func(c *events.Connection) { c.Actor = actor }
}

func owned(ids ...string) func(*events.Connection) {
	return func(c *events.Connection) { c.Owners = ids }
}

func anywhere(c *events.Connection) { c.Availability = events.Availability{} }

func personally(c *events.Connection) {
	c.Kind, c.Availability = events.Personal, events.Availability{}
}

// TestC6_C7_C8_C16_AnEventWhoseActorMayNotEndsAsRejected: the story of one connection and five people, each
// event published right behind the roles that it rests on.
func TestC6_C7_C8_C16_AnEventWhoseActorMayNotEndsAsRejected(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.password("crm", "demo-password")
	w.users("sam", "sue", "col", "tess", "ann")
	w.places()
	w.role(events.RoleHolders{Role: events.SiteOwner, Site: "s1", Users: []string{"sam"}})
	w.role(events.RoleHolders{Role: events.SiteOwner, Site: "s2", Users: []string{"sue"}})
	w.role(events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "c1", Users: []string{"col"}})
	w.role(events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"tess"}})
	at := func(level, place string) func(*events.Connection) {
		return func(c *events.Connection) {
			c.Availability = events.Availability{Level: level, SiteCollection: place}
		}
	}
	named := func(name string) func(*events.Connection) { return func(c *events.Connection) { c.Name = name } }
	ref := func(actor string) events.ConnectionRef { return events.ConnectionRef{ID: "crm", Actor: actor} }
	for _, step := range []struct {
		name    string
		event   events.Type
		payload any
		rule    string
	}{
		{"a user without a role creates", events.ConnectionCreated, w.basic("crm", by("ann"), owned("ann")), "no_role"},
		{"a site owner creates for the tenant", events.ConnectionCreated, w.basic("crm", by("sam"), owned("sam")), "above_role"},
		{"a site owner creates", events.ConnectionCreated, w.basic("crm", by("sam"), owned("sam"), anywhere), ""},
		{"another site owner edits", events.ConnectionUpdated, w.basic("crm", by("sue"), owned("sue"), anywhere), "owners_and_administrators_only"},
		{"another site owner deletes", events.ConnectionDeleted, ref("sue"), "owners_and_administrators_only"},
		{"its owner moves it", events.ConnectionUpdated, w.basic("crm", by("sam"), owned("sam"), at("site_collection", "c1")), "availability_needs_owning_administrator"},
		{"an administrator renames it", events.ConnectionUpdated, w.basic("crm", by("col"), owned("sam"), anywhere, named("renamed")), ""},
		{"an administrator moves it", events.ConnectionUpdated, w.basic("crm", by("col"), owned("sam"), at("site_collection", "c1")), "availability_needs_owning_administrator"},
		{"its owner makes the administrator one, too", events.ConnectionUpdated, w.basic("crm", by("sam"), owned("sam", "col"), anywhere), ""},
		{"the owning administrator moves it", events.ConnectionUpdated, w.basic("crm", by("col"), owned("sam", "col"), at("site_collection", "c1")), ""},
		{"the owning administrator moves it above", events.ConnectionUpdated, w.basic("crm", by("col"), owned("sam", "col")), "above_role"},
		{"it becomes personal", events.ConnectionUpdated, w.basic("crm", by("sam"), owned("sam"), personally), "kind_stays"},
		{"a stranger says that its secret has changed", events.ConnectionSecretRotated, ref("eve"), "owners_and_administrators_only"},
		{"a stranger has it tested", events.ConnectionTestRequested, ref("eve"), "owners_and_administrators_only"},
		{"a tenant administrator deletes it", events.ConnectionDeleted, ref("tess"), ""},
		{"another site owner creates it anew", events.ConnectionCreated, w.basic("crm", by("sue"), owned("sue"), anywhere), "owners_and_administrators_only"},
		{"another site owner restores it", events.ConnectionUndeleted, ref("sue"), "owners_and_administrators_only"},
		{"its owner restores it", events.ConnectionUndeleted, ref("sam"), ""},
	} {
		before, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
		if err != nil {
			t.Fatal(err)
		}
		sequence := w.told(step.event, step.payload)
		if rule := w.refusedBy(sequence); rule != step.rule {
			t.Fatalf("%s: refused by %q, want %q", step.name, rule, step.rule)
		}
		after, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
		if err != nil {
			t.Fatal(err)
		}
		if step.rule != "" && before != nil && after.Sequence != before.Sequence {
			t.Errorf("%s: refused, and yet revision %d became %d", step.name, before.Sequence, after.Sequence)
		}
		if step.name == "a site owner creates" && (after.Availability.Level != "site" || after.Availability.Site != "s1") {
			t.Errorf("available at %+v, want the creator's site", after.Availability)
		}
	}
}

func TestC9_PersonalConnectionsAreTheirCreatorsUntilTheyAreRemoved(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.places()
	w.users("ann", "tess")
	w.role(events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"tess"}})
	w.publish(events.PlaceSiteUpdated, events.Site{ID: "s2", SiteCollection: "c1", DesignerOff: true, Actor: events.ActorSystem})
	w.password("mine", "demo-password")
	mine := func(with ...func(*events.Connection)) events.Connection {
		return w.basic("mine", append([]func(*events.Connection){by("ann"), owned("ann"), personally}, with...)...)
	}
	in := func(site string) func(*events.Connection) {
		return func(c *events.Connection) { c.DesignerSite = site }
	}
	for _, c := range []struct {
		event   events.Type
		payload any
		rule    string
	}{
		{events.ConnectionCreated, mine(in("s2")), "designer_connections_off"},
		{events.ConnectionCreated, mine(by("tess")), "personal_creator_only"},
		{events.ConnectionCreated, mine(in("s1")), ""},
		{events.ConnectionUpdated, mine(by("tess"), owned("tess")), "personal_owner_stays"},
		{events.ConnectionTestRequested, events.ConnectionRef{ID: "mine", Actor: "tess"}, "personal_creator_only"},
		{events.ConnectionSecretRotated, events.ConnectionRef{ID: "mine", Actor: events.ActorSystem}, "personal_creator_only"},
	} {
		if rule := w.refusedBy(w.told(c.event, c.payload)); rule != c.rule {
			t.Fatalf("%s: refused by %q, want %q", c.event, rule, c.rule)
		}
	}
	as := func(user string) func(*events.Request) { return func(r *events.Request) { r.ActingUser = user } }
	if o := w.ends(w.request("mine", as("ann")), events.ActionCompleted); o.Rule != "personal_owner" {
		t.Errorf("let by %q", o.Rule)
	}
	for _, user := range []string{"tess", "bob", "", events.ActorSystem} {
		if o := w.ends(w.request("mine", as(user)), events.ActionDenied); o.Rule != "personal_creator_only" {
			t.Errorf("%q denied by %q (%s)", user, o.Rule, o.Reason)
		}
	}
	w.publish(events.DirectoryUserRemoved, events.UserRef{ID: "ann", Actor: "tess"})
	testkit.Eventually(t, patient, "ann's request to be denied", func() bool {
		id := w.request("mine", as("ann"))
		var last events.Record
		testkit.Eventually(t, patient, "its end", func() bool {
			last, _ = w.bus.Journal().Last(t.Context(), events.LedgerSubject(tenant, id))
			return last.Type.Ends()
		})
		o, err := events.Payload[events.Outcome](last.Event)
		return err == nil && last.Type == events.ActionDenied && o.Rule == "removed_user"
	})
}

// TestC6_UseIsLimitedToPlacesUsersAndGroups, also where the request follows at once on what lets it.
func TestC6_UseIsLimitedToPlacesUsersAndGroups(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("team", func(c *events.Connection) { c.Groups = []string{"g"} })
	w.connect("here", func(c *events.Connection) {
		c.Availability = events.Availability{Level: "site_collection", SiteCollection: "c1"}
	})
	as := func(user string) func(*events.Request) { return func(r *events.Request) { r.ActingUser = user } }
	from := func(collection, site string) func(*events.Request) {
		return func(r *events.Request) { r.SiteCollection, r.Site = collection, site }
	}
	if o := w.ends(w.request("team", as("bob")), events.ActionDenied); o.Rule != "not_named" || o.Reason != "not_available" {
		t.Errorf("denied by %q (%s)", o.Rule, o.Reason)
	}
	w.users("bob")
	for i := range 10 {
		w.publish(events.DirectoryGroupUpdated, events.Group{ID: "g", Members: []string{"bob", fmt.Sprintf("u%d", i)}, Actor: events.ActorSystem})
		if o := w.ends(w.request("team", as(fmt.Sprintf("u%d", i))), events.ActionCompleted); o.Rule != "named_group" {
			t.Errorf("let by %q", o.Rule)
		}
	}
	w.places()
	for _, c := range []struct {
		with func(*events.Request)
		want events.Type
		rule string
	}{
		{from("", "s1"), events.ActionCompleted, "shared_site_collection"},
		{from("c1", "elsewhere"), events.ActionCompleted, "shared_site_collection"},
		{from("c2", ""), events.ActionDenied, "not_available_here"},
		{from("c2", "s1"), events.ActionDenied, "place_contradicted"},
	} {
		if o := w.ends(w.request("here", c.with), c.want); o.Rule != c.rule {
			t.Errorf("%s by %q, want %q", c.want, o.Rule, c.rule)
		}
	}
}

// TestC6_TheDirectoryIsAdministratorsToChange, and what is refused is told with its rule and field.
func TestC6_TheDirectoryIsAdministratorsToChange(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.users("tess", "ann")
	w.role(events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"tess"}})
	refused := map[uint64][2]string{
		w.told(events.DirectoryRoleUpdated, events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"ann"}, Actor: "ann"}): {"directory_administrators_only", "/data/actor"},
		w.told(events.PlaceSiteUpdated, events.Site{ID: "s1", SiteCollection: "c7", Actor: events.ActorSystem}):                         {"place_unknown", "/data/site_collection_id"},
		w.role(events.RoleHolders{Role: events.SiteOwner, Site: "s7", Users: []string{"ann"}}):                                          {"place_unknown", "/data/site_id"},
	}
	w.told(events.DirectoryGroupUpdated, events.Group{ID: "g", Members: []string{"ann"}, Actor: "tess"})
	w.told(events.DirectoryRoleUpdated, events.RoleHolders{Role: events.TenantAdministrator, Groups: []string{"g"}, Actor: "tess"})
	last := w.told(events.DirectoryUserRemoved, events.UserRef{ID: "tess", Actor: "ann"}) // by her group, and nobody else's word
	testkit.Eventually(t, patient, "the notices", func() bool { return len(w.notices(events.DirectoryChangeRejected)) >= len(refused) })
	for _, r := range w.notices(events.DirectoryChangeRejected) {
		n, err := events.Payload[events.ChangeNotice](r.Event)
		if want := refused[n.Origin.Sequence]; err != nil || want != [2]string{n.Rule, n.Field} || n.Reason != "not_permitted" {
			t.Errorf("%+v, want %v", n, want)
		}
	}
	facts, err := w.bus.Facts(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patient, "tess to be removed", func() bool {
		f, _, err := facts.Fresh(t.Context(), tenant, events.FactUser, "tess")
		return err == nil && f.Removed && f.Sequence == last
	})
}

// TestC7_WhatAnEventRestsOnIsKnownWhicheverWorkerHandlesIt: roles and places are on another stream than the
// connections that need them, and several workers handle both.
func TestC7_WhatAnEventRestsOnIsKnownWhicheverWorkerHandlesIt(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.worker()
	w.worker()
	made := make(map[uint64]string)
	for i := range 20 {
		site, user, group := fmt.Sprintf("s%d", i), fmt.Sprintf("u%d", i), fmt.Sprintf("g%d", i)
		w.publish(events.PlaceSiteCollectionUpdated, events.SiteCollection{ID: "c" + site, Actor: events.ActorSystem})
		w.publish(events.PlaceSiteUpdated, events.Site{ID: site, SiteCollection: "c" + site, Actor: events.ActorSystem})
		w.publish(events.DirectoryGroupUpdated, events.Group{ID: group, Members: []string{user}, Actor: events.ActorSystem})
		w.users(user)
		w.role(events.RoleHolders{Role: events.SiteOwner, Site: site, Groups: []string{group}})
		id := fmt.Sprintf("crm-%d", i)
		made[w.told(events.ConnectionCreated, w.basic(id, by(user), owned(user), anywhere))] = id
	}
	for sequence, id := range made {
		if rule := w.refusedBy(sequence); rule != "" {
			t.Errorf("%s was refused by %q", id, rule)
		}
	}
	if n := len(w.notices(events.DirectoryChangeRejected)); n != 0 {
		t.Errorf("%d changes were refused", n)
	}
	var ids []string
	for e := range w.registry.All() {
		ids = append(ids, e.ID)
	}
	if slices.Sort(ids); len(ids) != len(made) {
		t.Errorf("%d connections: %v", len(ids), ids)
	}
}

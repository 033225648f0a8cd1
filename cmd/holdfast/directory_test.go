package main

import (
	"context"
	"encoding/json"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/events"
)

// seedDirectory puts a directory on the bus, as a worker does: ann is an administrator through a group whose
// name would drive a terminal, bob was removed.
func seedDirectory(ts *testscript.TestScript, _ bool, _ []string) {
	ctx := context.Background()
	facts, err := connect(ts).Facts(ctx, nil)
	ts.Check(err)
	for i, f := range []struct {
		kind    events.FactKind
		id      string
		payload any
		removed bool
	}{
		{events.FactUser, "ann", events.User{ID: "ann", Name: "Ann \x1b[31m"}, false},
		{events.FactUser, "bob", nil, true},
		{events.FactUser, "eve", events.User{ID: "eve"}, false},
		{events.FactGroup, "admins", events.Group{ID: "admins", Members: []string{"ann", "bob"}}, false},
		{events.FactSiteCollection, "hr", events.SiteCollection{ID: "hr"}, false},
		{events.FactSite, "jobs", events.Site{ID: "jobs", SiteCollection: "hr"}, false},
		{events.FactRole, "site_collection_administrator.hr", events.RoleHolders{Role: events.SiteCollectionAdministrator, SiteCollection: "hr", Groups: []string{"admins"}}, false},
		{events.FactRole, "site_owner.jobs", events.RoleHolders{Role: events.SiteOwner, Site: "jobs", Users: []string{"ann", "bob"}}, false},
	} {
		data, err := json.Marshal(f.payload)
		ts.Check(err)
		_, err = facts.Put(ctx, events.Fact{Tenant: "acme", Kind: f.kind, ID: f.id, Sequence: uint64(i + 1), Removed: f.removed, Data: data}, 0)
		ts.Check(err)
	}
}

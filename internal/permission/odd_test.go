package permission_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"holdfast/events"
	"holdfast/internal/permission"
)

// TestP7_NoQuestionIsFinerThanTheApp: a question names a user, an app, and data; nothing that an app consists of, such as
// a page. Nor does a set.
func TestP7_NoQuestionIsFinerThanTheApp(t *testing.T) {
	for of, want := range map[reflect.Type][]string{
		reflect.TypeFor[permission.Question]():         {"User", "App", "Connection", "Op", "Object", "Fields", "Record", "Now"},
		reflect.TypeFor[events.PermissionSet]():        {"Tenant", "ID", "AssetID", "Kind", "Name", "App", "ClonedFrom", "Workspaces", "Connections", "Site", "Actor"},
		reflect.TypeFor[events.ConnectionGrant]():      {"Connection", "Raw", "Objects"},
		reflect.TypeFor[events.ObjectGrant]():          {"Object", "Operations", "Fields", "Conditions"},
		reflect.TypeFor[events.PermissionAssignment](): {"Tenant", "Set", "App", "User", "Group", "Public", "Replaces", "Actor"},
	} {
		var got []string
		for i := range of.NumField() {
			got = append(got, of.Field(i).Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v: is any of it finer than the app?", of, got)
		}
	}
}

// oneSet is a world of one user and one set, whose one object grant is g.
func oneSet(g events.ObjectGrant) *world {
	w := newWorld()
	w.users["ann"] = user{attributes: map[string]any{"region": "North"}}
	w.sets["clerk"] = madeSet{events.PermissionSet{ID: "clerk", Kind: events.AppSet, App: "orders", Name: "Clerk",
		Connections: []events.ConnectionGrant{{Connection: "erp", Objects: []events.ObjectGrant{g}}}}, made}
	w.given = append(w.given, given{events.PermissionAssignment{Set: "clerk", User: "ann"}, assigned})
	return w
}

func annMay(op events.DataOp) *permission.Question {
	return &permission.Question{User: "ann", App: "orders", Connection: "erp", Object: "Orders", Op: op, Now: today}
}

// TestP10_AConditionThatNobodyUnderstandsLetsNothingThrough: schemas refuse them; a newer version's, or a corrupted one,
// may be there all the same.
func TestP10_AConditionThatNobodyUnderstandsLetsNothingThrough(t *testing.T) {
	holdsIt := events.Condition{HasSet: "clerk"}
	for name, c := range map[string]events.Condition{
		"none of the kinds":        {Name: "newer"},
		"a formula without an end": {Formula: "LEN("},
		"two kinds at once":        {HasSet: "clerk", Formula: "FALSE"},
		"two kinds, both met":      {HasSet: "clerk", Formula: "TRUE"},
		"forced and limited":       {Formula: "TRUE", Force: &events.ForcedValue{Field: "Owner", Value: `"x"`}},
		"forced by no formula":     {Force: &events.ForcedValue{Field: "Owner", Value: `"x`}},
		"forced by the record":     {Force: &events.ForcedValue{Field: "Owner", Value: `{{$Model.Title}}`}},
		"everything forced":        {Force: &events.ForcedValue{Field: "*", Value: `"x"`}},
	} {
		for _, conditions := range [][]events.Condition{{c}, {holdsIt, c}, {c, holdsIt}} {
			w := oneSet(events.ObjectGrant{Object: "Orders", Operations: events.DataOps(), Conditions: conditions})
			w.sets["other"] = w.sets["clerk"] // a second holder of the same makes no conflict of it
			s := w.snapshot()
			for _, op := range events.DataOps() {
				if d := s.Decide(annMay(op)); d.Allowed || d.Rule != permission.RecordNotGranted {
					t.Errorf("%s: %s is allowed %v by %s", name, op, d.Allowed, d.Rule)
				}
			}
		}
	}
	w := oneSet(events.ObjectGrant{Object: "Orders", Operations: events.DataOps(), Conditions: []events.Condition{holdsIt}})
	if d := w.snapshot().Decide(annMay(events.ReadRecords)); !d.Allowed {
		t.Errorf("one that is understood: %s", d.Rule)
	}
}

// TestP10_ABrokenForcedValueIsNoConflict, and breaks nothing.
func TestP10_ABrokenForcedValueIsNoConflict(t *testing.T) {
	force := func(value string) []events.Condition {
		return []events.Condition{{Force: &events.ForcedValue{Field: "Owner", Value: value}}}
	}
	w := oneSet(events.ObjectGrant{Object: "Orders", Operations: events.DataOps(), Conditions: force(`"x`)})
	other := oneSet(events.ObjectGrant{Object: "Orders", Operations: events.DataOps(), Conditions: force(`"y"`)}).sets["clerk"]
	other.ID = "other"
	w.sets["other"] = other
	f := factOf(events.FactAssignment, "other.user.ann", assigned, events.PermissionAssignment{Set: "other", User: "ann"})
	before := w.snapshot()
	if found := apply(append(w.facts(), f)...).NewConflicts(before, f); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
}

// TestP13_ASystemSetWasThereFromTheStart: its first change is no creation, and takes it away from nobody.
func TestP13_ASystemSetWasThereFromTheStart(t *testing.T) {
	set := events.PermissionSet{ID: events.SystemSetAdmin, Kind: events.SiteSet, Name: "Admin", Site: &events.SiteRights{ConfigureSite: true, Apps: []string{"orders"}}}
	given := factOf(events.FactSiteSet, "ann", 5, events.PermissionAssignment{Set: set.ID, User: "ann"})
	s := apply(given, factOf(events.FactSet, set.ID, 9, madeSet{set, 9}))
	if !s.ConfiguresSite("ann") || !s.Decide(&permission.Question{User: "ann", App: "orders"}).Allowed {
		t.Error("a change of a system set took it away from whoever had it")
	}
	s = apply(given, gone(factOf(events.FactSet, set.ID, 9, nil)))
	if s.SiteSet("ann") == nil {
		t.Error("a system set was deleted")
	}
}

// TestP5_ThePublicIsNobodyOfTheDirectory: users, groups and assignments of that name say nothing of it.
func TestP5_ThePublicIsNobodyOfTheDirectory(t *testing.T) {
	w := oneSet(events.ObjectGrant{Object: "Orders", Operations: events.DataOps()})
	w.given[0] = given{events.PermissionAssignment{Set: "clerk", Public: true}, assigned}
	w.open["orders"] = true
	w.users[events.PermissionPublic] = user{removed: true}
	w.site[events.PermissionPublic] = siteOf{events.SystemSetAdmin, assigned}
	w.site["ann"] = siteOf{events.SystemSetPublic, assigned}
	s := w.snapshot()
	q := annMay(events.ReadRecords)
	q.User = events.PermissionPublic
	if d := s.Decide(q); !d.Allowed {
		t.Errorf("the public was removed: %s", d.Rule)
	}
	if s.ConfiguresSite(events.PermissionPublic) || s.ConfiguresSelf(events.PermissionPublic) || s.SiteSet(events.PermissionPublic).ID != events.SystemSetPublic {
		t.Error("the public has another site set than Public")
	}
	if s.SiteSet("ann") != nil {
		t.Error("the site set Public is a user's")
	}
}

// TestP1_ATenantOfWhichNothingIsKnownGrantsNothing.
func TestP1_ATenantOfWhichNothingIsKnownGrantsNothing(t *testing.T) {
	for _, s := range []*permission.Snapshot{nil, {}, apply()} {
		for _, who := range []string{"ann", "", events.ActorSystem, events.PermissionPublic} {
			q := annMay(events.ReadRecords)
			q.User = who
			if d := s.Decide(q); d.Allowed {
				t.Errorf("%q is allowed to read", who)
			}
			if e := s.Explain(*q); e.Allowed || len(e.Steps)+len(e.Would) > 0 {
				t.Errorf("%q: explained by %+v", who, e)
			}
			if p, d := s.Plan(*q); p != nil || d.Allowed {
				t.Errorf("%q has a plan", who)
			}
			if f, d := s.Fields(*q); f != nil || d.Allowed {
				t.Errorf("%q has fields", who)
			}
			if s.ConfiguresSite(who) || s.Apps(who) != nil || s.Landing(who, "orders") != "" || len(s.Attributes(who)) > 0 || s.Open("orders") {
				t.Errorf("%q: something of the site", who)
			}
		}
		if len(s.Sets()) != 3 || s.CheckDelete("x") == nil || s.MayConfigure("ann") == nil || s.MayConfigure(events.ActorSystem) != nil {
			t.Errorf("%d sets", len(s.Sets()))
		}
	}
}

// TestP8_WhatCanNotBeReadCountsAsGone: nobody keeps a right that nobody can read.
func TestP8_WhatCanNotBeReadCountsAsGone(t *testing.T) {
	w := oneSet(events.ObjectGrant{Object: "Orders", Operations: events.DataOps()})
	w.open["orders"] = true
	w.site["ann"] = siteOf{events.SystemSetAdmin, assigned}
	for _, f := range w.facts() {
		f.Sequence, f.Data = 900, json.RawMessage(`{"set_id":`)
		s := apply(append(w.facts(), f)...)
		switch f.Kind {
		case events.FactSet, events.FactAssignment:
			if s.Decide(annMay(events.ReadRecords)).Allowed {
				t.Errorf("%s: still granted", f.Kind)
			}
		case events.FactSiteSet:
			if s.SiteSet("ann") != nil {
				t.Error("a site set is still there")
			}
		case events.FactPublicAccess:
			if s.Open("orders") {
				t.Error("the app is still open")
			}
		case events.FactUser:
			if d := s.Decide(annMay(events.ReadRecords)); d.Rule != permission.RemovedUser {
				t.Errorf("a user who can not be read is allowed %v by %s", d.Allowed, d.Rule)
			}
		default:
		}
	}
	for _, belied := range []events.PermissionAssignment{{Set: "clerk", User: "bob"}, {Set: "other", User: "ann"}, {Set: "clerk", Group: "ann"}} {
		f := factOf(events.FactAssignment, "clerk.user.ann", 900, belied)
		if apply(append(w.facts(), f)...).Decide(annMay(events.ReadRecords)).Allowed {
			t.Errorf("an assignment whose key belies it counts: %+v", belied)
		}
	}
}

package app_test

import (
	"encoding/json"
	"testing"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
	"holdfast/internal/replay"
	"holdfast/internal/testkit"
)

// appSet is a set of the app sales.
func appSet(id, name string) events.PermissionSet {
	return events.PermissionSet{ID: id, Kind: events.AppSet, Name: name, App: "sales", Actor: events.ActorSystem,
		Connections: onOrders(nil, []events.DataOp{events.ReadRecords}, readOf("*")...)}
}

func given(set, user string) events.PermissionAssignment {
	return events.PermissionAssignment{Set: set, User: user, Actor: events.ActorSystem}
}

func deleted(set string) events.PermissionSetRef {
	return events.PermissionSetRef{ID: set, Actor: events.ActorSystem}
}

// sent is an event to be published.
type sent struct {
	kind    events.Type
	payload any
}

// misses publishes changes of permissions that no worker is given.
func (w *world) misses(all ...sent) {
	w.Helper()
	for _, e := range all {
		w.publish(e.kind, e.payload)
	}
	w.lose(events.StreamPermissions, bus.DurablePermissions, len(all))
}

// Of permission sets and assignments, what was missed is driven again, in order and with what it needs; what was taken
// back since is not.
func TestO2_PermissionsAreDrivenAgainAndNeverOverWhatIsNewer(t *testing.T) {
	w := newRoleWorld(t)
	stop := w.worker()
	w.publish(events.PermissionSetCreated, appSet("readers", "readers"))
	w.publish(events.PermissionAssigned, given("readers", "ann"))
	w.publish(events.PermissionSetCreated, events.PermissionSet{ID: "staff", Kind: events.SiteSet, Name: "Staff", ClonedFrom: "standard", Actor: events.ActorSystem})
	w.permissionsApplied()
	stop()
	stranger := given("readers", "dora")
	stranger.Actor = "stranger"
	w.misses(
		sent{events.PermissionSetUpdated, appSet("readers", "first")},
		sent{events.PermissionSetUpdated, appSet("readers", "last")},
		sent{events.PermissionAssigned, given("readers", "bob")},
		sent{events.PermissionUnassigned, given("readers", "bob")},
		sent{events.PermissionSetCreated, appSet("writers", "writers")}, // and what needs it
		sent{events.PermissionAssigned, given("writers", "bob")},
		sent{events.PermissionSetCreated, appSet("gone", "gone")}, // its assignments end with it
		sent{events.PermissionAssigned, given("gone", "carl")},
		sent{events.PermissionSetDeleted, deleted("gone")},
		sent{events.PermissionPublicChanged, events.PublicAccess{App: "sales", Enabled: true, Actor: events.ActorSystem}},
		sent{events.PermissionPublicChanged, events.PublicAccess{App: "sales", Actor: events.ActorSystem}},
		sent{events.PermissionAssigned, stranger},
		sent{events.PermissionAssigned, given("staff", "eve")},
		sent{events.PermissionUnassigned, given("staff", "eve")},
	)
	w.worker()

	want := map[handlers.Verdict]int{handlers.Applied: 3, handlers.Superseded: 7, handlers.WouldApply: 5, handlers.Denied: 2}
	o := of(ops.SelectPermissions)
	w.wantCounts(w.foresee(o).Groups, want)
	res := w.replayed(o)
	w.wantCounts(res.Groups, want)
	if res.Driven != 5 || res.Outcomes["answered"] != 5 {
		t.Errorf("%+v", res)
	}
	w.wantSets(map[string]bool{"set/readers": true, "set/writers": true, "set/staff": true, "set/gone": false,
		"assignment/readers.user.ann": true, "assignment/readers.user.bob": false, "assignment/writers.user.bob": true,
		"assignment/gone.user.carl": false, "assignment/readers.user.dora": false, "site_set/eve": false})
	var set events.PermissionSet
	if err := json.Unmarshal(w.fact(events.FactSet, "readers").Data, &set); err != nil || set.Name != "last" {
		t.Errorf("readers is %q, %v", set.Name, err)
	}
	if again := w.replayed(o); again.Driven != 0 {
		t.Errorf("a second replay: %+v", again)
	}
}

// wantSets tells which facts are there, by kind and id.
func (w *world) wantSets(want map[string]bool) {
	w.Helper()
	there := make(map[string]bool)
	for f, err := range w.bus.EveryFact(w.Context(), events.BucketPermissions) {
		if err != nil {
			w.Fatal(err)
		}
		there[string(f.Kind)+"/"+f.ID] = !f.Removed
	}
	for key, is := range want {
		if there[key] != is {
			w.Errorf("%s: %t, want %t", key, there[key], is)
		}
	}
}

// A set that was deleted and made again while nobody listened is so afterwards: what it was, and who had it, does not come
// back. That holds also where the replay is interrupted in between.
func TestO2_ASetThatWasMadeAnewIsDrivenInOrder(t *testing.T) {
	w := newRoleWorld(t)
	stop := w.worker()
	w.publish(events.PermissionSetCreated, appSet("readers", "old"))
	w.publish(events.PermissionAssigned, given("readers", "ann"))
	w.permissionsApplied()
	stop()
	w.misses(
		sent{events.PermissionAssigned, given("readers", "bob")},
		sent{events.PermissionSetDeleted, deleted("readers")},
		sent{events.PermissionSetCreated, appSet("readers", "new")},
		sent{events.PermissionAssigned, given("readers", "carl")},
	)
	w.worker()
	upToDeletion := of(ops.SelectPermissions, func(o *replay.Options) { o.Select.To = 4 })
	if res := w.replayed(upToDeletion); res.Driven != 1 {
		t.Fatalf("%+v", res)
	}
	w.permissionsApplied()
	res := w.replayed(of(ops.SelectPermissions))
	if res.Driven != 2 || counts(res.Groups)[handlers.WouldApply] != 2 {
		t.Errorf("what comes after the deletion: %+v", res)
	}
	w.permissionsApplied()
	now := new(permission.Snapshots)
	if _, err := w.bus.Facts(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for user, has := range map[string]bool{"ann": false, "bob": false, "carl": true} {
		if held := len(now.Of(tenant).Holds(user, "sales")) > 0; held != has {
			t.Errorf("%s has it: %t", user, held)
		}
	}
	if set := now.Of(tenant).Set("readers"); set == nil || set.Name != "new" {
		t.Errorf("%+v", set)
	}
	if again := w.replayed(of(ops.SelectPermissions)); again.Driven != 0 {
		t.Errorf("a second replay: %+v", again)
	}
}

// What a request comes to in an app is foreseen by who holds which sets now, and its own condition.
func TestO2_ADryReplayKnowsPermissionSetsAndConditions(t *testing.T) {
	w := newRoleWorld(t)
	_, url := startOrders(t)
	stop := w.worker()
	w.connect("orders", func(c *events.Connection) {
		c.Type, c.Settings = "odata", json.RawMessage(`{"base_url":"`+url+`/api"}`)
	})
	w.permit("readers", onOrders(nil, []events.DataOp{events.ReadRecords}, readOf("*")...), "bob", "carl")
	w.publish(events.PermissionUnassigned, given("readers", "carl"))
	w.permissionsApplied()
	stop()
	list := `{"entity_set":"Orders"}`
	runs := w.request("orders", asUser("bob", "list", list))
	lost := w.request("orders", asUser("carl", "list", list))
	skips := w.request("orders", asUser("bob", "list", list), func(r *events.Request) { r.When = `ISBLANK({{$User.appPermissions.readers.id}})` })
	w.lose(events.StreamActions, bus.DurableActions, 3)

	f := w.foresee(actions())
	w.wantCounts(f.Groups, map[handlers.Verdict]int{handlers.WouldRun: 1, handlers.Denied: 1, handlers.WouldSkip: 1})
	for _, g := range f.Groups {
		e, want := g.Example, map[handlers.Verdict]string{handlers.WouldRun: runs, handlers.Denied: lost, handlers.WouldSkip: skips}[g.Verdict]
		if e.Request != want || (e.Rule == "app_set_needed") != (g.Verdict == handlers.Denied) {
			t.Errorf("%s: %+v, want %s", g.Verdict, e, want)
		}
	}
	w.worker() // and this is what it does
	if res := w.replayed(actions()); res.Driven != 3 {
		t.Errorf("%+v", res)
	}
	w.ends(runs, events.ActionCompleted)
	w.denied(lost, "app_set_needed", "")
	w.ends(skips, events.ActionSkipped)
}

// Permission sets, assignments and apps that are open to the public, rebuilt from the stream, are the live ones; a set that
// was tampered with is named.
func TestO2_PermissionsRebuiltFromTheStreamAreTheLiveOnes(t *testing.T) {
	w := newRoleWorld(t)
	w.worker()
	for _, e := range []sent{
		{events.DirectoryGroupUpdated, events.Group{ID: "reps", Members: []string{"ann"}, Actor: events.ActorSystem}},
		{events.PermissionSetCreated, appSet("readers", "readers")},
		{events.PermissionSetUpdated, appSet("readers", "everybody")},
		{events.PermissionSetCreated, appSet("readers", "twice")}, // refused
		{events.PermissionAssigned, given("readers", "bob")},
		{events.PermissionAssigned, events.PermissionAssignment{Set: "readers", Group: "reps", Actor: events.ActorSystem}},
		{events.PermissionUnassigned, given("readers", "bob")},
		{events.PermissionSetCreated, appSet("gone", "gone")},
		{events.PermissionAssigned, given("gone", "bob")},
		{events.PermissionSetDeleted, deleted("gone")},
		{events.PermissionAssigned, given("gone", "carl")}, // refused
		{events.PermissionSetCreated, events.PermissionSet{ID: "staff", Kind: events.SiteSet, Name: "Staff", ClonedFrom: "standard", Actor: events.ActorSystem}},
		{events.PermissionAssigned, given("staff", "eve")},
		{events.PermissionUnassigned, given("admin", "eve")}, // which eve has not
		{events.PermissionPublicChanged, events.PublicAccess{App: "sales", Enabled: true, Actor: events.ActorSystem}},
	} {
		w.publish(e.kind, e.payload)
		w.permissionsApplied() // what is decided late is decided by what is known by then
	}
	testkit.Eventually(t, patient, "all to be answered", func() bool { return w.answeredAll(events.StreamPermissions, bus.DurablePermissions) })
	const facts = 9 // a group, three sets, three assignments, a site set and an app
	s := w.rebuilt(replay.StateOptions{Actor: "olga"})
	if len(s.Differences) != 0 || s.Moved != 0 || s.Compared != facts {
		t.Errorf("%+v", s)
	}

	tampered := w.fact(events.FactSet, "readers")
	set := appSet("readers", "somebody else's")
	data, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	tampered.Data = data
	forged, err := json.Marshal(tampered)
	if err != nil {
		t.Fatal(err)
	}
	w.send("$KV."+events.BucketPermissions+"."+tampered.Key(), forged)
	s = w.rebuilt(replay.StateOptions{Actor: "olga"})
	if len(s.Differences) != 1 || s.Differences[0].Kind != "set" || s.Differences[0].ID != "readers" || s.Differences[0].Member != "data" {
		t.Errorf("%+v", s.Differences)
	}
}

package app_test

import (
	"testing"

	"holdfast/events"
)

func TestP3_ChangesThatOnlyConfigureSiteLetsThroughAreCounted(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.users("bob", "carl")
	w.connect("crm")
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: events.SystemSetAdmin, User: "bob", Actor: events.ActorSystem})
	set := func(id, actor string) events.PermissionSet {
		return events.PermissionSet{ID: id, Kind: events.AppSet, Name: id, App: "sales", Actor: actor}
	}
	w.publish(events.PermissionSetCreated, set("one", "bob"))
	w.publish(events.PermissionSetCreated, set("two", events.ActorSystem))
	w.publish(events.PermissionSetCreated, set("three", "carl")) // refused
	w.permissionsApplied()
	const counted = `holdfast_permission_decisions_total{rule="site_set"}`
	w.shows("the set that bob made", map[string]float64{counted: 1})
	if rule := w.refusedBy(w.told(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: "bob"})); rule != "" {
		t.Fatalf("refused by %s", rule)
	}
	w.shows("the secret that bob rotated", map[string]float64{counted: 2})
}

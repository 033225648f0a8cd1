package app_test

import (
	"fmt"
	"testing"

	"holdfast/events"
	"holdfast/internal/permission"
	"holdfast/internal/testkit"
)

// Rules rest on what was said before, whoever says it, and whichever worker has it: of two changes that exclude each
// other the first one counts, and the second is told back.
func TestP13_OfTwoChangesThatExcludeEachOtherTheFirstCounts(t *testing.T) {
	const pairs = 60
	w := newWorld(t)
	w.worker()
	w.worker()
	for i := range pairs {
		user := fmt.Sprintf("user-%d", i)
		for _, set := range []string{"standard", "admin"} {
			w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: set, User: user, Actor: events.ActorSystem})
		}
		for _, id := range []string{"first", "second"} {
			w.publish(events.PermissionSetCreated, events.PermissionSet{ID: fmt.Sprintf("%s-%d", id, i), AssetID: fmt.Sprintf("asset-%d", i),
				Kind: events.AppSet, Name: id, App: "sales", Actor: events.ActorSystem})
		}
	}
	w.permissionsApplied()
	rules := map[string]int{}
	for _, r := range w.notices(events.PermissionChangeRejected) {
		n, err := events.Payload[events.ChangeNotice](r.Event)
		if err != nil {
			t.Fatal(err)
		}
		rules[n.Rule]++
	}
	if rules["second_site_set"] != pairs || rules["asset_id_taken"] != pairs {
		t.Errorf("refused: %v, want %d of each rule", rules, pairs)
	}
	var now permission.Snapshots
	if _, err := testkit.ConnectBus(t, w.nats.ClientURL()).Facts(t.Context(), &now); err != nil {
		t.Fatal(err)
	}
	for i := range pairs {
		if set := now.Of(tenant).SiteSet(fmt.Sprintf("user-%d", i)); set == nil || set.ID != "standard" {
			t.Errorf("user %d has %v, want what was assigned first", i, set)
		}
	}
	for _, set := range now.Of(tenant).Sets() {
		if set.Name == "second" {
			t.Errorf("%s is there beside the set that had its asset id first", set.ID)
		}
	}
}

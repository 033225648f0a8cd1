package app_test

import (
	"encoding/json"
	"slices"
	"testing"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/replay"
	"holdfast/internal/testkit"
)

func (w *world) rebuilt(o replay.StateOptions) replay.State {
	w.Helper()
	s, err := w.foresight().Rebuild(o).Rebuild(w.Context(), nil)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// The registry and the facts, rebuilt from the streams, are what is live; what was learned does not count, and what was
// tampered with is named.
func TestO2_TheStateRebuiltFromTheStreamsIsTheLiveOne(t *testing.T) {
	w := newRoleWorld(t)
	w.worker()
	site, collection := events.Site{ID: "berlin", SiteCollection: "emea", Actor: events.ActorSystem}, events.SiteCollection{ID: "emea", Actor: events.ActorSystem}
	w.publish(events.PlaceSiteCollectionUpdated, collection)
	w.publish(events.PlaceSiteUpdated, site)
	w.publish(events.DirectoryUserUpdated, events.User{ID: "ann", Name: "Ann", Actor: events.ActorSystem})
	w.publish(events.DirectoryRoleUpdated, events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"ann"}, Actor: events.ActorSystem})
	w.publish(events.DirectoryUserUpdated, events.User{ID: "eve", Actor: "eve"}) // may not
	w.connect("crm", func(c *events.Connection) { c.Actor = "ann" })
	w.connect("erp")
	w.connect("gone")
	w.publish(events.ConnectionUpdated, w.basic("erp", withName("Connection crm"))) // the name is taken
	w.publish(events.ConnectionUpdated, w.basic("erp", func(c *events.Connection) { c.Disabled = true }))
	w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "gone", Actor: events.ActorSystem})
	w.publish(events.ProcessPublished, events.Process{ID: "onboarding", Version: "1", Publisher: events.ActorSystem, Steps: []events.ProcessStep{
		{ID: "s1", Kind: events.ActionStep, ExecuteAs: "crm", Connector: "http", Operation: "request"}}})
	w.publish(events.ProcessRetired, events.ProcessRef{ID: "onboarding", Actor: events.ActorSystem})
	w.target.SetPassword("demo", "other") // learned: broken
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	w.request("nobody-made-it")
	testkit.Eventually(t, patient, "all to be answered", func() bool {
		return w.unanswered(bus.DurableActions) == 0 && w.entry("gone").Deleted && w.entry("erp").Disabled &&
			w.fact(events.FactProcess, "onboarding").Sequence > 0 && w.answeredAll(events.StreamPermissions, bus.DurablePermissions)
	})

	s := w.rebuilt(replay.StateOptions{Actor: "olga"})
	if len(s.Differences) != 0 || s.Moved != 0 || s.Compared < 9 || s.Connections != 7 {
		t.Errorf("%+v", s)
	}
	if all := w.everything(); all["KV_"+events.BucketRebuiltConnections] != "" || all["KV_"+events.BucketRebuiltPermissions] != "" {
		t.Errorf("the buckets are still there: %v", all)
	}

	e, rev, err := w.registry.Fresh(t.Context(), tenant, "crm")
	if err != nil {
		t.Fatal(err)
	}
	tampered := *e
	tampered.Name, tampered.Users = "Somebody else's", []string{"eve"}
	if _, err := w.registry.Put(t.Context(), &tampered, rev); err != nil {
		t.Fatal(err)
	}
	forged, err := json.Marshal(events.Fact{Sequence: 1, Data: json.RawMessage(`{"user_id":"eve"}`)})
	if err != nil {
		t.Fatal(err)
	}
	w.send("$KV."+events.BucketPermissions+"."+events.FactKey(tenant, events.FactUser, "eve"), forged)
	s = w.rebuilt(replay.StateOptions{Actor: "olga", Keep: true, Tenant: tenant})
	var found []string
	for _, d := range s.Differences {
		found = append(found, d.Kind+"/"+d.ID+"/"+d.Member)
	}
	if want := []string{"connection/crm/name", "connection/crm/users", "user/eve/"}; !slices.Equal(found, want) {
		t.Errorf("differences %v, want %v", found, want)
	}
	if all := w.everything(); all["KV_"+events.BucketRebuiltConnections] == "" {
		t.Errorf("the buckets were not kept: %v", all)
	}
	w.rebuilt(replay.StateOptions{Actor: "olga"}) // over what was kept
	if _, err := w.foresight().Rebuild(replay.StateOptions{Connections: events.BucketConnections}).Rebuild(t.Context(), nil); err == nil {
		t.Error("the live registry was taken for a bucket to rebuild in")
	}
	if w.entry("crm").Name != "Somebody else's" {
		t.Error("the live registry was touched")
	}
}

func (w *world) answeredAll(stream, durable string) bool {
	w.Helper()
	holds, err := w.bus.State(w.Context(), stream)
	if err != nil {
		w.Fatal(err)
	}
	workers, err := w.bus.Consumer(w.Context(), bus.Durable{Stream: stream, Name: durable})
	return err == nil && workers.Floor >= holds.Last
}

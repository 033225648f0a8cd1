package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

// permit publishes a set of the app sales and gives it to users.
func (w *world) permit(id string, grants []events.ConnectionGrant, users ...string) {
	w.Helper()
	w.publish(events.PermissionSetCreated, events.PermissionSet{ID: id, Kind: events.AppSet, Name: id, App: "sales", Connections: grants, Actor: events.ActorSystem})
	for _, u := range users {
		w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: id, User: u, Actor: events.ActorSystem})
	}
	w.permissionsApplied()
}

// permissionsApplied waits until every change of permissions so far was handled.
func (w *world) permissionsApplied() {
	w.Helper()
	testkit.Eventually(w, patient, "permissions to be applied", func() bool {
		c, err := w.js.Consumer(w.Context(), events.StreamPermissions, bus.DurablePermissions)
		if err != nil {
			return false
		}
		info, err := c.Info(w.Context())
		return err == nil && info.NumPending == 0 && info.NumAckPending == 0
	})
}

func onOrders(conditions []events.Condition, ops []events.DataOp, fields ...events.FieldGrant) []events.ConnectionGrant {
	return []events.ConnectionGrant{{Connection: "orders", Objects: []events.ObjectGrant{
		{Object: "Orders", Operations: ops, Fields: fields, Conditions: conditions}}}}
}

func readOf(names ...string) (all []events.FieldGrant) {
	for _, n := range names {
		all = append(all, events.FieldGrant{Field: n, Read: true})
	}
	return all
}

// asUser is an odata action of a user in the app sales.
func asUser(user, operation, input string) func(*events.Request) {
	return func(r *events.Request) {
		r.ActingUser, r.App = user, "sales"
		r.Action = events.Action{Connector: "odata", Operation: operation, Input: json.RawMessage(input)}
	}
}

func sales(t *testing.T, with ...func(*config.Config)) (*world, *orders) {
	w := newWorld(t, with...)
	service, url := startOrders(t)
	w.worker()
	w.connectOrders(url)
	return w, service
}

// connectOrders connects a service with orders.
func (w *world) connectOrders(url string) {
	w.Helper()
	w.connect("orders", func(c *events.Connection) {
		c.Type, c.Settings = "odata", json.RawMessage(`{"base_url":"`+url+`/api"}`)
	})
}

func (w *world) denied(id, rule, field string) events.Outcome {
	w.Helper()
	o := w.ends(id, events.ActionDenied)
	if o.Rule != rule || o.Field != field {
		w.Errorf("denied by %s at %q (%s), want %s at %q", o.Rule, o.Field, o.Detail, rule, field)
	}
	return o
}

func TestP6_WhoHoldsNoSetOfTheAppDoesNothingInIt(t *testing.T) {
	w, service := sales(t)
	w.denied(w.request("orders", asUser("bob", "list", `{"entity_set":"Orders"}`)), "app_set_needed", "")
	if asked := service.last(); asked != "" {
		t.Errorf("the service was asked %s", asked)
	}
	w.permit("readers", onOrders(nil, []events.DataOp{events.ReadRecords}, readOf("*")...), "bob")
	o := w.ends(w.request("orders", asUser("bob", "list", `{"entity_set":"Orders"}`)), events.ActionCompleted)
	if want := []events.SetUse{{Set: "readers", Through: "user"}}; o.App != "sales" || !slices.Equal(o.Sets, want) || o.Deprecated {
		t.Errorf("app %s, sets %v, deprecated %v", o.App, o.Sets, o.Deprecated)
	}
	// Where no app is named, the connection's availability alone decides.
	w.ends(w.request("orders", asUser("carl", "list", `{"entity_set":"Orders"}`), func(r *events.Request) { r.App = "" }), events.ActionCompleted)
}

func TestP17_EveryRequestIsChecked(t *testing.T) {
	w, _ := sales(t, func(c *config.Config) { c.Permissions.RequireApp = true })
	w.connect("crm")
	if o := w.ends(w.request("crm"), events.ActionDenied); o.Reason != "app_required" || o.Field != "/data/app_id" {
		t.Errorf("without an app: %s at %s", o.Reason, o.Field)
	}
	inApp := func(r *events.Request) { r.App = "sales" }
	w.permit("editors", append(onOrders(nil, events.DataOps(), readOf("*")...), events.ConnectionGrant{Connection: "crm"}), "ann")
	w.denied(w.request("crm", inApp), "raw_not_granted", "")
	w.denied(w.request("other-connection", inApp, func(r *events.Request) { r.Connection = "orders" }), "raw_not_granted", "")
	w.permit("raw", []events.ConnectionGrant{{Connection: "crm", Raw: true}}, "ann")
	w.ends(w.request("crm", inApp), events.ActionCompleted)
}

func TestP9_ReadsAreNarrowedAndStripped(t *testing.T) {
	w, service := sales(t)
	w.permit("readers", onOrders(nil, []events.DataOp{events.ReadRecords}, readOf("Id", "Title", "Owner/Name")...), "bob")
	o := w.ends(w.request("orders", asUser("bob", "list", `{"entity_set":"Orders","select":["Id","Margin"]}`)), events.ActionCompleted)
	if !strings.Contains(service.last(), "%24select=Id") || strings.Contains(service.last(), "Margin") {
		t.Errorf("asked %s", service.last())
	}
	if want := `{"status":200,"items":[{"Id":1,"Owner":{"Name":"ann"},"Title":"one"},{"Id":2,"Title":"two"},{"Id":3,"Title":"three"}],"next":false}`; string(o.Response) != want {
		t.Errorf("%s", o.Response)
	}
	o = w.ends(w.request("orders", asUser("bob", "get", `{"entity_set":"Orders","key":1}`)), events.ActionCompleted)
	if strings.Contains(string(o.Response), "Margin") || strings.Contains(string(o.Response), "Salary") {
		t.Errorf("%s", o.Response)
	}
	w.denied(w.request("orders", asUser("bob", "list", `{"entity_set":"Orders","select":["Margin"]}`)), "field_not_readable", "/data/action/input/select/0")
	w.denied(w.request("orders", asUser("bob", "list", `{"entity_set":"Orders","filter":{"field":"Margin","op":"gt","value":8}}`)), "field_not_readable", "/data/action/input/filter")
	w.denied(w.request("orders", asUser("bob", "list", `{"entity_set":"Orders","orderby":[{"field":"Margin"}]}`)), "field_not_readable", "/data/action/input/orderby/0/field")
	w.denied(w.request("orders", asUser("bob", "list", `{"entity_set":"Customers"}`)), "object_not_granted", "")
	w.denied(w.request("orders", asUser("bob", "delete", `{"entity_set":"Orders","key":1,"any_version":true}`)), "operation_not_granted", "")
}

func TestP9_AForbiddenFieldIsNotWritten(t *testing.T) {
	w, service := sales(t)
	w.permit("editors", onOrders(nil, events.DataOps(), events.FieldGrant{Field: "Title", Read: true, Write: true}), "bob")
	o := w.denied(w.request("orders", asUser("bob", "update", `{"entity_set":"Orders","key":1,"any_version":true,"fields":{"Title":"x","Margin":0}}`)),
		"field_not_writable", "/data/action/input/fields/Margin")
	if !strings.Contains(o.Detail, "Margin") || service.item("1")["Title"] != "one" {
		t.Errorf("%s; %v", o.Detail, service.item("1"))
	}
	o = w.ends(w.request("orders", asUser("bob", "update", `{"entity_set":"Orders","key":1,"any_version":true,"fields":{"Title":"x"}}`)), events.ActionCompleted)
	if service.item("1")["Title"] != "x" || strings.Contains(string(o.Response), "Margin") {
		t.Errorf("%v; %s", service.item("1"), o.Response)
	}
}

// A field that may not be written can not be written as a part of one that may.
func TestP9_AForbiddenFieldIsNotWrittenInsideOfAnother(t *testing.T) {
	w, service := sales(t)
	w.permit("editors", onOrders(nil, events.DataOps(), events.FieldGrant{Field: "Owner", Read: true, Write: true},
		events.FieldGrant{Field: "Owner/Salary", Read: true}), "bob")
	w.denied(w.request("orders", asUser("bob", "update", `{"entity_set":"Orders","key":1,"any_version":true,"fields":{"Owner":{"Name":"x","Salary":9}}}`)),
		"field_not_writable", "/data/action/input/fields/Owner/Salary")
	w.ends(w.request("orders", asUser("bob", "update", `{"entity_set":"Orders","key":1,"any_version":true,"fields":{"Owner":{"Name":"x"}}}`)), events.ActionCompleted)
	if owner, _ := service.item("1")["Owner"].(map[string]any); owner["Name"] != "x" {
		t.Errorf("%v", service.item("1"))
	}
}

// region limits a grant to records of the user's region.
var region = []events.Condition{{Name: "own region", Formula: "{{$Model.Region}} = {{$User.region}}"}}

func (w *world) inRegion(user, region string) {
	w.publish(events.DirectoryUserUpdated, events.User{ID: user, Actor: events.ActorSystem,
		Attributes: map[string]json.RawMessage{"region": json.RawMessage(fmt.Sprintf("%q", region))}})
}

func TestP10_ATargetThatIgnoresAFilterLeaksNothing(t *testing.T) {
	w, service := sales(t)
	w.inRegion("bob", "north")
	w.permit("reps", onOrders(region, []events.DataOp{events.ReadRecords}, readOf("Id", "Title")...), "bob", "carl")
	o := w.ends(w.request("orders", asUser("bob", "list", `{"entity_set":"Orders","filter":{"field":"Id","op":"gt","value":0}}`)), events.ActionCompleted)
	if !strings.Contains(service.last(), "Region+eq+%27north%27") || !strings.Contains(service.last(), "Id+gt+0") {
		t.Errorf("asked %s", service.last())
	}
	if want := `{"status":200,"items":[{"Id":1,"Title":"one"},{"Id":3,"Title":"three"}],"next":false}`; string(o.Response) != want {
		t.Errorf("%s", o.Response)
	}
	w.denied(w.request("orders", asUser("bob", "get", `{"entity_set":"Orders","key":2}`)), "record_not_granted", "")
	// Who has no region sees nothing, and the service is not even asked.
	before := service.last()
	w.denied(w.request("orders", asUser("carl", "list", `{"entity_set":"Orders"}`)), "record_not_granted", "")
	if service.last() != before {
		t.Errorf("asked %s", service.last())
	}
}

func TestP10_AWriteIsHeldAgainstTheRecordAsItIsAndAsItShallBe(t *testing.T) {
	w, service := sales(t)
	w.inRegion("bob", "north")
	w.permit("reps", onOrders(append(slices.Clone(region), events.Condition{Force: &events.ForcedValue{Field: "ChangedBy", Value: "{{$User.id}}"}}),
		events.DataOps(), events.FieldGrant{Field: "*", Read: true, Write: true}), "bob")
	update := func(key int, fields string) string {
		return w.request("orders", asUser("bob", "update", fmt.Sprintf(`{"entity_set":"Orders","key":%d,"any_version":true,"fields":%s}`, key, fields)))
	}
	w.denied(update(2, `{"Title":"mine now"}`), "record_not_granted", "")
	w.denied(update(1, `{"Region":"south"}`), "record_not_granted", "")
	w.ends(update(1, `{"Title":"better","ChangedBy":"somebody else"}`), events.ActionCompleted)
	if item := service.item("1"); item["Title"] != "better" || item["ChangedBy"] != "bob" {
		t.Errorf("%v", item)
	}
	if !strings.HasPrefix(service.last(), "PATCH") {
		t.Errorf("asked %s", service.last())
	}
	w.denied(w.request("orders", asUser("bob", "create", `{"entity_set":"Orders","fields":{"Title":"new","Region":"south"}}`)), "record_not_granted", "")
	w.ends(w.request("orders", asUser("bob", "create", `{"entity_set":"Orders","fields":{"Title":"new","Region":"north"}}`)), events.ActionCompleted)
	w.denied(w.request("orders", asUser("bob", "delete", `{"entity_set":"Orders","key":2,"any_version":true}`)), "record_not_granted", "")
	w.ends(w.request("orders", asUser("bob", "delete", `{"entity_set":"Orders","key":3,"any_version":true}`), func(r *events.Request) { r.Delivery = events.AtMostOnce }), events.ActionCompleted)
	if service.item("2") == nil || service.item("3") != nil {
		t.Error("another record was deleted than the one that may be")
	}
	// A version that is not the last is not written over, although any version would have been.
	w.ends(w.request("orders", asUser("bob", "update", `{"entity_set":"Orders","key":1,"etag":"\"0\"","fields":{"Title":"late"}}`)), events.ActionFailed)
}

// forces is a grant that forces a stage on every write.
func forces(value string) []events.ConnectionGrant {
	return onOrders([]events.Condition{{Force: &events.ForcedValue{Field: "Stage", Value: value}}}, events.DataOps(),
		events.FieldGrant{Field: "*", Read: true, Write: true})
}

// The worker that stored a change may be gone before it has told what the change made: whoever has the change next tells it.
func TestP10_AConflictIsToldWhoeverStoredWhatMadeIt(t *testing.T) {
	w := newWorld(t)
	stop := w.worker()
	w.permit("drafts", forces(`"draft"`), "bob")
	w.permit("finals", forces(`"final"`))
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "finals", Group: "late", Actor: events.ActorSystem})
	w.permissionsApplied()
	stop()
	late := events.Group{ID: "late", Members: []string{"bob"}, Actor: events.ActorSystem}
	sequence := w.told(events.DirectoryGroupUpdated, late)
	facts, err := w.bus.Facts(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := events.Marshal(late)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := facts.Put(t.Context(), events.Fact{Tenant: tenant, Kind: events.FactGroup, ID: "late", Sequence: sequence, Data: data}, 0); err != nil {
		t.Fatal(err)
	}
	w.worker()
	w.permissionsApplied()
	told := w.notices(events.PermissionConflictFound)
	if len(told) != 1 {
		t.Fatalf("%d conflicts are told", len(told))
	}
	if c, err := events.Payload[events.ForceConflict](told[0].Event); err != nil || !slices.Equal(c.Sets, []string{"drafts", "finals"}) || c.User != "bob" || c.Origin.Sequence != sequence {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestP10_ForcedValuesThatDifferAreToldAndRefused(t *testing.T) {
	w, service := sales(t)
	w.permit("drafts", forces(`"draft"`), "bob")
	w.permit("finals", forces(`"final"`))
	w.publish(events.DirectoryGroupUpdated, events.Group{ID: "late", Members: []string{}, Actor: events.ActorSystem})
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "finals", Group: "late", Actor: events.ActorSystem})
	w.permissionsApplied()
	if told := w.notices(events.PermissionConflictFound); len(told) != 0 {
		t.Fatalf("%d conflicts before there is one", len(told))
	}
	update := func() string {
		return w.request("orders", asUser("bob", "update", `{"entity_set":"Orders","key":1,"any_version":true,"fields":{"Title":"x"}}`))
	}
	w.ends(update(), events.ActionCompleted)
	if stage := service.item("1")["Stage"]; stage != "draft" {
		t.Errorf("stage %v", stage)
	}
	// A membership makes it so.
	w.publish(events.DirectoryGroupUpdated, events.Group{ID: "late", Members: []string{"bob", "carl"}, Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "the conflict to be told", func() bool { return len(w.notices(events.PermissionConflictFound)) == 1 })
	c, err := events.Payload[events.ForceConflict](w.notices(events.PermissionConflictFound)[0].Event)
	if err != nil || !slices.Equal(c.Sets, []string{"drafts", "finals"}) || c.Field != "Stage" || c.User != "bob" || c.Users != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	o := w.ends(update(), events.ActionDenied)
	if o.Rule != "forced_values_differ" || !strings.Contains(o.Detail, "Stage") {
		t.Errorf("%s: %s", o.Rule, o.Detail)
	}
}

package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

// orders is a service with one entity set, Orders. It never filters and never selects: what is not asked of it, and
// what is, comes back all the same.
type orders struct {
	mu    sync.Mutex
	items map[string]map[string]any
	etags map[string]int
	asked []string // method, path and query
	// around, where set, answers in the place of the service, which is its last argument.
	around func(w http.ResponseWriter, r *http.Request, service http.HandlerFunc)
}

func startOrders(t *testing.T) (*orders, string) {
	o := &orders{etags: map[string]int{}, items: map[string]map[string]any{
		"1": {"Id": 1, "Title": "one", "Region": "north", "Margin": 7, "Owner": map[string]any{"Name": "ann", "Salary": 100}},
		"2": {"Id": 2, "Title": "two", "Region": "south", "Margin": 9},
		"3": {"Id": 3, "Title": "three", "Region": "north", "Margin": 11},
	}}
	service := httptest.NewServer(o)
	t.Cleanup(service.Close)
	return o, service.URL
}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	around := o.around
	o.mu.Unlock()
	if around == nil {
		o.serve(w, r)
		return
	}
	around(w, r, o.serve)
}

// between puts something between the worker and the service.
func (o *orders) between(around func(http.ResponseWriter, *http.Request, http.HandlerFunc)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.around = around
}

func (o *orders) serve(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, r.Method+" "+r.URL.Path+"?"+r.URL.Query().Encode())
	key := strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/Orders"), "()")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case key == "" && r.Method == http.MethodPost:
		o.write(w, r, fmt.Sprint(len(o.items)+1))
	case key == "":
		var all []map[string]any
		for _, id := range []string{"1", "2", "3"} {
			if item, ok := o.items[id]; ok {
				all = append(all, item)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"value": all})
	case o.items[key] == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodGet:
		w.Header().Set("ETag", o.etag(key))
		_ = json.NewEncoder(w).Encode(o.items[key])
	case r.Header.Get("If-Match") != "*" && r.Header.Get("If-Match") != o.etag(key):
		w.WriteHeader(http.StatusPreconditionFailed)
	case r.Method == http.MethodDelete:
		delete(o.items, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		o.write(w, r, key)
	}
}

func (o *orders) etag(key string) string { return fmt.Sprintf(`"%d"`, o.etags[key]) }

func (o *orders) write(w http.ResponseWriter, r *http.Request, key string) {
	if o.items[key] == nil {
		o.items[key] = map[string]any{}
	}
	item := o.items[key]
	_ = json.NewDecoder(r.Body).Decode(&item)
	o.etags[key]++
	_ = json.NewEncoder(w).Encode(o.items[key])
}

func (o *orders) item(key string) map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.items[key]
}

// last is what was asked of the service last.
func (o *orders) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.asked) == 0 {
		return ""
	}
	return o.asked[len(o.asked)-1]
}

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

func TestP5_GroupsAndRevocationsCountAtTheNextAction(t *testing.T) {
	w, _ := sales(t)
	w.publish(events.DirectoryGroupUpdated, events.Group{ID: "reps", Members: []string{"ann"}, Actor: events.ActorSystem})
	w.permit("readers", onOrders(nil, []events.DataOp{events.ReadRecords}, readOf("*")...))
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "readers", Group: "reps", Actor: events.ActorSystem})
	list := `{"entity_set":"Orders"}`
	if o := w.ends(w.request("orders", asUser("ann", "list", list)), events.ActionCompleted); len(o.Sets) != 1 || o.Sets[0].Group != "reps" {
		t.Errorf("%v", o.Sets)
	}
	w.denied(w.request("orders", asUser("bob", "list", list)), "app_set_needed", "")
	w.publish(events.DirectoryGroupUpdated, events.Group{ID: "reps", Members: []string{"bob"}, Actor: events.ActorSystem})
	w.permissionsApplied()
	w.ends(w.request("orders", asUser("bob", "list", list)), events.ActionCompleted)
	w.denied(w.request("orders", asUser("ann", "list", list)), "app_set_needed", "")
	w.publish(events.PermissionUnassigned, events.PermissionAssignment{Set: "readers", Group: "reps", Actor: events.ActorSystem})
	w.permissionsApplied()
	w.denied(w.request("orders", asUser("bob", "list", list)), "app_set_needed", "")
}

func TestP8_ThePublicReachesWhatIsOpen(t *testing.T) {
	w, _ := sales(t)
	w.permit("visitors", onOrders(nil, []events.DataOp{events.ReadRecords}, readOf("Title")...))
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "visitors", Public: true, Actor: events.ActorSystem})
	list := `{"entity_set":"Orders"}`
	w.permissionsApplied()
	w.denied(w.request("orders", asUser("public", "list", list)), "public_access_off", "")
	w.publish(events.PermissionPublicChanged, events.PublicAccess{App: "sales", Enabled: true, Actor: events.ActorSystem})
	o := w.ends(w.request("orders", asUser("public", "list", list)), events.ActionCompleted)
	if strings.Contains(string(o.Response), "Region") || len(o.Sets) != 1 || o.Sets[0].Through != "public" {
		t.Errorf("%v: %s", o.Sets, o.Response)
	}
	w.publish(events.PermissionPublicChanged, events.PublicAccess{App: "sales", Actor: events.ActorSystem})
	w.permissionsApplied()
	w.denied(w.request("orders", asUser("public", "list", list)), "public_access_off", "")
}

func TestP3_SiteSetsStillWorkAndSaySo(t *testing.T) {
	w, _ := sales(t)
	w.publish(events.PermissionSetCreated, events.PermissionSet{ID: "staff", Kind: events.SiteSet, Name: "Staff", ClonedFrom: "standard", Actor: events.ActorSystem,
		Connections: []events.ConnectionGrant{{Connection: "orders"}}, Site: &events.SiteRights{Apps: []string{"sales"}}})
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "staff", User: "bob", Actor: events.ActorSystem})
	o := w.ends(w.request("orders", asUser("bob", "get", `{"entity_set":"Orders","key":2}`)), events.ActionCompleted)
	if !o.Deprecated || len(o.Sets) != 1 || o.Sets[0].Through != "site" || !strings.Contains(string(o.Response), "Margin") {
		t.Errorf("deprecated %v, %v: %s", o.Deprecated, o.Sets, o.Response)
	}
	w.denied(w.request("orders", asUser("bob", "list", `{"entity_set":"Orders"}`), func(r *events.Request) { r.App = "service" }), "app_set_needed", "")
}

// rejectedAs waits for the notice that refuses a change.
func (w *world) rejectedAs(t events.Type, sequence uint64) events.ChangeNotice {
	w.Helper()
	var found events.ChangeNotice
	testkit.Eventually(w, patient, fmt.Sprintf("%s of %d", t, sequence), func() bool {
		for _, r := range w.notices(t) {
			n, err := events.Payload[events.ChangeNotice](r.Event)
			if err == nil && n.Origin.Sequence == sequence {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

func TestP13_ChangesThatBreakARuleAreToldBack(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.users("ann", "bob")
	w.role(events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"ann"}})
	set := events.PermissionSet{ID: "reps", Kind: events.AppSet, Name: "Reps", App: "sales", Actor: "ann"}
	w.told(events.PermissionSetCreated, set)
	for rule, sequence := range map[string]uint64{
		"permission_administrators_only": w.told(events.PermissionSetUpdated, func() events.PermissionSet { s := set; s.Actor = "bob"; return s }()),
		"system_set_stays":               w.told(events.PermissionSetDeleted, events.PermissionSetRef{ID: "standard", Actor: "ann"}),
		"public_set_not_cloned": w.told(events.PermissionSetCreated, events.PermissionSet{ID: "x", Kind: events.SiteSet, Name: "X", ClonedFrom: "public",
			Actor: events.ActorSystem}),
		"set_of_another_app": w.told(events.PermissionAssigned, events.PermissionAssignment{Set: "reps", App: "service", User: "bob", Actor: "ann"}),
	} {
		n := w.rejectedAs(events.PermissionChangeRejected, sequence)
		if n.Rule != rule || n.Field == "" {
			t.Errorf("%d is refused by %s at %q (%s), want %s", sequence, n.Rule, n.Field, n.Detail, rule)
		}
	}
	w.told(events.PermissionAssigned, events.PermissionAssignment{Set: "standard", User: "bob", Actor: "ann"})
	second := w.told(events.PermissionAssigned, events.PermissionAssignment{Set: "admin", User: "bob", Actor: "ann"})
	if n := w.rejectedAs(events.PermissionChangeRejected, second); n.Rule != "second_site_set" || n.Kind != "site_set" || n.ID != "bob" {
		t.Errorf("%+v", n)
	}
	// Replacing names the set that is replaced; then bob configures the site.
	w.told(events.PermissionAssigned, events.PermissionAssignment{Set: "admin", User: "bob", Replaces: "standard", Actor: "ann"})
	set.Actor, set.Name = "bob", "Representatives"
	w.told(events.PermissionSetUpdated, set)
	facts, err := w.bus.Facts(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patient, "bob's change", func() bool {
		f, _, err := facts.Fresh(t.Context(), tenant, events.FactSet, "reps")
		return err == nil && strings.Contains(string(f.Data), "Representatives")
	})
}

func TestP14_OwnCredentialsTakeConfigureSelf(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.users("bob")
	w.connect("mine", func(c *events.Connection) {
		c.Kind, c.Owners, c.Actor, c.Availability = events.Personal, []string{"bob"}, "bob", events.Availability{}
	})
	rotate := func() uint64 {
		return w.told(events.ConnectionSecretRotated, events.ConnectionRef{ID: "mine", Actor: "bob"})
	}
	if rule := w.refusedBy(rotate()); rule != "" {
		t.Errorf("who has no site set is refused by %s", rule)
	}
	w.publish(events.PermissionSetCreated, events.PermissionSet{ID: "locked", Kind: events.SiteSet, Name: "Locked", ClonedFrom: "standard",
		Site: &events.SiteRights{}, Actor: events.ActorSystem})
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "locked", User: "bob", Actor: events.ActorSystem})
	if rule := w.refusedBy(rotate()); rule != "configure_self_needed" {
		t.Errorf("refused by %q", rule)
	}
}

// A request that follows at once on what its condition rests on is not skipped for what was known before.
func TestP1_ARightThatIsGoneWhenARunGoesOnIsGone(t *testing.T) {
	w, _ := sales(t)
	w.connect("crm")
	w.permit("raw", []events.ConnectionGrant{{Connection: "crm", Raw: true}}, "ann")
	w.password("crm", "wrong")
	id := w.request("crm", func(r *events.Request) { r.App = "sales" })
	w.suspended("crm", runOf(id), id)
	w.publish(events.PermissionUnassigned, events.PermissionAssignment{Set: "raw", User: "ann", Actor: events.ActorSystem})
	w.permissionsApplied()
	w.password("crm", "demo-password")
	w.denied(id, "app_set_needed", "")
}

func TestP1_NothingIsDecidedOnOldKnowledge(t *testing.T) {
	w, service := sales(t, func(c *config.Config) { c.Permissions.MaxAge = 1 })
	id := w.request("orders", asUser("bob", "list", `{"entity_set":"Orders"}`))
	testkit.Eventually(t, patient, "the request to wait", func() bool {
		c, err := w.js.Consumer(w.Context(), events.StreamActions, bus.DurableActions)
		if err != nil {
			return false
		}
		info, err := c.Info(w.Context())
		return err == nil && info.NumRedelivered > 0
	})
	if got := w.read(events.StreamOutcomes, events.LedgerSubject(tenant, id)); len(got) != 0 || service.last() != "" {
		t.Errorf("%v; asked %q", types(got), service.last())
	}
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

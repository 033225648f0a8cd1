package app_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

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

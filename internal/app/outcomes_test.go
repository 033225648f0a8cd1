package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
	"holdfast/schemas"
)

// ended waits for a request's end, whatever it is.
func (w *world) ended(id string) (events.Outcome, events.Type) {
	w.Helper()
	var last events.Record
	testkit.Eventually(w, patient, "the end of "+id, func() bool {
		var err error
		last, err = w.bus.Journal().Last(w.Context(), events.LedgerSubject(tenant, id))
		return err == nil && last.Type.Ends()
	})
	o, err := events.Payload[events.Outcome](last.Event)
	if err != nil {
		w.Fatal(err)
	}
	return o, last.Type
}

// endsBy is the rule by which a request ran or was denied.
func (w *world) endsBy(id string) string {
	w.Helper()
	o, _ := w.ended(id)
	return o.Rule
}

// matchesItsSchema checks that all of a ledger is what the schemas promise.
func (w *world) matchesItsSchema(id string) {
	w.Helper()
	for _, r := range w.read(events.StreamOutcomes, events.LedgerSubject(tenant, id)) {
		raw, err := r.Encode()
		if err != nil {
			w.Fatal(err)
		}
		var doc map[string]any
		if err = json.Unmarshal(raw, &doc); err != nil {
			w.Fatal(err)
		}
		if err = schemas.Validate(r.Type, doc); err != nil {
			w.Errorf("%s of %s: %v", r.Type, id, err)
		}
	}
}

// Whatever came of a request, its ledger says as which account it ran, on whose behalf, and by which rule.
func TestW2_C3_EveryOutcomeSaysAsWhomForWhomAndByWhichRule(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.HTTP.Timeout = time.Second })
	w.worker()
	account := func(c *events.Connection) { c.Account = "robot@crm" }
	w.connect("crm", account, func(c *events.Connection) { c.SuspendFor = 1 })
	w.connect("plain")
	w.connect("mine", func(c *events.Connection) {
		c.Kind, c.Availability, c.Actor = events.Personal, events.Availability{}, "ann"
	})
	nobody := func(r *events.Request) { r.ActingUser = "" }
	path := func(p string) func(*events.Request) {
		return func(r *events.Request) { r.Action.Input = json.RawMessage(`{"method":"GET","path":"` + p + `"}`) }
	}
	says := func(id string, as events.Type, account, user, rule string) {
		t.Helper()
		o := w.ends(id, as)
		if o.Account != account || o.ActingUser != user || o.Rule != rule {
			t.Errorf("%s: as %q for %q by %q, want %q, %q, %q", as, o.Account, o.ActingUser, o.Rule, account, user, rule)
		}
		if raw, _ := json.Marshal(o); strings.Contains(string(raw), `"demo"`) {
			t.Errorf("%s tells the user name: %s", as, raw)
		}
		w.matchesItsSchema(id)
	}
	says(w.request("crm"), events.ActionCompleted, "robot@crm", "ann", "shared_tenant")
	says(w.request("crm", nobody), events.ActionCompleted, "robot@crm", "system", "shared_tenant")
	says(w.request("plain"), events.ActionCompleted, "", "ann", "shared_tenant")
	says(w.request("mine"), events.ActionCompleted, "", "ann", "personal_owner")
	says(w.request("mine", func(r *events.Request) { r.ActingUser = "bob" }), events.ActionDenied, "", "bob", "personal_creator_only")
	says(w.request("crm", func(r *events.Request) { r.Action.Connector = "ftp" }), events.ActionDenied, "robot@crm", "ann", "operation_forbidden")
	w.target.SetFault(&devtarget.Fault{Status: 404, Count: 1})
	says(w.request("crm", path("/gone")), events.ActionFailed, "robot@crm", "ann", "shared_tenant")
	w.target.SetFault(&devtarget.Fault{AfterEffect: true, Reset: true, Count: 1})
	says(w.request("crm", atMostOnce), events.ActionUnknown, "robot@crm", "ann", "shared_tenant")
	w.target.SetPassword("demo", "second")
	says(w.request("crm"), events.ActionTerminated, "robot@crm", "ann", "shared_tenant")
}

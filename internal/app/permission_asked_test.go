package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

func TestP11_WhenDecidesWhetherAnActionRuns(t *testing.T) {
	w, service := sales(t)
	w.permit("readers", onOrders(nil, []events.DataOp{events.ReadRecords}, readOf("*")...), "bob")
	run := func(user, when, model string) string {
		return w.request("orders", asUser(user, "list", `{"entity_set":"Orders"}`), func(r *events.Request) {
			r.When = when
			if model != "" {
				r.Model = json.RawMessage(model)
			}
		})
	}
	o := w.ends(run("bob", `ISBLANK({{$User.appPermissions.readers.id}})`, ""), events.ActionSkipped)
	if o.Detail == "" || service.last() != "" {
		t.Errorf("%q; the service was asked %q", o.Detail, service.last())
	}
	w.ends(run("carl", `NOT(ISBLANK({{$User.appPermissions.readers.name}}))`, ""), events.ActionSkipped)
	w.ends(run("bob", `AND(NOT(ISBLANK({{$User.appPermissions.readers.id}})), {{$Model.Total}} > 10)`, `{"Total":12}`), events.ActionCompleted)
	o = w.ends(run("bob", `ISBLNK({{$User.id}})`, ""), events.ActionFailed)
	if o.Reason != "formula_invalid" || o.Field != "/data/when" || !strings.Contains(o.Detail, "column 1") {
		t.Errorf("%s at %s: %s", o.Reason, o.Field, o.Detail)
	}
}

func TestP11_WhatAConditionRestsOnIsKnownBeforeItEndsARequest(t *testing.T) {
	w, _ := sales(t)
	w.permit("readers", onOrders(nil, []events.DataOp{events.ReadRecords}, readOf("*")...), "bob")
	for i := range 20 {
		w.inRegion("bob", fmt.Sprintf("r%d", i))
		id := w.request("orders", asUser("bob", "list", `{"entity_set":"Orders"}`), func(r *events.Request) {
			r.When = fmt.Sprintf(`{{$User.region}} = "r%d"`, i)
		})
		w.ends(id, events.ActionCompleted)
	}
}

func TestP11_QuestionsAreAnsweredAtOnce(t *testing.T) {
	w, _ := sales(t, func(c *config.Config) { c.Permissions.QuestionRate = 20 })
	w.inRegion("bob", "north")
	w.permit("reps", onOrders(region, []events.DataOp{events.ReadRecords}, events.FieldGrant{Field: "Title", Read: true, DisplayName: "Subject", Usage: "search"}), "bob")
	ask := w.ask
	decide := events.PermissionQuestion{Ask: events.AskDecision, User: "bob", App: "sales", Connection: "orders", Object: "Orders", Operation: "read"}
	if d := ask(decide).Decision; d == nil || !d.Allowed || !d.Conditional {
		t.Errorf("%+v", d)
	}
	decide.Record = json.RawMessage(`{"Region":"south"}`)
	if d := ask(decide).Decision; d == nil || d.Allowed || d.Rule != "record_not_granted" {
		t.Errorf("%+v", d)
	}
	if r := ask(events.PermissionQuestion{Ask: events.AskSets, User: "bob", App: "sales"}); len(r.Sets) != 1 || r.Sets[0].Set != "reps" || string(r.Attributes["region"]) != `"north"` {
		t.Errorf("%+v", r)
	}
	fields := events.PermissionQuestion{Ask: events.AskFields, User: "bob", App: "sales", Connection: "orders", Object: "Orders"}
	if r := ask(fields); len(r.Fields) != 1 || r.Fields[0].DisplayName != "Subject" || r.Fields[0].Write {
		t.Errorf("%+v", r.Fields)
	}
	if r := ask(events.PermissionQuestion{Ask: events.AskLanding, User: "bob"}); r.Landing != "sales" || r.AsOf.IsZero() {
		t.Errorf("%+v", r)
	}
	r := ask(events.PermissionQuestion{Ask: events.AskFormulas, User: "bob", App: "sales", Formulas: []string{"{{$User.region}}", "1 +"}})
	if len(r.Formulas) != 2 || string(r.Formulas[0].Value) != `"north"` || r.Formulas[1].Error == "" {
		t.Errorf("%+v", r.Formulas)
	}
	if r := ask(events.PermissionQuestion{Ask: "everything", User: "bob"}); r.Error == nil || r.Error.Field != "/data/ask" {
		t.Errorf("%+v", r.Error)
	}
	testkit.Eventually(t, patient, "too many questions", func() bool {
		r := ask(decide)
		return r.Error != nil && r.Error.Reason == "throttled" && r.Error.RetryAfterMS > 0
	})
	testkit.Eventually(t, patient, "too many questions that nobody understands", func() bool {
		r := ask(events.PermissionQuestion{Ask: "everything", User: "bob"})
		return r.Error != nil && r.Error.Reason == "throttled"
	})
}

func TestP15_AnAnswerHasWhatTheConnectionItselfSays(t *testing.T) {
	w, _ := sales(t)
	w.connect("local", func(c *events.Connection) { c.Availability = events.Availability{Level: "site", Site: "north-1"} })
	w.connect("named", func(c *events.Connection) { c.Users = []string{"cleo"} })
	w.permit("reps", []events.ConnectionGrant{{Connection: "local", Raw: true}, {Connection: "named", Raw: true}, {Connection: "gone", Raw: true}}, "bob")
	asked := events.PermissionQuestion{Ask: events.AskDecision, User: "bob", App: "sales", Operation: "raw"}
	for _, c := range []struct{ connection, site, rule, state string }{
		{"local", "north-1", "", "active"},
		{"local", "south-1", "not_available_here", "active"},
		{"named", "", "not_named", "active"},
		{"gone", "", "connection_missing", "unknown"},
	} {
		asked.Connection, asked.Site = c.connection, c.site
		w.answers(asked, c.rule, c.state)
	}
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "local", Actor: events.ActorSystem})
	asked.Connection, asked.Site = "local", "north-1"
	testkit.Eventually(t, patient, "the connection to be deleted", func() bool { return w.ask(asked).Decision.Connection.State == "deleted" })
	w.answers(asked, "connection_deleted", "deleted")
}

// answers holds the answer to what permission sets grant against what the connection itself says; rule is why not.
func (w *world) answers(q events.PermissionQuestion, rule, state string) {
	w.Helper()
	d := w.ask(q).Decision
	if d == nil || d.Connection == nil || d.Rule != "app_set" {
		w.Fatalf("%s: %+v", q.Connection, d)
	}
	if no := rule != ""; d.Allowed == no || d.Connection.Allowed == no || no && d.Connection.Rule != rule || d.Connection.State != state {
		w.Errorf("%s in %q: %v, and the connection: %+v, want %s %s", q.Connection, q.Site, d.Allowed, *d.Connection, rule, state)
	}
}

// ask asks a question as a page does.
func (w *world) ask(q events.PermissionQuestion) events.PermissionReply {
	w.Helper()
	e, err := events.New(events.PermissionQuery, time.Now(), q)
	if err != nil {
		w.Fatal(err)
	}
	raw, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	answer, err := w.bus.Ask(events.SubjectOf(tenant, events.PermissionQuery), raw, patient)
	if err != nil {
		w.Fatal(err)
	}
	got, err := events.Decode(answer)
	if err != nil {
		w.Fatalf("%v: %s", err, answer)
	}
	r, err := events.Payload[events.PermissionReply](got)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

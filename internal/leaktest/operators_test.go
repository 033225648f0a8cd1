package leaktest

import (
	"encoding/json"
	"path/filepath"

	"holdfast/events"
)

// permitted is a service that repeats what it was sent, reached in an app by somebody who has a set: the worker decides
// on the records, and says what it decided.
func (w *world) permitted() {
	w.Helper()
	w.publish(events.PermissionSetCreated, events.PermissionSet{ID: "reps", Kind: events.AppSet, Name: "Reps", App: "sales", Actor: "ann",
		Connections: []events.ConnectionGrant{{Connection: "lists", Objects: []events.ObjectGrant{{
			Object: "Pages", Operations: []events.DataOp{events.ReadRecords, events.CreateRecords},
			Fields:     []events.FieldGrant{{Field: "Title", Read: true, Write: true}},
			Conditions: []events.Condition{{Formula: `NOT({{$Model.Title}} = "secret plans")`}},
		}}}}})
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "reps", User: "ann", Actor: "ann"})
	for id, c := range map[string]struct {
		operation, input string
		ends             events.Type
	}{
		"app-read":  {"list", `{"entity_set":"Pages"}`, events.ActionCompleted},
		"app-field": {"create", `{"entity_set":"Pages","fields":{"Price":1}}`, events.ActionDenied},
		"app-skip":  {"list", `{"entity_set":"Pages"}`, events.ActionSkipped},
	} {
		w.ask(id, "lists", "", func(r *events.Request) {
			r.App, r.ActingUser = "sales", "ann"
			r.Action = events.Action{Connector: "odata", Operation: c.operation, Input: json.RawMessage(c.input)}
			if c.ends == events.ActionSkipped {
				r.When = "1 = 2"
			}
		})
		w.ends(id, c.ends)
	}
}

// operators is what people on call and those who manage permissions type. Each must do what it is there for: a command
// that ends early shows nothing.
func (w *world) operators(e evidence) {
	w.Helper()
	dir := w.TempDir()
	for _, args := range [][]string{
		{"explain", "run", "run-mail-4", "--tenant", tenant},
		{"explain", "request", "app-field", "--tenant", tenant},
		{"explain", "request", "basic-2", "--tenant", tenant, "--json"},
		{"explain", "connection", "erp500", "--tenant", tenant, "--all", "--metrics", w.metrics},
		{"top", "--once", "--metrics", w.metrics},
		{"top", "--once", "--json"},
		{"replay", "--tenant", tenant, "--request", "basic-1"},
		{"replay", "--tenant", tenant, "--request", "basic-1", "--yes", "--json"},
		{
			"replay", "--tenant", tenant, "--request", "basic-1", "--force-effects", "--effects", "1", "--reason", "the target lost it", "--yes",
		},
		{"replay", "--stream", "connections", "--tenant", tenant, "--out", filepath.Join(dir, "connections.jsonl")},
		{"replay", "--state"},
		{"audit", "--tenant", tenant},
		{"audit", "--json"},
		{"permissions", "sets", "--tenant", tenant},
		{"permissions", "show", "reps", "--tenant", tenant},
		{
			"permissions", "explain", "--tenant", tenant, "--user", "ann", "--app", "sales", "--connection", "lists", "--object", "Pages", "--op", "read",
		},
		{
			"permissions", "describe", "--tenant", tenant, "--user", "ann", "--app", "sales", "--connection", "lists", "--object", "Pages", "--json",
		},
		{"permissions", "landing", "--tenant", tenant, "--user", "ann"},
		{"permissions", "export", filepath.Join(dir, "sales.yaml"), "--tenant", tenant, "--app", "sales", "--assignments"},
		{"permissions", "migrate", "--tenant", tenant},
		{"permissions", "deprecated", "--tenant", tenant},
		{"formula", "eval", `{{$User.name}} = "Ann"`, "--tenant", tenant, "--user", "ann", "--app", "sales"},
	} {
		if code := e.command(w, w.env, "", w.binary, args...); code != 0 {
			w.Errorf("holdfast %v: exit code %d", args, code)
		}
	}
	e.file(w, "a copy of connections", filepath.Join(dir, "connections.jsonl"))
	e.file(w, "exported sets", filepath.Join(dir, "sales.yaml"))
}

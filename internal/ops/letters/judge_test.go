package letters_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
	"holdfast/internal/testkit"
)

// What can not be retried says why, and what to do instead; and it is not retried.
func TestO2_WhatCanNotBeRetriedSaysWhatToDo(t *testing.T) {
	w := newWorld(t)
	request := w.request("req-1", `{}`)
	with := func(change func(*events.DeadLetterData)) uint64 {
		return w.letter(events.ActionRequested, request, change)
	}
	event := func(kind events.Type, payload any) []byte {
		e, err := events.New(kind, time.Now(), payload)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	foreign, err := w.root.PublishEvent(t.Context(), events.DeadLetterSubject(tenant, fault.NotJSON), "foreign", []byte("what is this?"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		letter       uint64
		verdict      letters.Verdict
		detail, hint string
	}{
		"a secret": {with(func(l *events.DeadLetterData) { l.Original, l.Withheld, l.Reason = nil, true, "secret_in_event" }),
			letters.Withheld, "rotate that secret", "deadletters drop"},
		"cut":                    {with(func(l *events.DeadLetterData) { l.Truncated = true }), letters.Truncated, "publish it again, corrected", "deadletters drop"},
		"one of Holdfast's own":  {with(func(l *events.DeadLetterData) { l.Origin.Stream = events.StreamTimers }), letters.Foreign, "one of Holdfast's own", "holdfast suspensions list"},
		"of nobody's tenant":     {with(func(l *events.DeadLetterData) { l.Subject = "hf.a:b.action.requested" }), letters.Foreign, "no tenant", "name a tenant"},
		"no dead letter":         {foreign, letters.Foreign, "no dead letter of Holdfast's", "deadletters show"},
		"would be refused again": {w.letter(events.ActionRequested, bytes.Replace(request, []byte(`"step_id":"s"`), []byte(`"step_id":7`), 1)), letters.Invalid, "/data/step_id: ", "deadletters edit"},
		"stale":                  {with(func(l *events.DeadLetterData) { l.Reason = string(fault.Stale) }), letters.Stale, "older than the ledger", "new request_id"},
		"stale by now": {with(func(l *events.DeadLetterData) { l.FirstStored = time.Now().Add(-8 * 24 * time.Hour) }),
			letters.Stale, "older than the ledger", "new request_id"},
		"a termination": {w.letter(events.SuspensionTerminateRequested, event(events.SuspensionTerminateRequested, events.SuspensionCommand{Run: "r-1", Actor: "ann"})),
			letters.Command, "terminate runs that nobody meant", "holdfast suspensions terminate --tenant acme --run r-1"},
		"a retirement of all": {w.letter(events.ProcessRetired, event(events.ProcessRetired, events.ProcessRef{ID: "p", Actor: "ann"})),
			letters.Command, "retire versions", "name the version"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, dry := range []bool{true, false} {
				r := w.retry(w.desk, c.letter, dry)
				if r.Verdict != c.verdict || r.Done || !strings.Contains(r.Detail, c.detail) || !strings.Contains(r.Hint, c.hint) {
					t.Errorf("%+v", r)
				}
			}
			v, err := w.desk.Show(t.Context(), c.letter)
			if err != nil || len(v.Advice) == 0 || v.State != letters.Open {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
	if r := w.retry(w.desk, 4711, false); r.Done || r.Verdict != letters.Over {
		t.Errorf("none at all: %+v", r)
	}
	if all := w.stored(events.ActionRequested); len(all) != 0 {
		t.Errorf("%d were published", len(all))
	}
}

// A request that another try makes younger is as old as its first try, for the worker, too.
func TestO2_AWorkerRefusesARetryOlderThanTheLedger(t *testing.T) {
	w := newWorld(t)
	w.worker()
	raw := w.request("req-1", `{}`)
	sequence, err := w.root.PublishMessage(t.Context(), events.SubjectOf(tenant, events.ActionRequested), "old", map[string][]string{
		events.HeaderRetryOf: {"7"}, events.HeaderFirstStored: {time.Now().Add(-8 * 24 * time.Hour).Format(time.RFC3339Nano)}}, raw)
	if err != nil {
		t.Fatal(err)
	}
	if v := w.letterOf(events.StreamActions, sequence); v.Reason != string(fault.Stale) || v.RetryOf != 7 || v.Tries != 2 {
		t.Errorf("%+v", v)
	}
	if n := w.target.Effects()["req-1"]; n != 0 {
		t.Errorf("%d effects", n)
	}
}

// A stale request is given another id, and is as young as that.
func TestO2_AStaleRequestWithAnotherIDIsAnotherRequest(t *testing.T) {
	w := newWorld(t)
	w.worker()
	old := w.request("req-1", `{}`)
	old = bytes.Replace(old, []byte(`"time":"2`), []byte(`"time":"1`), 1)
	v := w.letterOf(events.StreamActions, w.send(events.ActionRequested, old))
	if v.Reason != string(fault.Stale) {
		t.Fatalf("%+v", v)
	}
	e, err := w.desk.Edit(t.Context(), v.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.desk.Propose(t.Context(), e, bytes.Replace(e.Text, []byte(`"path": "/items"`), []byte(`"path": "/items/"`), 1))
	if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Refused || !strings.Contains(p.Hint, "new request_id") {
		t.Errorf("under the same id: %v", err)
	}
	p, err := w.desk.Propose(t.Context(), e, bytes.Replace(e.Text, []byte(`"req-1"`), []byte(`"req-2"`), 1))
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.desk.Publish(t.Context(), e, p, ann)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.answered(r); a.Outcome != "completed" || w.target.Effects()["req-2"] != 1 {
		t.Errorf("%+v", a)
	}
}

// An effect that was begun, at most once, is nobody's to begin again.
func TestO2_WhatWasBegunIsNotBegunAgain(t *testing.T) {
	w := newWorld(t)
	started, err := events.New(events.ActionStarted, time.Now(), events.Outcome{Tenant: tenant, Request: "req-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.root.Journal().Append(t.Context(), events.LedgerSubject(tenant, "req-1"), 0, started); err != nil {
		t.Fatal(err)
	}
	n := w.letter(events.ActionRequested, w.request("req-1", `{}`))
	if r := w.retry(w.desk, n, false); r.Done || r.Verdict != letters.Begun {
		t.Errorf("%+v", r)
	}
	e, err := w.desk.Edit(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.desk.Propose(t.Context(), e, w.request("req-1", `{"other":1}`))
	if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Refused {
		t.Errorf("edited: %v", err)
	}
}

// An event carries full state: a later try of an old one would put back what was changed since.
func TestO2_WhatWasChangedSinceIsNotPutBack(t *testing.T) {
	w := newWorld(t)
	w.worker()
	old := w.connection("crm")
	old.Name, old.Actor = "as it was", events.ActorSystem
	before := w.letter(events.ConnectionUpdated, w.encoded(events.ConnectionUpdated, old), from(1))
	newer := w.publish(events.ConnectionUpdated, w.connection("crm"))
	w.revision("crm", newer)
	if r := w.retry(w.desk, before, false); r.Done || r.Verdict != letters.Overtaken || !strings.Contains(r.Hint, "edit") {
		t.Errorf("%+v", r)
	}
	behind := w.letter(events.ConnectionUpdated, w.encoded(events.ConnectionUpdated, old), from(newer+1))
	if a := w.answered(w.retry(w.desk, behind, false)); a.Outcome != "applied" {
		t.Errorf("%+v", a)
	}

	w.publish(events.DirectoryUserUpdated, events.User{ID: "first", Actor: events.ActorSystem})
	changed := w.publish(events.DirectoryUserUpdated, events.User{ID: "ben", Name: "Ben", Actor: events.ActorSystem})
	w.known(events.FactUser, "ben", changed)
	user := w.encoded(events.DirectoryUserUpdated, events.User{ID: "ben", Name: "Benjamin", Actor: events.ActorSystem})
	if r := w.retry(w.desk, w.letter(events.DirectoryUserUpdated, user, from(1)), false); r.Done || r.Verdict != letters.Overtaken {
		t.Errorf("%+v", r)
	}
	if a := w.answered(w.retry(w.desk, w.letter(events.DirectoryUserUpdated, user, from(changed+1)), false)); a.Outcome != "applied" {
		t.Errorf("%+v", a)
	}
}

// A right that was taken away is not brought back by an event from before.
func TestO2_P1_WhatPermissionsSaidSinceIsNotPutBack(t *testing.T) {
	w := newWorld(t)
	w.worker()
	const root, app = events.ActorSystem, "sales"
	set := func(id, name string) events.PermissionSet {
		return events.PermissionSet{ID: id, Kind: events.AppSet, Name: name, App: app, Actor: root}
	}
	to := func(set, user string) events.PermissionAssignment {
		return events.PermissionAssignment{Set: set, User: user, Actor: root}
	}
	w.publish(events.PermissionSetCreated, set("clerks", "Clerks"))
	updated := w.publish(events.PermissionSetUpdated, set("clerks", "All clerks"))
	w.publish(events.PermissionAssigned, to("clerks", "ann"))
	taken := w.publish(events.PermissionUnassigned, to("clerks", "ann"))
	w.publish(events.PermissionAssigned, to("standard", "ben"))
	site := w.publish(events.PermissionUnassigned, to("standard", "ben"))
	w.publish(events.PermissionSetCreated, set("guests", "Guests"))
	w.publish(events.PermissionSetDeleted, events.PermissionSetRef{ID: "guests", Actor: root})
	anew := w.publish(events.PermissionSetCreated, set("guests", "Other guests"))
	open := w.publish(events.PermissionPublicChanged, events.PublicAccess{App: app, Actor: root})
	w.publish(events.PermissionSetCreated, set("gone", "Gone"))
	gone := w.publish(events.PermissionSetDeleted, events.PermissionSetRef{ID: "gone", Actor: root})
	w.known(events.FactSet, "gone", gone)

	for name, c := range map[string]struct {
		kind    events.Type
		payload any
		last    uint64 // change of the same
		says    string // a worker, of what comes behind that
	}{
		"a set":              {events.PermissionSetUpdated, set("clerks", "Clerks"), updated, "applied"},
		"an assignment":      {events.PermissionAssigned, to("clerks", "ann"), taken, "applied"},
		"of a site set":      {events.PermissionAssigned, to("standard", "ben"), site, "applied"},
		"of a set made anew": {events.PermissionAssigned, to("guests", "ann"), anew, "applied"},
		"of a set gone":      {events.PermissionAssigned, to("gone", "ann"), gone, "rejected"},
		"public access":      {events.PermissionPublicChanged, events.PublicAccess{App: app, Enabled: true, Actor: root}, open, "applied"},
	} {
		raw := w.encoded(c.kind, c.payload)
		if r := w.retry(w.desk, w.letter(c.kind, raw, from(c.last-1)), false); r.Done || r.Verdict != letters.Overtaken {
			t.Errorf("%s: %+v", name, r)
		}
		if a := w.answered(w.retry(w.desk, w.letter(c.kind, raw, from(c.last+1)), false)); a.Outcome != c.says {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// A version from before all were retired is not published behind that, for runs to begin with.
func TestO2_W4_WhatWasRetiredSinceIsNotPublishedAgain(t *testing.T) {
	w := newWorld(t)
	w.worker()
	version := func(v string) events.Process {
		return events.Process{ID: "onboarding", Version: v, Publisher: events.ActorSystem, Steps: []events.ProcessStep{{ID: "s", Kind: events.ActionStep}}}
	}
	first := w.publish(events.ProcessPublished, version("1"))
	w.known(events.FactProcess, "onboarding", first)
	raw := w.encoded(events.ProcessPublished, version("2"))
	if a := w.answered(w.retry(w.desk, w.letter(events.ProcessPublished, raw, from(first-1)), false)); a.Outcome != "published" {
		t.Errorf("that another was published retires nothing: %+v", a)
	}
	retired := w.publish(events.ProcessRetired, events.ProcessRef{ID: "onboarding", Actor: events.ActorSystem})
	w.known(events.FactProcess, "onboarding", retired)
	raw = w.encoded(events.ProcessPublished, version("3"))
	if r := w.retry(w.desk, w.letter(events.ProcessPublished, raw, from(retired-1)), false); r.Done || r.Verdict != letters.Overtaken {
		t.Errorf("%+v", r)
	}
	if a := w.answered(w.retry(w.desk, w.letter(events.ProcessPublished, raw, from(retired+1)), false)); a.Outcome != "published" {
		t.Errorf("%+v", a)
	}
}

// A message in binary mode keeps the headers that say what it is: it is shown, corrected and retried like any other.
func TestO1_AMessageInBinaryModeKeepsWhatItIs(t *testing.T) {
	w := newWorld(t)
	w.worker()
	var e struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(w.request("req-1", `{}`), &e); err != nil {
		t.Fatal(err)
	}
	header := map[string][]string{"ce-specversion": {"1.0"}, "ce-id": {"e%201"}, "ce-source": {"test"}, "ce-type": {string(events.ActionRequested)}, "ce-time": {time.Now().UTC().Format(time.RFC3339)}, "content-type": {"application/json"}}
	bad := bytes.Replace(e.Data, []byte(`"action","connection_id"`), []byte(`"nonsense","connection_id"`), 1)
	sequence, err := w.root.PublishMessage(t.Context(), events.SubjectOf(tenant, events.ActionRequested), "binary", header, bad)
	if err != nil {
		t.Fatal(err)
	}
	v := w.letterOf(events.StreamActions, sequence)
	if v.Reason != "schema_violation" {
		t.Fatalf("%+v", v)
	}
	if v, err = w.desk.Show(t.Context(), v.Sequence); err != nil || v.Headers["ce-id"] != "e%201" {
		t.Fatalf("%+v, %v", v.Headers, err)
	}
	edition, err := w.desk.Edit(t.Context(), v.Sequence)
	if err != nil || !bytes.Contains(edition.Text, []byte(`"id": "e 1"`)) {
		t.Fatalf("%s, %v", edition.Text, err)
	}
	p, err := w.desk.Propose(t.Context(), edition, bytes.Replace(edition.Text, []byte("nonsense"), []byte("action"), 1))
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.desk.Publish(t.Context(), edition, p, ann)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.answered(r); a.Outcome != "completed" {
		t.Errorf("%+v", a)
	}
	again := w.letter(events.ActionRequested, bytes.ReplaceAll(e.Data, []byte("req-1"), []byte("req-2")), func(l *events.DeadLetterData) {
		l.Headers = v.Headers
	})
	if a := w.answered(w.retry(w.desk, again, false)); a.Outcome != "completed" {
		t.Errorf("%+v", a)
	}
}

// A handler that breaks on a message may be repaired: the worker's answer to the retry is told before it is acked, also
// where it was one that refuses.
func TestO2_AnswersAreToldOnce(t *testing.T) {
	w := newWorld(t)
	n := w.letter(events.ActionRequested, w.request("req-1", `{}`))
	worker := testkit.ConnectBus(t, w.nats.ClientURL(), testkit.LogIn("worker"))
	tries := 0
	_, err := worker.Consume(t.Context(), bus.ConsumerSpec{Stream: events.StreamActions, Durable: bus.DurableActions,
		Backoff: bus.Backoff{Base: time.Millisecond, Cap: time.Millisecond}}, func(context.Context, dispatch.Delivery) dispatch.Result {
		if tries++; tries < 3 {
			return dispatch.Again(fault.New(fault.VaultSealed, "sealed"))
		}
		return dispatch.Done("completed")
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := w.answered(w.retry(w.desk, n, false)); a.Outcome != "completed" {
		t.Errorf("%+v", a)
	}
	answers := 0
	for r, err := range w.root.Records(t.Context(), bus.Search{Stream: events.StreamDeadLetters, Filter: events.DeadLetterActs(tenant, n)}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Type == events.DeadLetterAnswered {
			answers++
		}
	}
	if answers != 1 {
		t.Errorf("%d answers", answers)
	}
}

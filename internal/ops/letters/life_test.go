package letters_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/ops/letters"
)

func TestO1_ASchemaViolationIsCorrectedAndHandled(t *testing.T) {
	w := newWorld(t)
	w.worker()
	sequence := w.send(events.ActionRequested, bytes.Replace(w.request("req-1", `{"name":"one","password":"hunter2-abc"}`), []byte(`"step_kind":"action"`), []byte(`"step_kind":"nonsense"`), 1))
	v := w.letterOf(events.StreamActions, sequence)
	if v.Reason != "schema_violation" || v.State != letters.Open || v.Tries != 1 || v.FirstStored.IsZero() {
		t.Errorf("%+v", v)
	}
	if r := w.judged(v.Sequence); r.Verdict != letters.Invalid || !strings.HasPrefix(r.Detail, "/data/step_kind: ") {
		t.Errorf("as it is: %+v", r)
	}
	if r := w.retry(w.desk, v.Sequence, false); r.Done {
		t.Errorf("what would be refused again was retried: %+v", r)
	}

	e, err := w.desk.Edit(t.Context(), v.Sequence)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(e.Text, []byte("hunter2")) || !bytes.Contains(e.Text, []byte("[masked 1]")) {
		t.Errorf("the editor shows a secret:\n%s", e.Text)
	}
	p, err := w.desk.Propose(t.Context(), e, bytes.Replace(e.Text, []byte("nonsense"), []byte("action"), 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n-    \"step_kind\": \"nonsense\",", "\n+    \"step_kind\": \"action\",", "\n+  \"retryof\": \"HF_ACTIONS/"} {
		if !strings.Contains(p.Diff, want) {
			t.Errorf("the difference lacks %q:\n%s", want, p.Diff)
		}
	}
	if strings.Contains(p.Diff, "hunter2") {
		t.Error("the difference shows a secret")
	}
	r, err := w.desk.Publish(t.Context(), e, p, ann)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.answered(r); a.Outcome != "completed" {
		t.Errorf("%+v", a)
	}
	if all := w.list(); len(all) != 0 {
		t.Errorf("still in the list: %+v", all)
	}
	if n := w.target.Effects()["req-1"]; n != 1 {
		t.Errorf("%d effects", n)
	}
	w.namesTheOldOne()
	w.toldInOrder(v.Sequence, "failed retried answered")
}

// namesTheOldOne checks the event that was published in place of the first letter's.
func (w *world) namesTheOldOne() {
	w.Helper()
	all := w.stored(events.ActionRequested)
	if len(all) != 2 {
		w.Fatalf("%d requests", len(all))
	}
	var old, is struct {
		ID         string `json:"id"`
		RetryOf    string `json:"retryof"`
		DeadLetter string `json:"deadletter"`
	}
	if err := json.Unmarshal(all[0].Raw, &old); err != nil {
		w.Fatal(err)
	}
	if err := json.Unmarshal(all[1].Raw, &is); err != nil {
		w.Fatal(err)
	}
	if is.ID == old.ID || is.RetryOf != "HF_ACTIONS/1" || is.DeadLetter != "HF_DEADLETTERS/1" {
		w.Errorf("%+v after %+v", is, old)
	}
	if !bytes.Contains(all[1].Raw, []byte(`"password":"hunter2-abc"`)) {
		w.Error("what was masked is not what it was")
	}
}

// toldInOrder compares what a letter's history tells.
func (w *world) toldInOrder(letter uint64, want string) []letters.Step {
	w.Helper()
	v, err := w.desk.Show(w.Context(), letter)
	if err != nil {
		w.Fatal(err)
	}
	var got []string
	for _, s := range v.History {
		got = append(got, s.Event)
	}
	if strings.Join(got, " ") != want {
		w.Errorf("told %v, want %s", got, want)
	}
	return v.History
}

// A command that asks for more than a worker grants passes every check, and fails in the handler: each time.
func TestO2_WhatFailsAgainSaysHowOften(t *testing.T) {
	w := newWorld(t)
	w.worker()
	sequence := w.publish(events.SuspensionExtendRequested, events.SuspensionCommand{Request: "req-1", Actor: "ann", ExtendFor: 3600 * 24 * 365})
	first := w.letterOf(events.StreamActions, sequence)
	again := w.answered(w.retry(w.desk, first.Sequence, false))
	if !again.Failed() || again.Tries != 2 || again.Next <= first.Sequence {
		t.Fatalf("%+v", again)
	}
	third := w.answered(w.retry(w.desk, again.Next, false))
	if !third.Failed() || third.Tries != 3 {
		t.Fatalf("%+v", third)
	}
	all := w.list()
	if len(all) != 1 || all[0].Sequence != third.Next || all[0].Tries != 3 || all[0].RetryOf != again.Next || all[0].State != letters.Open {
		t.Errorf("%+v", all)
	}
	if !all[0].FirstStored.Equal(first.FirstStored) {
		t.Errorf("first stored %s, then %s", first.FirstStored, all[0].FirstStored)
	}
	if r := w.retry(w.desk, first.Sequence, false); r.Done || r.Verdict != letters.Over || !strings.Contains(r.Hint, "show") {
		t.Errorf("retried although it failed again: %+v", r)
	}
	for _, letter := range []uint64{first.Sequence, again.Next, third.Next} {
		history := w.toldInOrder(letter, "failed retried answered failed retried answered failed")
		if i := slices.IndexFunc(history, func(s letters.Step) bool { return s.Event == "retried" }); i < 0 || history[i].Actor != "ann" || history[i].Why != "a test" {
			t.Errorf("%+v", history)
		}
	}
}

func TestO2_ADroppedLetterLeavesTheListAndSaysWho(t *testing.T) {
	w := newWorld(t)
	n := w.letter(events.ActionRequested, w.request("req-1", `{}`))
	kept := w.letter(events.ActionRequested, w.request("req-2", `{}`))
	drop := func(dry bool, by letters.By) (result letters.Result, err error) {
		err = w.desk.Drop(t.Context(), []uint64{n}, by, dry, 1000, func(r letters.Result) error { result = r; return nil })
		return result, err
	}
	if r, err := drop(true, letters.By{Actor: "ann"}); err != nil || r.Done || r.Verdict != letters.Ready || len(w.list()) != 2 {
		t.Errorf("a dry run: %+v, %v", r, err)
	}
	if _, err := drop(false, letters.By{Actor: "ann"}); err == nil {
		t.Error("dropped without a reason")
	}
	if _, err := drop(false, letters.By{Actor: "ann", Why: "its token was ghp_0123456789012345678901234567890123"}); err == nil {
		t.Error("a reason with a secret in it was written down")
	}
	if r, err := drop(false, ann); err != nil || !r.Done {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := sequences(w.list()); !slices.Equal(got, []uint64{kept}) {
		t.Errorf("in the list: %v", got)
	}
	if got := sequences(w.list(letters.Dropped)); !slices.Equal(got, []uint64{n}) {
		t.Errorf("dropped: %v", got)
	}
	history := w.toldInOrder(n, "failed dropped")
	if s := history[1]; s.Actor != "ann" || s.Why != "a test" || s.StoredAt.IsZero() {
		t.Errorf("%+v", s)
	}
	if r, err := drop(false, ann); err != nil || r.Done || r.Verdict != letters.Over {
		t.Errorf("again: %+v, %v", r, err)
	}
	if r := w.retry(w.desk, n, false); r.Done || !strings.Contains(r.Detail, "dropped by ann") {
		t.Errorf("retried: %+v", r)
	}
	if all := w.stored(events.ActionRequested); len(all) != 0 {
		t.Errorf("%d requests were published", len(all))
	}
}

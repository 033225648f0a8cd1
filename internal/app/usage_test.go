package app_test

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/testkit"
)

// usage is what `holdfast connections usage` shows.
func (w *world) usage(id string) ops.UsageView {
	w.Helper()
	v, err := ops.ShowUsage(w.Context(), w.registry, w.bus.Uses(), w.bus.Journal(), ops.Secrets{Mount: "secret", Prefix: "holdfast"},
		tenant, id, w.bus.Clock().Now())
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func TestC10_UsageShowsStepsLastUsesAndSuspendedRuns(t *testing.T) {
	w := newWorld(t)
	stop := w.worker()
	w.connect("crm")
	before := w.bus.Clock().Now()
	step := func(step string) func(*events.Request) { return func(r *events.Request) { r.Step = step } }
	w.ends(w.request("crm", step("create")), events.ActionCompleted)
	w.ends(w.request("crm", step("create")), events.ActionCompleted)
	w.ends(w.request("crm", step("form"), func(r *events.Request) { r.StepKind = events.FormStep }), events.ActionDenied)
	w.target.SetPassword("demo", "second")
	id := w.request("crm", step("notify"))
	w.suspended("crm", runOf(id), id)

	testkit.Eventually(t, patient, "both steps", func() bool { return len(w.usage("crm").Steps) == 2 })
	v := w.usage("crm")
	for i, want := range []ops.StepUse{{Step: "notify", Outcome: "suspended"}, {Step: "create", Outcome: "completed"}} {
		s := v.Steps[i]
		if s.Step != want.Step || s.Outcome != want.Outcome || s.Workflow != "wf" {
			t.Errorf("step %d: %+v, want %+v", i, s, want)
		}
		if s.LastUsed.Before(before.Add(-time.Second)) || s.LastUsed.After(w.bus.Clock().Now().Add(time.Second)) {
			t.Errorf("step %s was used at %s", s.Step, s.LastUsed)
		}
	}
	if v.State != string(events.StateBroken) || len(v.Suspended) != 1 || v.Suspended[0].Run != runOf(id) || v.LastUsed == nil {
		t.Errorf("%+v", v)
	}

	w.password("crm", "second")
	w.ends(id, events.ActionCompleted)
	stop() // what is queued is written before the worker ends
	v = w.usage("crm")
	if len(v.Suspended) != 0 || len(v.Steps) != 2 || v.Steps[0].Outcome != "completed" {
		t.Errorf("after the repair: %+v", v)
	}
}

package app_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

func TestC3_ActionRunsWithTheConnectionsCredentials(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	id := w.request("crm")
	o := w.ends(id, events.ActionCompleted)
	if o.Connection != "crm" || o.SecretVersion != 1 || o.ActingUser != "ann" {
		t.Errorf("outcome %+v", o)
	}
	var answer struct {
		Status int `json:"status"`
	}
	if err := json.Unmarshal(o.Response, &answer); err != nil || answer.Status/100 != 2 {
		t.Errorf("response %s: %v", o.Response, err)
	}
	if n := w.target.Effects()[id]; n != 1 {
		t.Errorf("%d effects under Idempotency-Key %s, want 1", n, id)
	}
}

func TestC4_ChangedSettingsAndCredentialsAreUsedWithoutARestart(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	w.password("crm", "second")
	w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
	if o := w.ends(w.request("crm"), events.ActionCompleted); o.SecretVersion != 2 {
		t.Errorf("ran with version %d, want 2", o.SecretVersion)
	}
	w.publish(events.ConnectionUpdated, w.basic("crm", func(c *events.Connection) {
		c.Settings = json.RawMessage(`{"base_url":"` + w.base + `/basic/v2"}`)
	}))
	testkit.Eventually(t, patient, "the new base URL to be used", func() bool {
		return string(w.ends(w.request("crm"), events.ActionCompleted).Response) != ""
	})
}

func TestC12_C14_SuspendedThenResumedByABareWriteToVault(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")

	id := w.request("crm")
	s := w.suspended("crm", runOf(id), id)
	if s.Reason != "bad_credentials" || s.TerminatesAt.Sub(s.SuspendedAt) != 240*time.Hour {
		t.Errorf("suspended for %q until %s (suspended at %s)", s.Reason, s.TerminatesAt, s.SuspendedAt)
	}
	before := w.target.Calls()["basic"][devtarget.Refused]
	second := w.request("crm")
	w.suspended("crm", runOf(second), second)
	if after := w.target.Calls()["basic"][devtarget.Refused]; after != before {
		t.Errorf("the target was asked %d more times with credentials known to be broken", after-before)
	}

	w.password("crm", "second") // nothing but a write to Vault
	for _, r := range []string{id, second} {
		w.ends(r, events.ActionCompleted)
		c := events.Chain{Tenant: tenant, Connection: "crm", Run: runOf(r), Request: r}
		want := []events.Type{events.SuspensionSuspended, events.SuspensionResumed}
		if got := types(w.chain(c)); !slices.Equal(got, want) {
			t.Errorf("chain of %s: %v, want %v", r, got, want)
		}
	}
	if b, r := len(w.notices(events.ConnectionBroken)), len(w.notices(events.ConnectionRestored)); b != 1 || r != 1 {
		t.Errorf("%d broken and %d restored notices, want one of each", b, r)
	}
}

func TestC12_C13_DeletedConnectionSuspendsAndItsDeadlineTerminatesOnce(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", func(c *events.Connection) { c.SuspendFor = 2 })
	w.ends(w.request("crm"), events.ActionCompleted)
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "the tombstone", func() bool {
		e, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
		return err == nil && e.Deleted
	})
	w.request("crm") // on its way while the worker takes note, it may be either's
	id := w.request("crm")
	o := w.ends(id, events.ActionTerminated)
	if o.Reason != "connection_deleted" || o.Cause != events.CauseDeadline {
		t.Errorf("reason %q, cause %q", o.Reason, o.Cause)
	}
	c := events.Chain{Tenant: tenant, Connection: "crm", Run: runOf(id), Request: id}
	chain := w.chain(c)
	if got := types(chain); !slices.Equal(got, []events.Type{events.SuspensionSuspended, events.SuspensionTerminated}) {
		t.Fatalf("chain %v", got)
	}
	if s, _ := events.Payload[events.Suspension](chain[1].Event); chain[1].Stored.Before(s.TerminatesAt) {
		t.Errorf("terminated at %s, before its deadline %s", chain[1].Stored, s.TerminatesAt)
	}
	later := w.request("crm", func(r *events.Request) { r.Run = runOf(id) })
	if o := w.ends(later, events.ActionDenied); o.Reason != "run_terminated" {
		t.Errorf("a later request of the run: %q", o.Reason)
	}
}

func TestC12_MissingConnectionSuspendsUntilSomebodyCreatesIt(t *testing.T) {
	w := newWorld(t)
	w.worker()
	id := w.request("later")
	if s := w.suspended("later", runOf(id), id); s.Reason != "connection_missing" {
		t.Errorf("reason %q", s.Reason)
	}
	w.connect("later")
	w.ends(id, events.ActionCompleted)
}

func TestC14_ManualPolicyWaitsForAnExplicitResume(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", func(c *events.Connection) { c.Resume = events.ResumeManual })
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	w.password("crm", "second")
	testkit.Eventually(t, patient, "connection.restored", func() bool {
		return len(w.notices(events.ConnectionRestored)) == 1
	})
	w.suspended("crm", runOf(id), id) // still
	w.publish(events.SuspensionResumeRequested, events.SuspensionCommand{Connection: "crm", Actor: "op"})
	w.ends(id, events.ActionCompleted)
}

func TestC14_WithoutATestOneRunGoesFirst(t *testing.T) {
	w := newWorld(t)
	w.worker()
	untested := func(c *events.Connection) {
		c.Settings = json.RawMessage(`{"base_url":"` + w.base + `/basic"}`)
	}
	w.connect("crm", untested)
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "third")
	var ids []string
	for range 5 {
		ids = append(ids, w.request("crm"))
	}
	for _, id := range ids {
		w.suspended("crm", runOf(id), id)
	}
	before := w.target.Calls()["basic"][devtarget.Refused]
	w.password("crm", "second") // wrong again: one probe finds out, the others stay
	testkit.Eventually(t, patient, "the probe to fail", func() bool {
		e, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
		return err == nil && e.Broken != nil && e.Broken.SecretVersion == 2
	})
	if n := w.target.Calls()["basic"][devtarget.Refused] - before; n != 1 {
		t.Errorf("the target was asked %d times, want once", n)
	}
	w.password("crm", "third")
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
	}
}

func TestC13_ExtendedAndTerminatedByAnOperator(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", func(c *events.Connection) { c.SuspendFor = 3 })
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	first := w.suspended("crm", runOf(id), id)
	w.publish(events.SuspensionExtendRequested, events.SuspensionCommand{
		Connection: "crm", Request: id, Actor: "op", ExtendFor: 3600,
	})
	c := events.Chain{Tenant: tenant, Connection: "crm", Run: runOf(id), Request: id}
	testkit.Eventually(t, patient, "the old alarm's time to pass", func() bool {
		return w.bus.Clock().Now().After(first.TerminatesAt.Add(2 * time.Second))
	})
	if got := types(w.chain(c)); !slices.Equal(got, []events.Type{events.SuspensionSuspended, events.SuspensionExtended}) {
		t.Fatalf("chain %v", got)
	}
	w.publish(events.SuspensionTerminateRequested, events.SuspensionCommand{Request: id, Actor: "op"})
	if o := w.ends(id, events.ActionTerminated); o.Cause != events.CauseOperator {
		t.Errorf("cause %q", o.Cause)
	}
}

func TestC13_EndingSoonIsToldAheadOfTheEnd(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.Suspension.EndingSoon = 2 * time.Second })
	w.worker()
	w.connect("crm", func(c *events.Connection) { c.SuspendFor = 4 })
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	w.ends(id, events.ActionTerminated)
	notices := w.notices(events.SuspensionEndingSoon)
	if len(notices) != 1 {
		t.Fatalf("%d notices, want 1", len(notices))
	}
	s, err := events.Payload[events.Suspension](notices[0].Event)
	if err != nil || !notices[0].Stored.Before(s.TerminatesAt) {
		t.Errorf("told at %s, ends at %s: %v", notices[0].Stored, s.TerminatesAt, err)
	}
}

func TestC11_NothingIsDoneUnlessAuthenticationSucceeds(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.password("crm", "wrong")
	w.publish(events.ConnectionCreated, w.basic("crm"))
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	if n := w.target.Effects()[id]; n != 0 {
		t.Errorf("%d effects without authentication", n)
	}
	w.password("crm", "demo-password")
	w.ends(id, events.ActionCompleted)
	if n := w.target.Effects()[id]; n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

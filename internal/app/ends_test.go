package app_test

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/metrics"
	"holdfast/internal/testkit"
)

// ahead is the bus's clock, some time on.
type ahead struct {
	handlers.Clock

	by time.Duration
}

func (a ahead) Now() time.Time { return a.Clock.Now().Add(a.by) }

// sweeper is a worker's sweep, at a later time.
func (w *world) sweeper(later time.Duration) *handlers.Handlers {
	w.Helper()
	runs, err := w.bus.Runs(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return handlers.New(handlers.Ports{
		Journal: w.bus.Journal(), Timers: w.bus.Timers(), Registry: w.registry, Runs: runs,
		Clock: ahead{w.bus.Clock(), later}, Observer: metrics.New(),
	}, handlers.Options{})
}

func TestC12_KnownEndsAreAnnouncedOnceAmongAllWorkers(t *testing.T) {
	w := newWorld(t)
	w.cfg.Worker.SweepInterval = time.Second
	w.worker()
	w.worker()
	soon, later := time.Now().Add(2*24*time.Hour).UTC(), time.Now().Add(60*24*time.Hour).UTC()
	w.connect("crm", func(c *events.Connection) { c.CredentialsEnd, c.ExpiresAt = &soon, &later })
	told := func() []events.ConnectionNotice { return w.about(events.ConnectionExpiring, "crm") }
	testkit.Eventually(t, patient, "connection.expiring", func() bool { return len(told()) > 0 })
	if n := told()[0]; n.Ending != "credentials" || n.EndsAt == nil || !n.EndsAt.Equal(soon) {
		t.Errorf("%+v", n)
	}
	testkit.Eventually(t, patient, "the note", func() bool { return len(w.entry("crm").Announced) == 1 })
	// Another end is another announcement; that it comes shows that the ends were looked at again.
	closer := time.Now().Add(12 * time.Hour).UTC()
	w.publish(events.ConnectionUpdated, w.basic("crm", func(c *events.Connection) { c.CredentialsEnd, c.ExpiresAt = &soon, &closer }))
	testkit.Eventually(t, patient, "the other end", func() bool { return len(told()) >= 2 })
	if all := told(); len(all) != 2 || all[1].Ending != "connection" {
		t.Errorf("%+v", all)
	}
}

func TestC12_AConnectionWhoseEndHasPassedIsBroken(t *testing.T) {
	w := newWorld(t)
	w.cfg.Worker.SweepInterval = time.Second
	w.worker()
	w.connect("crm", expired)
	w.becomes("crm", events.StateBroken)
	if b := w.entry("crm").Broken; b.Reason != "connection_expired" {
		t.Errorf("%+v", b)
	}
	w.publish(events.ConnectionUpdated, w.basic("crm"))
	w.becomes("crm", events.StateActive)
}

func TestC12_WhatNobodyCreatedIsForgottenOnceNothingWaitsForIt(t *testing.T) {
	w := newWorld(t)
	w.worker()
	id := w.request("nobody")
	w.suspended("nobody", runOf(id), id)
	if e := w.entry("nobody"); e == nil || e.State() != events.StateMissing {
		t.Fatalf("%+v", e)
	}
	h := w.sweeper(11 * time.Minute)
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.entry("nobody") == nil {
		t.Fatal("forgotten although a run waits for it")
	}
	w.publish(events.SuspensionTerminateRequested, events.SuspensionCommand{Request: id, Actor: "op"})
	w.ends(id, events.ActionTerminated)
	if err := w.sweeper(0).Sweep(t.Context()); err != nil || w.entry("nobody") == nil {
		t.Fatalf("forgotten too soon: %v", err)
	}
	if err := h.Sweep(t.Context()); err != nil || w.entry("nobody") != nil {
		t.Errorf("%+v, %v", w.entry("nobody"), err)
	}
	w.connect("nobody")
	w.ends(w.request("nobody"), events.ActionCompleted)
}

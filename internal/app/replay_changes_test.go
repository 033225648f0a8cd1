package app_test

import (
	"testing"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
	"holdfast/internal/replay"
	"holdfast/internal/testkit"
)

func of(stream string, with ...func(*replay.Options)) replay.Options {
	o := replay.Options{Select: ops.StreamSelection{Stream: stream}, Actor: "olga", Wait: patient}
	for _, change := range with {
		change(&o)
	}
	return o
}

func withName(name string) func(*events.Connection) {
	return func(c *events.Connection) { c.Name = name }
}

// renames publishes an update of a connection that only renames it.
func (w *world) renames(id, name string) {
	w.publish(events.ConnectionUpdated, w.basic(id, withName(name)))
}

// Of changes, only what was missed is driven again: what was applied, and what something later replaces, is not.
func TestO2_AChangeIsDrivenAgainOnlyWhereNothingLaterIsThere(t *testing.T) {
	w := newRoleWorld(t)
	stop := w.worker()
	w.connect("crm")
	w.connect("erp")
	w.connect("hr")
	w.renames("crm", "applied")
	testkit.Eventually(t, patient, "the update", func() bool { return w.entry("crm").Name == "applied" })
	stop()
	w.renames("erp", "missed first")
	w.renames("erp", "missed last")
	w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "erp", Actor: events.ActorSystem})
	w.renames("hr", "missed, too") // what is rejected after it does not replace it
	w.publish(events.ConnectionUpdated, w.basic("hr", func(c *events.Connection) { c.Name, c.Actor = "not allowed", "stranger" }))
	w.publish(events.ConnectionTestRequested, events.ConnectionRef{ID: "hr", Actor: events.ActorSystem})
	w.lose(events.StreamConnections, bus.DurableConnections, 6)
	w.worker()

	want := map[handlers.Verdict]int{
		handlers.Applied:    4, // all creations, and crm's update
		handlers.Superseded: 1, // erp's first update
		handlers.WouldApply: 3, // erp's last full state and what followed it, hr's update
		handlers.Denied:     1, handlers.NotValid: 1,
	}
	o := of(ops.SelectConnections)
	w.wantCounts(w.foresee(o).Groups, want)
	res := w.replayed(o)
	w.wantCounts(res.Groups, want)
	if res.Driven != 3 || res.Open != 0 || res.Outcomes["answered"] != 3 {
		t.Errorf("%+v", res)
	}
	e := w.entry("erp")
	if e.Name != "missed last" || e.Generation != e.Sequence {
		t.Errorf("erp is %q, generation %d of revision %d", e.Name, e.Generation, e.Sequence)
	}
	if w.entry("crm").Name != "applied" || w.entry("hr").Name != "missed, too" {
		t.Errorf("crm %q, hr %q", w.entry("crm").Name, w.entry("hr").Name)
	}
	if again := w.replayed(o); again.Driven != 0 {
		t.Errorf("a second replay: %+v", again)
	}
}

// What follows a full state is driven also where that was driven, and applied, before: a copy counts where its original is.
func TestO2_WhatFollowsAFullStateIsDrivenAfterIt(t *testing.T) {
	w := newRoleWorld(t)
	stop := w.worker()
	w.connect("crm")
	stop()
	w.renames("crm", "missed")
	w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
	w.lose(events.StreamConnections, bus.DurableConnections, 2)
	w.worker()
	if res := w.replayed(of(ops.SelectConnections, func(o *replay.Options) { o.Select.To = 2 })); res.Driven != 1 {
		t.Fatalf("%+v", res)
	}
	testkit.Eventually(t, patient, "the update", func() bool { return w.entry("crm").Sequence == 4 })
	if res := w.replayed(of(ops.SelectConnections)); res.Driven != 1 {
		t.Errorf("the rotation: %+v", res)
	}
	testkit.Eventually(t, patient, "the rotation", func() bool { e := w.entry("crm"); return e.Sequence == 5 && e.Generation == 5 })
	if again := w.replayed(of(ops.SelectConnections)); again.Driven != 0 {
		t.Errorf("a second replay: %+v", again)
	}
}

// What somebody publishes while a replay is at work is not overwritten by it.
func TestO2_AChangeThatIsOvertakenWhileItWaitsIsNotDriven(t *testing.T) {
	w := newRoleWorld(t)
	stop := w.worker()
	w.connect("crm")
	w.connect("erp")
	stop()
	w.renames("crm", "missed")
	w.renames("erp", "missed")
	w.lose(events.StreamConnections, bus.DurableConnections, 2)
	w.worker()
	o := of(ops.SelectConnections, func(o *replay.Options) { o.Rate = 1 })
	overtaken := false
	res, err := w.replaying(o).Run(t.Context(), nil, func(s replay.Status) {
		if s.Driven == 1 && !overtaken {
			overtaken = true
			w.renames("erp", "newer")
		}
	})
	if err != nil || res.Driven != 1 || !overtaken {
		t.Fatalf("%v: %+v", err, res)
	}
	testkit.Eventually(t, patient, "both", func() bool { return w.entry("crm").Name == "missed" && w.entry("erp").Name == "newer" })
	if n := len(w.copies(events.StreamConnections)); n != 1 {
		t.Errorf("%d copies", n)
	}
}

// Users and places are replayed by the same rules.
func TestO2_FactsAreDrivenAgainWhereTheyWereMissed(t *testing.T) {
	w := newRoleWorld(t)
	stop := w.worker()
	w.publish(events.DirectoryUserUpdated, events.User{ID: "ann", Name: "Ann", Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "the user", func() bool { return w.fact(events.FactUser, "ann").Sequence == 1 })
	stop()
	w.publish(events.DirectoryUserUpdated, events.User{ID: "ann", Name: "Anna", Actor: events.ActorSystem})
	w.publish(events.DirectoryUserUpdated, events.User{ID: "bob", Name: "Bob", Actor: "stranger"})
	w.lose(events.StreamPermissions, bus.DurablePermissions, 2)
	w.worker()
	res := w.replayed(of(ops.SelectPermissions))
	w.wantCounts(res.Groups, map[handlers.Verdict]int{handlers.Applied: 1, handlers.WouldApply: 1, handlers.Denied: 1})
	if f := w.fact(events.FactUser, "ann"); res.Driven != 1 || f.Sequence != 4 {
		t.Errorf("ann is at %d: %+v", f.Sequence, res)
	}
}

func (w *world) fact(kind events.FactKind, id string) events.Fact {
	w.Helper()
	for f, err := range w.bus.EveryFact(w.Context(), events.BucketPermissions) {
		if err != nil {
			w.Fatal(err)
		}
		if f.Tenant == tenant && f.Kind == kind && f.ID == id {
			return *f
		}
	}
	return events.Fact{}
}

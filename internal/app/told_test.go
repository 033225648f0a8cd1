package app_test

import (
	"strconv"
	"testing"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// store writes an entry as a worker does that dies before it tells.
func (w *world) store(e *connection.Entry) {
	w.Helper()
	_, rev, err := w.registry.Fresh(w.Context(), tenant, e.ID)
	if err != nil {
		w.Fatal(err)
	}
	if _, err = w.registry.Put(w.Context(), e, rev); err != nil {
		w.Fatal(err)
	}
}

func TestC12_ABrokenConnectionIsToldOfAlthoughItsWorkerDiedBeforeTelling(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	e := w.entry("crm")
	f := connection.Fence{Generation: e.Generation, SecretVersion: 1}
	broken, ok := connection.Break(e, e, f, fault.New(fault.BadCredentials, "401"), w.bus.Clock().Now())
	if !ok {
		t.Fatal("not broken")
	}
	w.store(broken)
	testkit.Eventually(t, patient, "connection.broken", func() bool { return len(w.about(events.ConnectionBroken, "crm")) > 0 })
	if all := w.about(events.ConnectionBroken, "crm"); len(all) != 1 || all[0].Previous != events.StateActive || all[0].State != events.StateBroken ||
		all[0].Reason != "bad_credentials" || all[0].Revision != e.Sequence {
		t.Errorf("%+v", all)
	}
}

func TestC10_AnEventIsAnsweredAlthoughItsWorkerDiedOrALaterOneWasFirst(t *testing.T) {
	w := newWorld(t)
	w.password("crm", "demo-password")
	first := w.tell(events.ConnectionCreated, w.basic("crm"))
	second := w.tell(events.ConnectionUpdated, w.basic("crm", func(c *events.Connection) { c.Account = "svc" }))
	c := w.basic("crm", func(c *events.Connection) { c.Tenant, c.Account = tenant, "svc" })
	w.store(connection.Apply(nil, connection.Put(nil, c, second), "ann", false))
	w.worker()
	if n := w.said(events.ConnectionApplied, second); n.Actor != "ann" || n.Revision != second {
		t.Errorf("%+v", n)
	}
	if n := w.said(events.ConnectionRejected, first); n.Reason != "revision_conflict" {
		t.Errorf("%+v", n)
	}
	if e := w.entry("crm"); e.Account != "svc" || e.Sequence != second {
		t.Errorf("%+v", e)
	}
}

// Whoever publishes knows the revision that its event will make, and need not wait for it to be applied.
func TestC10_ChangesThatFollowEachOtherAtOnceAreAllApplied(t *testing.T) {
	w := newWorld(t)
	w.password("crm", "demo-password")
	const changes = 40
	last := w.tell(events.ConnectionCreated, w.basic("crm"))
	for i := range changes {
		last = w.tell(events.ConnectionUpdated, w.basic("crm", func(c *events.Connection) { c.BasedOn, c.Account = last, strconv.Itoa(i) }))
	}
	gone := w.tell(events.ConnectionDeleted, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem, BasedOn: last})
	w.worker() // several, so that events overtake each other
	w.worker()
	w.worker()
	w.said(events.ConnectionApplied, gone)
	testkit.Eventually(t, patient, "every event to be told of", func() bool {
		return len(w.about(events.ConnectionApplied, "crm")) == changes+2
	})
	if all := w.about(events.ConnectionRejected, "crm"); len(all) != 0 {
		t.Errorf("rejected: %+v", all)
	}
}

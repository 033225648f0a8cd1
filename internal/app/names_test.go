package app_test

import (
	"fmt"
	"testing"

	"holdfast/events"
	"holdfast/internal/testkit"
)

func named(name string) func(*events.Connection) {
	return func(c *events.Connection) { c.Name = name }
}

func TestC10_ANameIsUniqueAmongTheSharedConnectionsOfATenant(t *testing.T) {
	w := newWorld(t)
	w.worker()
	applied := func(t2 events.Type, payload any) { w.Helper(); w.said(events.ConnectionApplied, w.tell(t2, payload)) }
	taken := func(t2 events.Type, payload any) {
		w.Helper()
		if n := w.said(events.ConnectionRejected, w.tell(t2, payload)); n.Reason != "name_taken" || n.Field != "/data/name" {
			t.Errorf("%+v", n)
		}
	}
	applied(events.ConnectionCreated, w.basic("a", named("Straße 1")))
	for _, same := range []string{"Straße 1", "STRASSE 1", "strasse  1 ", "Straße １"} {
		taken(events.ConnectionCreated, w.basic("b", named(same)))
	}
	applied(events.ConnectionCreated, w.basic("b", named("Other")))
	taken(events.ConnectionUpdated, w.basic("b", named("straße 1")))
	applied(events.ConnectionUpdated, w.basic("a", named("STRAẞE 1"))) // its own name, written otherwise
	applied(events.ConnectionUpdated, w.basic("a", named("New")))      // gives the old one back
	applied(events.ConnectionUpdated, w.basic("b", named("straße 1")))
	applied(events.ConnectionDeleted, ref("b"))
	applied(events.ConnectionCreated, w.basic("c", named("Straße 1")))
	taken(events.ConnectionUndeleted, ref("b"))
	applied(events.ConnectionDeleted, ref("c"))
	applied(events.ConnectionUndeleted, ref("b"))
	applied(events.ConnectionCreated, w.basic("p", named("New"), func(c *events.Connection) {
		c.Kind, c.Availability, c.Owners, c.Actor = events.Personal, events.Availability{}, []string{"ann"}, "ann"
	}))
}

func TestC10_OneOfManyThatAreCreatedAtOnceGetsTheName(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.worker()
	const rivals, names = 4, 8
	for n := range names {
		for i := range rivals {
			w.publish(events.ConnectionCreated, w.basic(fmt.Sprintf("c-%d-%d", n, i), named(fmt.Sprintf("Name %d", n))))
		}
	}
	testkit.Eventually(t, patient, "every event to be answered", func() bool {
		return len(w.notices(events.ConnectionApplied))+len(w.notices(events.ConnectionRejected)) == rivals*names
	})
	for n := range names {
		var have int
		for i := range rivals {
			if w.entry(fmt.Sprintf("c-%d-%d", n, i)) != nil {
				have++
			}
		}
		if have != 1 {
			t.Errorf("%d connections have name %d", have, n)
		}
	}
}

// A worker that died between the claim and the connection, and one whose connection has moved on.
func TestC10_ANameThatWasLeftBehindIsTakenOver(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.said(events.ConnectionApplied, w.tell(events.ConnectionCreated, w.basic("a", named("Old"))))
	e := w.entry("a")
	key := e.NameKey()
	claim, _, err := w.bus.Names().Claimed(t.Context(), tenant, key)
	if err != nil || claim.Connection != "a" {
		t.Fatalf("%+v, %v", claim, err)
	}
	w.said(events.ConnectionApplied, w.tell(events.ConnectionUpdated, w.basic("a", named("New"))))
	if _, err = w.bus.Names().Claim(t.Context(), tenant, key, claim, 0); err != nil { // as if it had not been released
		t.Fatal(err)
	}
	w.said(events.ConnectionApplied, w.tell(events.ConnectionCreated, w.basic("b", named("Old"))))
}

package app_test

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
)

// What another worker made of a connection has not come to this one's cache yet: a denial is for ever, so it is
// looked at again before.
func TestC4_C6_NobodyIsDeniedByWhatAConnectionWas(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", onlyFor("bob"))
	w.ends(w.request("crm", func(r *events.Request) { r.ActingUser = "bob" }), events.ActionCompleted)
	w.stopFollowing()
	e, rev, err := w.registry.Fresh(t.Context(), tenant, "crm")
	if err != nil {
		t.Fatal(err)
	}
	next := *e
	next.Sequence, next.Users = e.Sequence+1, []string{"ann", "bob"}
	if _, err := w.registry.Put(t.Context(), &next, rev); err != nil {
		t.Fatal(err)
	}
	w.ends(w.request("crm", func(r *events.Request) { r.ActingUser = "ann" }), events.ActionCompleted)
}

// stopFollowing cuts off what keeps caches of the registry up to date: followers for a moment, since they begin again
// by themselves, and the looks that changes bring about for good.
func (w *world) stopFollowing() {
	w.Helper()
	s, err := w.js.Stream(w.Context(), events.StreamRegistry)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := s.PauseConsumer(w.Context(), bus.DurableRegistry, time.Now().Add(time.Hour)); err != nil {
		w.Fatal(err)
	}
	cut := 0
	for name := range s.ConsumerNames(w.Context()).Name() {
		if name == bus.DurableRegistry {
			continue
		}
		if err := s.DeleteConsumer(w.Context(), name); err != nil {
			w.Fatal(err)
		}
		cut++
	}
	if cut == 0 {
		w.Fatal("no cache follows the registry: this proves nothing")
	}
}

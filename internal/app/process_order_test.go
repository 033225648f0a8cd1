package app_test

import (
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/testkit"
)

// When workers come back, requests may be read before the processes that were published ahead of them.
func TestW2_AProcessInABacklogIsNotMissing(t *testing.T) {
	w := newWorld(t)
	book := w.logged()
	w.connect("crm", onlyFor("ann"))
	goOn := w.holdUp(events.StreamPermissions, bus.DurablePermissions)
	w.publish(events.ProcessPublished, onboarding("1", "crm"))
	r := w.action("", step("1"))
	w.publishedBefore(events.ActionRequested, r)
	book.retried(t, r.ID, "conflict")
	goOn()
	w.ends(r.ID, events.ActionCompleted)
}

// An upstream system's clock that is slow takes nothing from the time in which what belongs together may come.
func TestW2_ASlowClockTakesNoPatience(t *testing.T) {
	w := newWorld(t)
	book := w.logged()
	w.connect("crm", onlyFor("ann"))
	slow := time.Now().Add(-2 * time.Minute)
	r := w.action("", step("1"))
	w.publishAt(events.ActionRequested, slow, r)
	book.retried(t, r.ID, "conflict")
	w.publishAt(events.ProcessPublished, slow, onboarding("1", "crm"))
	w.ends(r.ID, events.ActionCompleted)

	w.publishAt(events.ProcessPublished, slow, onboarding("2", "nowhere"))
	testkit.Eventually(t, patient, "a process to be put off for its connection", func() bool {
		return slices.ContainsFunc(book.all(), func(l logLine) bool {
			return l.Stream == events.StreamPermissions && l.Reason == "conflict"
		})
	})
}

// holdUp lets a durable deliver nothing until goOn.
func (w *world) holdUp(stream, durable string) (goOn func()) {
	w.Helper()
	s, err := w.js.Stream(w.Context(), stream)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := s.PauseConsumer(w.Context(), durable, time.Now().Add(time.Hour)); err != nil {
		w.Fatal(err)
	}
	return func() {
		w.Helper()
		if _, err := s.ResumeConsumer(w.Context(), durable); err != nil {
			w.Fatal(err)
		}
	}
}

package main

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// At a terminal, the number of effects is typed in; another number does nothing. A bar shows how far it is.
func TestO2_TheNumberOfEffectsIsTypedIn(t *testing.T) {
	s := newStand(t)
	s.requested(t, 2) // its connection is missing: both are suspended, and then denied as their runs are terminated
	testkit.Publish(t, s.bus, "acme", events.ActionRequested, events.Request{ID: "form", Workflow: "wf", Run: "r", Step: "s1",
		StepKind: events.FormStep, Connection: "crm", Action: events.Action{Connector: "http", Operation: "request"}})
	testkit.Eventually(t, 20*time.Second, "the form step to be denied", func() bool {
		r, err := s.bus.Journal().Last(t.Context(), events.LedgerSubject("acme", "form"))
		return err == nil && r.Type == events.ActionDenied
	})
	forcing := []string{"replay", "--tenant", "acme", "--run", "r", "--force-effects", "--reason", "to see", "--yes"}
	tty, shown, wait := s.atTerminal(t, forcing...)
	shown.waitFor(t, "1 effect(s) happen again. Type their number to go on: ")
	typed(t, tty, "2\n")
	if code := wait(); code != exitRefused || !shown.shows("1 request would be done again, not 2 requests") {
		t.Fatalf("exit code %d: %s", code, &shown.text)
	}
	tty, shown, wait = s.atTerminal(t, forcing...)
	shown.waitFor(t, "Type their number")
	typed(t, tty, "1\n")
	if code := wait(); code != exitOK || !shown.shows("1 driven again") {
		t.Fatalf("exit code %d: %s", code, &shown.text)
	}
	if n := len(s.drivenAgain(t)); n != 1 {
		t.Errorf("%d were driven again", n)
	}
}

package app_test

import (
	"fmt"
	"testing"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// What can not be stored is told and over: an event that came again for ever would hold up all that wait for those
// before them to be answered.
func TestO1_WhatIsTooLargeToStoreIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	w.worker()
	for _, bucket := range []string{events.BucketConnections, events.BucketPermissions} {
		s, err := w.js.Stream(t.Context(), "KV_"+bucket)
		if err != nil {
			t.Fatal(err)
		}
		cfg := s.CachedInfo().Config
		cfg.MaxMsgSize = 2048
		if _, err := w.js.UpdateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	var many []string
	steps := make([]events.ProcessStep, 200)
	for i := range steps {
		many = append(many, fmt.Sprintf("somebody-%d", i))
		steps[i] = events.ProcessStep{ID: fmt.Sprintf("a-long-step-%d", i), Kind: events.FormStep}
	}
	w.tell(events.ConnectionCreated, w.basic("crm", func(c *events.Connection) { c.Users = many }))
	w.tell(events.DirectoryGroupUpdated, events.Group{ID: "all", Members: many, Actor: events.ActorSystem})
	w.tell(events.ProcessPublished, onboarding("1", "", func(p *events.Process) { p.Steps = steps }))
	testkit.Eventually(t, patient, "three dead letters", func() bool {
		return len(w.read(events.StreamDeadLetters, events.DeadLetterSubject(tenant, "too_large"))) == 3
	})
}

package testkit

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
)

// Publish stores an event as an upstream system does, and gives its sequence.
func Publish(tb testing.TB, b *bus.Bus, tenant string, t events.Type, payload any) uint64 {
	tb.Helper()
	e, err := events.New(t, time.Now(), payload)
	if err != nil {
		tb.Fatal(err)
	}
	e.Source = "test/upstream"
	raw, err := e.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	sequence, err := b.PublishEvent(tb.Context(), events.SubjectOf(tenant, t), e.ID, raw)
	if err != nil {
		tb.Fatal(err)
	}
	return sequence
}

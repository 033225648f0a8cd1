package bus_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// Whoever completes a command line has little time, and is not refused.
func TestRecordsAreReadInLittleTime(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	got := 0
	for _, err := range b.Records(ctx, bus.Search{Stream: events.StreamActions, Filter: "hf.>"}) {
		must(t, err)
		got++
	}
	if got != 3 {
		t.Errorf("%d records", got)
	}
}

func TestRecordsAreAllThereInOrder(t *testing.T) {
	n, b := testkit.StartBus(t)
	const count = 700 // more than two batches
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, count)
	subject := events.SubjectOf("other", events.SuspensionResumeRequested)
	e, err := event(t, events.SuspensionResumeRequested, events.SuspensionCommand{Actor: "ann"}).Encode()
	must(t, err)
	last, err := b.PublishEvent(t.Context(), subject, "e", e)
	must(t, err)

	tests := []struct {
		name, filter string
		from         uint64
		want         int
	}{
		{"all", "hf.>", 0, count + 1},
		{"from a sequence on", "hf.>", 600, count + 2 - 600},
		{"one tenant", "hf.acme.>", 0, count},
		{"one event", subject, 0, 1},
		{"behind the end", "hf.>", 10_000, 0},
		{"nothing matches", "hf.nobody.>", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			began, got, before := time.Now(), 0, uint64(0)
			for r, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamActions, Filter: tt.filter, From: tt.from}) {
				must(t, err)
				if r.Sequence <= before || r.Sequence < tt.from || r.Stored.IsZero() || len(r.Raw) == 0 {
					t.Fatalf("after %d: %+v", before, r)
				}
				if isEvent := r.Type != ""; isEvent != (r.Subject == subject) {
					t.Fatalf("%s is an event: %v", r.Subject, isEvent)
				}
				got, before = got+1, r.Sequence
			}
			if took := time.Since(began); got != tt.want || took > 4*time.Second {
				t.Fatalf("%d records within %s, want %d", got, took, tt.want)
			}
		})
	}
	t.Run("since", func(t *testing.T) {
		for r, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamActions, Filter: subject}) {
			must(t, err)
			got := 0
			for s, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamActions, Filter: "hf.>", Since: r.Stored}) {
				must(t, err)
				if got++; s.Sequence != last {
					t.Errorf("%d is older", s.Sequence)
				}
			}
			if got != 1 {
				t.Errorf("%d records", got)
			}
		}
	})
}

// What is removed while it is read is not waited for: it is no failure that a message was there, and is not.
func TestRecordsRemovedMeanwhileAreNoFailure(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, 100)
	s, err := js.Stream(t.Context(), events.StreamActions)
	must(t, err)
	got := 0
	for r, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamActions, Filter: "hf.>"}) {
		must(t, err)
		if got++; got == 1 {
			for n := uint64(90); n <= 100; n++ {
				must(t, s.SecureDeleteMsg(t.Context(), n))
			}
		}
		if r.Sequence >= 90 {
			t.Fatalf("%d is erased", r.Sequence)
		}
	}
	if got != 89 {
		t.Fatalf("%d records", got)
	}
}

func TestRecordsSayThatTheStreamIsMissing(t *testing.T) {
	n := testkit.StartNATS(t)
	b := testkit.ConnectBus(t, n.ClientURL())
	for _, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamDeadLetters, Filter: "hf.>"}) {
		if f := fault.From(err); f == nil || f.Reason != fault.BusUnavailable || f.Hint == "" {
			t.Fatal(fmt.Sprint(err))
		}
	}
}

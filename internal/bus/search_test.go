package bus_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// store publishes a document as it is.
func store(t *testing.T, js jetstream.JetStream, subject, document string) uint64 {
	t.Helper()
	ack, err := js.Publish(t.Context(), subject, []byte(document))
	must(t, err)
	return ack.Sequence
}

// What a search for ids passes over holds none of them, however it was written.
func TestO1_SearchFindsAnIDHoweverItIsEscaped(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	subject := events.SubjectOf("acme", events.ActionRequested)
	store(t, js, subject, `{"run_id":"run-2"}`)
	plain := store(t, js, subject, `{"run_id":"run-1"}`)
	escaped := store(t, js, subject, `{"run_id":"run\u002d1"}`)
	store(t, js, subject, `{"run_id":"other"}`)
	var got []uint64
	var read, all uint64
	for r, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamActions, Filter: subject, Holding: []string{"run-1"},
		Progress: func(r, a uint64) { read, all = r, a }}) {
		must(t, err)
		got = append(got, r.Sequence)
	}
	if !slices.Equal(got, []uint64{plain, escaped}) || read != 1 || all != 4 {
		t.Errorf("%v, progress %d of %d", got, read, all)
	}
}

func TestO1_HeadersAloneTellTheType(t *testing.T) {
	_, b := testkit.StartBus(t)
	_, err := b.Journal().Append(t.Context(), events.LedgerSubject("acme", "q"), 0, event(t, events.ActionDenied, events.Outcome{Request: "q"}))
	must(t, err)
	for r, err := range b.Records(t.Context(), bus.Search{Stream: events.StreamOutcomes, HeadersOnly: true}) {
		must(t, err)
		if r.Type != events.ActionDenied || len(r.Raw) > 0 || r.Subject != events.LedgerSubject("acme", "q") {
			t.Errorf("%+v", r)
		}
	}
}

// Following goes on behind the last message when the server comes back, and misses and repeats nothing.
func TestO1_FollowGoesOnAfterTheServerWasAway(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, 5)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan uint64, 100)
	ended := make(chan error, 1)
	go func() {
		for r, err := range b.Follow(ctx, bus.Search{Stream: events.StreamActions, From: 3}) {
			if err != nil {
				ended <- err
				return
			}
			got <- r.Sequence
		}
		ended <- nil
	}()
	next := func(want uint64) {
		t.Helper()
		select {
		case s := <-got:
			if s != want {
				t.Fatalf("%d, want %d", s, want)
			}
		case <-time.After(patience):
			t.Fatalf("%d did not come", want)
		}
	}
	for want := uint64(3); want <= 5; want++ {
		next(want)
	}
	n.Shutdown()
	n.Start()
	testkit.Eventually(t, patience, "the server", func() bool {
		_, err := js.Publish(t.Context(), events.SubjectOf("acme", events.ActionRequested), []byte("{}"))
		return err == nil
	})
	next(6)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestO1_FollowSaysThatTheStreamIsMissing(t *testing.T) {
	n := testkit.StartNATS(t)
	b := testkit.ConnectBus(t, n.ClientURL())
	for _, err := range b.Follow(t.Context(), bus.Search{Stream: events.StreamActions}) {
		if f := fault.From(err); f.Reason != fault.BusUnavailable || f.Hint == "" {
			t.Fatal(fmt.Sprint(err))
		}
	}
}

// What an operator sees of a consumer: what waits, what is open, what was delivered more than once.
func TestO1_ConsumerStateTellsWhereMessagesAre(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	actions := bus.Durable{Stream: events.StreamActions, Name: bus.DurableActions}
	state := func() bus.ConsumerState {
		s, err := b.Consumer(t.Context(), actions)
		must(t, err)
		return s
	}
	feedActions(t, js, 0, 3)
	testkit.Eventually(t, patience, "three that wait", func() bool { s := state(); return s.Waiting == 3 && s.Asking == 0 && s.Open == 0 })
	sub, err := b.Consume(t.Context(), bus.ConsumerSpec{Stream: events.StreamActions, Durable: bus.DurableActions,
		Backoff: bus.Backoff{Base: time.Millisecond, Cap: time.Millisecond}}, func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		if d.Sequence == 2 {
			return dispatch.Again(fault.New(fault.VaultSealed, "sealed"))
		}
		return dispatch.Done("done")
	})
	must(t, err)
	testkit.Eventually(t, patience, "one that comes again", func() bool {
		s := state()
		return s.Waiting == 0 && s.Open == 1 && s.Again == 1 && s.Delivered == 3 && s.Floor == 1 && s.Asking > 0
	})
	must(t, sub.Drain(t.Context()))
	last, err := b.State(t.Context(), events.StreamActions)
	must(t, err)
	if last.First != 1 || last.Last != 3 || last.Messages != 3 || last.MaxAge != 7*24*time.Hour || last.Replicas != 1 {
		t.Errorf("%+v", last)
	}
}

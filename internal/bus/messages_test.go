package bus_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

func TestO5_MessagesOfARange(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	const count = 700 // more than two batches
	feedActions(t, js, 0, count)
	middle, there, err := b.MessageAt(t.Context(), events.StreamActions, 400)
	if err != nil || !there || middle.Sequence != 400 || middle.Stored.IsZero() || len(middle.Raw) == 0 {
		t.Fatalf("%+v, %t, %v", middle, there, err)
	}
	for name, tt := range map[string]struct {
		of   bus.Search
		want int
	}{
		"all":                 {bus.Search{}, count},
		"up to a sequence":    {bus.Search{Filter: "hf.acme.>", Last: 600}, 600},
		"from a time on":      {bus.Search{Filter: "hf.>", Since: middle.Stored, Last: count}, count - 399},
		"of nobody":           {bus.Search{Filter: "hf.nobody.>", Last: count}, 0},
		"from a sequence on":  {bus.Search{From: 600, Since: time.Now().Add(time.Hour)}, count - 599},
		"one":                 {bus.Search{From: 5, Last: 5}, 1},
		"behind the last":     {bus.Search{From: count + 1}, 0},
		"from the future on":  {bus.Search{Filter: "hf.>", Since: time.Now().Add(time.Hour), Last: count}, 0},
		"from a time to that": {bus.Search{Filter: "hf.>", Since: middle.Stored, Last: 400}, 1},
	} {
		tt.of.Stream = events.StreamActions
		got, before := 0, uint64(0)
		for m, err := range b.Messages(t.Context(), tt.of) {
			must(t, err)
			if m.Sequence <= before || m.Subject != events.SubjectOf("acme", events.ActionRequested) {
				t.Fatalf("%s: after %d: %+v", name, before, m)
			}
			got, before = got+1, m.Sequence
		}
		if got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// Reading goes on behind the last message after the bus was away, and gives nothing twice; what was erased meanwhile is
// passed over.
func TestO5_ReadingGoesOnAfterTheBusWasAway(t *testing.T) {
	n, b := testkit.StartBus(t)
	const count, erased = 6000, 5500 // further away than is read ahead: what is on its way can not be taken back
	nc, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, count)
	s, err := js.Stream(t.Context(), events.StreamActions)
	must(t, err)
	got, before := 0, uint64(0)
	for m, err := range b.Messages(t.Context(), bus.Search{Stream: events.StreamActions, Last: count}) {
		must(t, err)
		if m.Sequence <= before || m.Sequence == erased {
			t.Fatalf("%d after %d", m.Sequence, before)
		}
		if got, before = got+1, m.Sequence; got == 100 {
			must(t, s.SecureDeleteMsg(t.Context(), erased))
			n.Shutdown()
			n.Start()
			testkit.Eventually(t, patience, "the client is back", nc.IsConnected)
		}
	}
	if got != count-1 || before != count {
		t.Errorf("%d messages, the last %d", got, before)
	}
}

// Whoever gives up reading, and ends the context with that, is told no more.
func TestO5_ReadingThatIsGivenUpEnds(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, 200)
	for _, enough := range []int{1, 32, 33, 100, 200} {
		ctx, cancel := context.WithCancel(t.Context())
		got := 0
		for _, err := range b.Messages(ctx, bus.Search{Stream: events.StreamActions}) {
			must(t, err)
			if got++; got == enough {
				cancel()
				break
			}
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ended error
	for m, err := range b.Messages(ctx, bus.Search{Stream: events.StreamActions}) {
		if ended = err; m.Sequence == 100 {
			cancel()
		}
	}
	if ended == nil {
		t.Error("reading was ended in the middle, and nothing says so")
	}
}

func TestO5_ReadingSaysWhatIsWrong(t *testing.T) {
	n := testkit.StartNATS(t)
	b := testkit.ConnectBus(t, n.ClientURL())
	for _, err := range b.Messages(t.Context(), bus.Search{Stream: events.StreamActions}) {
		if f := fault.From(err); f == nil || f.Hint == "" || !strings.Contains(f.Detail, events.StreamActions) {
			t.Fatalf("%v", err)
		}
	}
	if _, err := b.State(t.Context(), events.StreamActions); err == nil {
		t.Error("there is no stream, and it has a state")
	}
	testkit.SetUpBus(t, b)
	if _, err := b.Consumer(t.Context(), bus.Durable{Stream: events.StreamActions, Name: "other"}); fault.From(err) == nil || fault.From(err).Hint == "" {
		t.Errorf("%v", err)
	}
}

// What a stream holds, and how far workers are with it, is what the server says.
func TestO5_WhatAStreamHoldsAndHowFarWorkersAre(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	e, err := b.State(t.Context(), events.StreamActions)
	if err != nil || e.Messages != 0 || e.Last != 0 || !e.FirstStored.IsZero() || e.Now.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	feedActions(t, js, 0, 10)
	s, err := js.Stream(t.Context(), events.StreamActions)
	must(t, err)
	must(t, s.Purge(t.Context(), jetstream.WithPurgeSequence(4)))
	e, err = b.State(t.Context(), events.StreamActions)
	if err != nil || e.First != 4 || e.Last != 10 || e.Messages != 7 || e.FirstStored.IsZero() || e.Now.Before(e.FirstStored) {
		t.Errorf("%+v, %v", e, err)
	}
	if _, there, err := b.MessageAt(t.Context(), events.StreamActions, 3); there || err != nil {
		t.Errorf("3 is there: %t, %v", there, err)
	}
	c, err := js.Consumer(t.Context(), events.StreamActions, bus.DurableActions)
	must(t, err)
	batch, err := c.Fetch(3)
	must(t, err)
	first := true
	for m := range batch.Messages() {
		if first {
			must(t, m.DoubleAck(t.Context()))
		}
		first = false
	}
	l, err := b.Consumer(t.Context(), bus.Durable{Stream: events.StreamActions, Name: bus.DurableActions})
	if err != nil || l.Floor != 4 || l.Delivered != 6 || l.Open != 2 || l.Waiting != 4 {
		t.Errorf("%+v, %v", l, err)
	}
}

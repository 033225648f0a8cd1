package explain

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
)

func stored(t *testing.T, kind events.Type, payload any) bus.Stored {
	t.Helper()
	e, err := events.New(kind, time.Unix(0, 0), payload)
	if err != nil {
		t.Fatal(err)
	}
	return bus.Stored{Record: events.Record{Event: e, Stored: time.Unix(100, 0), Sequence: 1}, Subject: "hf.acme.x.y"}
}

// What a consumer tells of a message, and no more than that.
func TestO1_PlaceInTheQueue(t *testing.T) {
	for _, tt := range []struct {
		name     string
		consumer bus.ConsumerState
		want     string
		not      string
	}{
		{"not delivered", bus.ConsumerState{Delivered: 4, Floor: 4, Waiting: 12, Asking: 2}, "12 messages have not been delivered", "no worker asks"},
		{"nobody asks", bus.ConsumerState{Delivered: 4, Floor: 4, Waiting: 1}, "1 message has not been delivered to a worker yet, and no worker asks", "delivered more"},
		{"the first delivery", bus.ConsumerState{Delivered: 9, Floor: 4, Open: 1}, "of 1 that are open, 0 were delivered more than once", "so that"},
		{"comes again", bus.ConsumerState{Delivered: 9, Floor: 4, Open: 1, Again: 1}, "it was delivered more than once, so that a try before did not end it", "of 1"},
		{"all come again", bus.ConsumerState{Delivered: 9, Floor: 4, Open: 7, Again: 7}, "all 7 that are open were delivered more than once", "of 7"},
		{"some come again", bus.ConsumerState{Delivered: 9, Floor: 4, Open: 7, Again: 3}, "of 7 that are open, 3 were delivered more than once", "all 7"},
		{"answered", bus.ConsumerState{Delivered: 9, Floor: 5}, "acknowledged it, and it has no outcome", "delivered"},
	} {
		got := placeOf(tt.consumer, 5).text(tt.consumer)
		if !strings.Contains(got, tt.want) || strings.Contains(got, tt.not) {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

// Requests that stand the same are one line, with how many more there are.
func TestO1_RequestsThatStandTheSameAreCounted(t *testing.T) {
	var all []Entry
	for range 500 {
		all = together(all, Entry{State: "waiting", Connection: "crm", Reason: "bad_credentials"})
	}
	all = together(all, Entry{State: "waiting", Connection: "erp", Reason: "bad_credentials"})
	if len(all) != 2 || all[0].More != 499 || all[1].More != 0 {
		t.Errorf("%+v", all)
	}
}

// A dead letter whose message was kept back is known by where the message was.
func TestO1_AWithheldDeadLetterBelongsToItsRequest(t *testing.T) {
	s := newStory(Question{Kind: Request, Tenant: "acme", ID: "req-1"})
	asked, _ := read(events.StreamActions, stored(t, events.ActionRequested, events.Request{ID: "req-1", Run: "run-1"}))
	asked.Sequence = 17
	for _, l := range []events.DeadLetterData{
		{Reason: "secret_in_event", Withheld: true, Origin: events.Origin{Stream: events.StreamActions, Sequence: 17}},
		{Reason: "secret_in_event", Withheld: true, Origin: events.Origin{Stream: events.StreamActions, Sequence: 18}},
		{Reason: "secret_in_event", Withheld: true, Origin: events.Origin{Stream: events.StreamConnections, Sequence: 17}},
	} {
		s.add(asked)
		letter, ok := read(events.StreamDeadLetters, stored(t, events.DeadLetter, l))
		if !ok {
			t.Fatal("no letter")
		}
		s.add(letter)
	}
	if len(s.Entries) != 2 || s.about["req-1"].letter.Reason != "secret_in_event" {
		t.Errorf("%+v", s.Entries)
	}
}

// What happens to a connection is a part of a story only while one of its requests is on its way.
func TestO1_WhatHappensToAConnectionLaterIsAnotherStory(t *testing.T) {
	s := newStory(Question{Kind: Request, Tenant: "acme", ID: "req-1"})
	at := func(e Entry, seconds int64) Entry {
		e.At, e.Sequence, e.EventID = time.Unix(seconds, 0), uint64(seconds), ""
		return e
	}
	request, _ := read(events.StreamActions, stored(t, events.ActionRequested, events.Request{ID: "req-1", Run: "run-1", Connection: "crm"}))
	end, _ := read(events.StreamOutcomes, stored(t, events.ActionCompleted, events.Outcome{Request: "req-1", Run: "run-1", Connection: "crm"}))
	broken, _ := read(events.StreamNotices, stored(t, events.ConnectionBroken, events.ConnectionNotice{ID: "crm"}))
	other, _ := read(events.StreamNotices, stored(t, events.ConnectionBroken, events.ConnectionNotice{ID: "erp"}))
	s.add(at(request, 10))
	s.add(at(end, 20))
	for seconds, want := range map[int64]bool{9: false, 10: true, 15: true, 20: true, 21: false} {
		if s.add(at(broken, seconds)) != want || s.add(at(other, seconds)) {
			t.Errorf("at %d: not as wanted", seconds)
		}
	}
}

// An entry holds nothing of what a request carries, nor of what a target answered.
func TestO1_AStoryHoldsNoInputAndNoAnswer(t *testing.T) {
	const canary = "CANARY"
	input := json.RawMessage(`{"x":"` + canary + `"}`)
	original, err := events.Marshal(events.Request{ID: "req-1", Action: events.Action{Input: input}})
	if err != nil {
		t.Fatal(err)
	}
	for stream, r := range map[string]bus.Stored{
		events.StreamActions:     stored(t, events.ActionRequested, events.Request{ID: "req-1", Action: events.Action{Input: input}}),
		events.StreamOutcomes:    stored(t, events.ActionCompleted, events.Outcome{Request: "req-1", Response: input}),
		events.StreamSuspensions: stored(t, events.SuspensionSuspended, events.Suspension{Request: "req-1", Original: original}),
		events.StreamDeadLetters: stored(t, events.DeadLetter, events.DeadLetterData{Original: []byte(canary)}),
	} {
		e, ok := read(stream, r)
		raw, err := json.Marshal(e)
		if !ok || err != nil || strings.Contains(string(raw), canary) {
			t.Errorf("%s: %s %v", stream, raw, err)
		}
	}
}

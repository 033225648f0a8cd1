package explain

import (
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// acted is what was done with a letter, as it is read.
func acted(t *testing.T, kind events.Type, sequence uint64, payload any) Entry {
	t.Helper()
	r := stored(t, kind, payload)
	r.Sequence, r.Stored = sequence, time.Unix(int64(sequence), 0)
	e, ok := read(events.StreamDeadLetters, r)
	if !ok {
		t.Fatalf("%s is not read", kind)
	}
	return e
}

// A letter that is tried again is none to be published again, until it fails again: then the new one counts.
func TestO1_WhatWasDoneWithADeadLetterCounts(t *testing.T) {
	s := newStory(Question{Kind: Request, Tenant: "acme", ID: "req-1"})
	original, err := events.New(events.ActionRequested, time.Now(), events.Request{ID: "req-1"})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := original.Encode()
	if err != nil {
		t.Fatal(err)
	}
	letter := events.DeadLetterData{Reason: "poison", Original: raw, Origin: events.Origin{Stream: events.StreamActions, Sequence: 3}}
	retried := events.DeadLetterAct{Letter: 10, Actor: "ada", Why: "it is mended"}
	published := retried
	published.Published = &events.Origin{Stream: events.StreamActions, Sequence: 8}
	for _, step := range []struct {
		entry Entry
		told  bool
		over  string // how it stands; empty: it is on its way
	}{
		{acted(t, events.DeadLetter, 10, letter), true, "poison"},
		{acted(t, events.DeadLetterRetried, 11, retried), true, ""},
		{acted(t, events.DeadLetterRetried, 12, published), false, ""}, // the same retry
		{acted(t, events.DeadLetter, 13, letter), true, "poison"},
		{acted(t, events.DeadLetterAnswered, 14, events.DeadLetterAnswer{Letter: 10, Outcome: events.AnswerDeadLetter, Next: 13}), true, "poison"},
		{acted(t, events.DeadLetterDropped, 15, events.DeadLetterAct{Letter: 13, Actor: "ben", Why: "nobody needs it"}), true, "dropped by ben: nobody needs it"},
		{acted(t, events.DeadLetterDropped, 16, events.DeadLetterAct{Letter: 99}), false, "dropped by ben"}, // another's
	} {
		if s.add(step.entry) != step.told {
			t.Errorf("%s is not told as wanted", step.entry.Text)
		}
		e, over := (&teller{}).standLetter(Entry{}, s.about["req-1"])
		if over != (step.over != "") || !strings.Contains(e.Text, step.over) {
			t.Errorf("after %s: %t, %s", step.entry.Text, over, e.Text)
		}
	}
	if got := s.about["req-1"].origins; len(got) != 2 || got[1] != 8 {
		t.Errorf("it was seen at %v", got)
	}
}

// What did an ended request again is searched for only where there can be anything.
func TestO1_RepeatsAreSearchedForAfterAReplay(t *testing.T) {
	_, b := testkit.StartBus(t)
	publishMany(t, b)
	appendTo(t, b, events.LedgerSubject("acme", "req-1"), events.ActionCompleted, events.Outcome{Tenant: "acme", Request: "req-1", Run: "run-1"})
	ended := time.Now().Add(-time.Minute)
	for _, replayed := range []bool{false, true} {
		if replayed {
			if _, err := b.Replays().Save(t.Context(), "checkpoint.one", []byte(`{}`), 0); err != nil {
				t.Fatal(err)
			}
		}
		if any, err := b.Replays().Since(t.Context(), ended); err != nil || any != replayed {
			t.Fatalf("replayed: %t, %v", any, err)
		}
		searched := 0
		teller := &Teller{Looks: b, Chains: b.Journal(), Clock: b.Clock(), Replays: b.Replays(),
			Progress: func(stream string, _, _ uint64) { searched += map[bool]int{true: 1}[stream == events.StreamActions] }}
		testkit.Publish(t, b, "acme", events.ActionRequested, events.Request{ID: "req-1-again-1", ReplayOf: "req-1", Run: "run-1"})
		got, err := teller.Tell(t.Context(), Question{Kind: Request, Tenant: "acme", ID: "req-1"})
		if err != nil || (searched > 0) != replayed {
			t.Errorf("replayed: %t: %v, searched %d", replayed, err, searched)
		}
		if again := strings.Contains(got.Entries[len(got.Entries)-1].Text, "done again as req-1-again-1"); again != replayed {
			t.Errorf("replayed: %t: %s", replayed, got.Entries[len(got.Entries)-1].Text)
		}
	}
}

// A chain's move that workers gave up is told as that, and so is the command to handle it again; one that the chain has
// left behind is not.
func TestO1_AMoveThatWasGivenUpIsTold(t *testing.T) {
	command := events.SuspensionCommand{Request: "req-1", Run: "run-1", Connection: "crm", Actor: "ada", GivenUp: 1}
	resumed := events.Suspension{Request: "req-1", Run: "run-1", Connection: "crm"}
	chain, _ := read(events.StreamSuspensions, stored(t, events.SuspensionResumed, resumed))
	for name, c := range map[string]struct {
		kind     events.Type
		original any
		origin   events.Origin
		given    bool
	}{
		"the move":       {events.SuspensionResumed, resumed, events.Origin{Stream: events.StreamSuspensions, Sequence: 1}, true},
		"the command":    {events.SuspensionResumeRequested, command, events.Origin{Stream: events.StreamActions, Sequence: 7}, true},
		"an older event": {events.SuspensionResumed, resumed, events.Origin{Stream: events.StreamSuspensions, Sequence: 8}, false},
		"the request":    {events.ActionRequested, events.Request{ID: "req-1"}, events.Origin{Stream: events.StreamActions, Sequence: 1}, false},
	} {
		s := newStory(Question{Kind: Request, Tenant: "acme", ID: "req-1"})
		raw, err := stored(t, c.kind, c.original).Encode()
		if err != nil {
			t.Fatal(err)
		}
		s.add(chain)
		s.add(acted(t, events.DeadLetter, 10, events.DeadLetterData{Reason: "poison", Original: raw, Origin: c.origin}))
		e, told := (&teller{story: s}).standLetter(Entry{}, s.about["req-1"])
		if told != c.given || told && !strings.Contains(strings.Join(e.Advice, " "), "deadletters retry 10") {
			t.Errorf("%s: %v, %+v", name, told, e)
		}
		s.add(acted(t, events.DeadLetterRetried, 11, events.DeadLetterAct{Letter: 10, Actor: "ada"}))
		if _, told := (&teller{story: s}).standLetter(Entry{}, s.about["req-1"]); told {
			t.Errorf("%s: it is tried again, and told as given up", name)
		}
	}
}

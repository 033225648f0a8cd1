package explain

import (
	"slices"
	"testing"
	"time"

	"holdfast/events"
)

// entries makes one of each letter: the same letter is alike, of another request, a second later.
func entries(letters string) []Entry {
	kinds := map[rune]events.Type{'s': events.SuspensionSuspended, 'r': events.SuspensionResumed, 'b': events.ConnectionBroken,
		'c': events.ActionCompleted, 'm': events.ActionSuspended}
	var all []Entry
	for i, l := range letters {
		e := Entry{At: time.Unix(int64(i), 0), Event: string(l), Request: string(rune('0' + i)), kind: kinds[l]}
		if l == 'n' {
			e.Event = EventNow
		}
		all = append(all, e)
	}
	return all
}

func TestO1_WhatIsRepeatedIsThereOnce(t *testing.T) {
	for in, want := range map[string]string{
		"":             "",
		"sc":           "sc",
		"ss":           "ss", // two are as short as one and a line about it
		"sssc":         "s+2/1c",
		"bsrsrsrc":     "bsr+2/2c",
		"srsrn":        "sr+1/2n",
		"bsrcbsrcbsrc": "bsrc+2/4",
		"nnn":          "nnn", // how it stands is never folded
	} {
		got := ""
		for _, l := range Fold(entries(in)) {
			got += map[bool]string{true: "n", false: l.Event}[l.Event == EventNow]
			if l.Folded > 0 {
				got += "+" + string(rune('0'+l.Folded)) + "/" + string(rune('0'+l.Block))
			}
		}
		if got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
	last := Fold(entries("ssssss"))[0]
	if last.Until != time.Unix(5, 0) {
		t.Errorf("the last at %s", last.Until)
	}
}

func TestO1_TheLedgersMarkIsLeftOutWhereTheChainSaysMore(t *testing.T) {
	all := entries("ms")
	all[1].Request = all[0].Request
	if got := Fold(all); len(got) != 1 || got[0].kind != events.SuspensionSuspended {
		t.Errorf("%+v", got)
	}
	if got := Fold(entries("m")); len(got) != 1 { // a worker was lost in between: it is all there is
		t.Errorf("%+v", got)
	}
}

// Every type of event that may be in a story has a sentence of its own.
func TestO1_EveryEventHasASentence(t *testing.T) {
	streams := map[string]string{"deadletter": events.StreamDeadLetters, "action": events.StreamOutcomes, "suspension": events.StreamSuspensions, "connection": events.StreamConnections}
	for _, kind := range slices.Concat(events.Inbound(), events.Outbound()) {
		stream, known := streams[kind.Noun()]
		if !known {
			continue // of users, places and processes: no story is about them
		}
		if slices.Contains(events.Outbound(), kind) && kind.Noun() == "connection" {
			stream = events.StreamNotices
		}
		r := stored(t, kind, map[string]any{"reason": "bad_credentials"})
		e, ok := read(stream, r)
		if !ok || e.Text == "" || e.kind != kind {
			t.Errorf("%s: %q", kind, e.Text)
		}
	}
}

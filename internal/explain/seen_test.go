package explain

import (
	"testing"

	"holdfast/events"
)

// An id is no more than its source's, and what is published again keeps it: only what HF_HISTORY repeats is left out.
func TestO1_OnlyWhatTheHistoryRepeatsIsLeftOut(t *testing.T) {
	of := func(stream string, sequence uint64, source string) Entry {
		return Entry{Stream: stream, Sequence: sequence, Source: source, EventID: "e1", kind: events.ActionRequested}
	}
	steps := []struct {
		name  string
		entry Entry
		want  bool
	}{
		{"a message", of(events.StreamActions, 1, "shop"), true},
		{"the same message, come by again", of(events.StreamActions, 1, "shop"), false},
		{"another source with the same id", of(events.StreamActions, 2, "crm"), true},
		{"published again, under its own id", of(events.StreamActions, 3, "shop"), true},
		{"of the history", of(events.StreamHistory, 9, "shop"), false},
		{"of the history, of nobody here", of(events.StreamHistory, 10, "erp"), true},
		{"what the history had", of(events.StreamOutcomes, 4, "erp"), false},
	}
	s := newSeen()
	for _, step := range steps {
		if got := s.first(step.entry); got != step.want {
			t.Errorf("%s: %t", step.name, got)
		}
	}
}

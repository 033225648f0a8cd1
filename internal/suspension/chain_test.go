package suspension_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/suspension"
)

var (
	moves = []events.Type{
		events.SuspensionSuspended, events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated,
	}
	start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func TestC15_AllowedMoves(t *testing.T) {
	allowed := map[suspension.State][]events.Type{
		suspension.Absent:     {events.SuspensionSuspended},
		suspension.Waiting:    {events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated},
		suspension.Resumed:    {events.SuspensionSuspended},
		suspension.Terminated: {},
	}
	for state, want := range allowed {
		for _, move := range moves {
			expected := false
			for _, w := range want {
				expected = expected || w == move
			}
			if got := suspension.Allowed(state, move); got != expected {
				t.Errorf("state %d, move %s: allowed %t, want %t", state, move, got, expected)
			}
		}
	}
}

// bus is one chain's subject: it stores a publish only when the expected sequence is the last.
type bus struct{ records []events.Record }

func (b *bus) last() events.Record {
	if len(b.records) == 0 {
		return events.Record{}
	}
	return b.records[len(b.records)-1]
}

func (b *bus) append(after uint64, e events.Event) bool {
	if b.last().Sequence != after {
		return false
	}
	b.records = append(b.records, events.Record{Event: e, Sequence: after + 1, Stored: start})
	return true
}

// actor is somebody who looked at the chain some time ago and now acts on what it saw.
type actor struct{ seen events.Record }

func (a actor) move(t *rapid.T, b *bus, to events.Type) (landed bool) {
	s, err := a.next(t, to)
	if err != nil {
		if suspension.Allowed(suspension.StateOf(a.seen), to) {
			t.Fatalf("%s after %q refused: %v", to, a.seen.Type, err)
		}
		return false
	}
	e, err := events.New(to, start, s)
	if err != nil {
		t.Fatal(err)
	}
	return b.append(a.seen.Sequence, e)
}

func (a actor) next(t *rapid.T, to events.Type) (events.Suspension, error) {
	if to == events.SuspensionSuspended {
		if !suspension.Allowed(suspension.StateOf(a.seen), to) {
			return events.Suspension{}, suspension.ErrMove
		}
		why := suspension.Why{Fault: fault.New(fault.BadCredentials, "401"), Fence: connection.Fence{Generation: 1}}
		return suspension.Suspend(events.Request{ID: "r"}, events.Origin{}, why, start, time.Hour, a.seen.Sequence)
	}
	if a.seen.Sequence == 0 {
		return events.Suspension{}, suspension.ErrMove
	}
	s, err := events.Payload[events.Suspension](a.seen.Event)
	if err != nil {
		t.Fatal(err)
	}
	step := suspension.Step{Cause: events.CauseOperator, Actor: "op"}
	switch to {
	case events.SuspensionExtended:
		return suspension.Extend(a.seen, s, step, start.Add(2*time.Hour))
	case events.SuspensionResumed:
		return suspension.Resume(a.seen, s, step, connection.Fence{})
	default:
		return suspension.Terminate(a.seen, s, step)
	}
}

// Many act on what they saw at different times; whatever the order, each wait has one end at most, nothing
// follows terminated, and each event names the one before it.
func TestC15_OneEndWhateverTheInterleaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &bus{}
		actors := make([]actor, 4)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			who := rapid.IntRange(0, len(actors)-1).Draw(t, "who")
			if rapid.Bool().Draw(t, "looks") {
				actors[who].seen = b.last()
				continue
			}
			actors[who].move(t, b, rapid.SampledFrom(moves).Draw(t, "move"))
		}
		checkChain(t, b.records)
	})
}

func checkChain(t *rapid.T, records []events.Record) {
	var before events.Record
	for _, r := range records {
		if !suspension.Allowed(suspension.StateOf(before), r.Type) {
			t.Fatalf("%s follows %q", r.Type, before.Type)
		}
		s, err := events.Payload[events.Suspension](r.Event)
		if err != nil {
			t.Fatal(err)
		}
		if s.Previous != before.Sequence {
			t.Fatalf("%s names %d as the one before it, it is %d", r.Type, s.Previous, before.Sequence)
		}
		before = r
	}
}

func TestC12_SuspendedSaysWhyAndUntilWhen(t *testing.T) {
	r := events.Request{Tenant: "acme", ID: "r1", Connection: "crm", Run: "run1", Workflow: "wf", Step: "s1"}
	why := suspension.Why{
		Fault: fault.New(fault.InvalidGrant, "the provider refused the grant"),
		Fence: connection.Fence{Generation: 7, SecretVersion: 3},
	}
	s, err := suspension.Suspend(r, events.Origin{Stream: events.StreamActions, Sequence: 9}, why, start, 240*time.Hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	if s.Reason != "invalid_grant" || s.Connection != "crm" || !s.TerminatesAt.Equal(start.Add(240*time.Hour)) {
		t.Errorf("reason %q, connection %q, terminates at %s", s.Reason, s.Connection, s.TerminatesAt)
	}
	if s.Generation != 7 || s.SecretVersion != 3 || s.OriginalAt.Sequence != 9 {
		t.Errorf("the credentials or the origin are lost: %+v", s)
	}
}

func TestC13_TimerRingsAheadOfTheEndAndAtIt(t *testing.T) {
	s := events.Suspension{TerminatesAt: start.Add(240 * time.Hour)}
	for _, c := range []struct {
		name        string
		now         time.Time
		ahead, want time.Duration
	}{
		{"first the notice", start, 24 * time.Hour, 216 * time.Hour},
		{"then the end", start.Add(216 * time.Hour), 24 * time.Hour, 24 * time.Hour},
		{"no notice wanted", start, 0, 240 * time.Hour},
		{"shorter than the notice's lead", start.Add(239 * time.Hour), 24 * time.Hour, time.Hour},
		{"over", start.Add(241 * time.Hour), 24 * time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := suspension.NextRing(s, c.now, c.ahead); got != c.want {
				t.Errorf("rings in %s, want %s", got, c.want)
			}
		})
	}
}

func TestC15_EndsNeedAWaitingChain(t *testing.T) {
	for _, last := range []events.Record{
		{Sequence: 2, Event: events.Event{Type: events.SuspensionResumed}},
		{Sequence: 3, Event: events.Event{Type: events.SuspensionTerminated}},
		{},
	} {
		if _, err := suspension.Terminate(last, events.Suspension{}, suspension.Step{}); !errors.Is(err, suspension.ErrMove) {
			t.Errorf("terminate after %q: %v", last.Type, err)
		}
	}
}

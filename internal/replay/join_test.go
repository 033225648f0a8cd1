package replay

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// streamOf gives messages from a sequence on.
func streamOf(all []bus.Message, step int) *cursor {
	return &cursor{size: step, open: func(from uint64) iter.Seq2[bus.Message, error] {
		return func(yield func(bus.Message, error) bool) {
			for _, m := range all {
				if m.Sequence >= from && !yield(m, nil) {
					return
				}
			}
		}
	}}
}

// drawn is what a test's streams hold: requests, and their ledgers, in any order in which that can have happened.
type drawn struct {
	requests, ledgers []bus.Message
	ended             map[string]bool // by ledger
}

func draw(t *rapid.T) (d drawn) {
	n := rapid.IntRange(0, 60).Draw(t, "requests")
	began := time.Unix(1_000_000, 0)
	d.ended = make(map[string]bool)
	type later struct {
		at      time.Time
		subject string
		kind    events.Type
	}
	var all []later
	for i := range n {
		id := fmt.Sprintf("q%d", rapid.IntRange(max(0, i-3), i).Draw(t, "id")) // now and then a copy
		at := began.Add(time.Duration(i) * time.Second)
		d.requests = append(d.requests, bus.Message{Subject: "hf.acme.action.requested", Sequence: uint64(i + 1), Stored: at,
			Raw: fmt.Appendf(nil, `{"data":{"request_id":%q}}`, id)})
		subject := events.LedgerSubject("acme", id)
		if d.ended[subject] || slices.ContainsFunc(all, func(l later) bool { return l.subject == subject }) {
			continue
		}
		delay := time.Duration(rapid.IntRange(0, 100).Draw(t, "delay")) * time.Second
		if rapid.Bool().Draw(t, "marked") {
			all = append(all, later{at.Add(delay / 2), subject, events.ActionStarted})
		}
		if rapid.IntRange(0, 3).Draw(t, "ends") > 0 {
			d.ended[subject] = true
			all = append(all, later{at.Add(delay), subject, events.ActionCompleted})
		}
	}
	slices.SortStableFunc(all, func(a, b later) int { return a.at.Compare(b.at) })
	for i, l := range all {
		d.ledgers = append(d.ledgers, bus.Message{Subject: l.subject, Sequence: uint64(i + 1), Stored: l.at,
			Header: map[string][]string{events.HeaderType: {string(l.kind)}}})
	}
	return d
}

// However requests and ledgers are interleaved, and however little a join may hold, it finds the end of every request
// that has one, and tells of every request once.
func TestO2_AJoinFindsEveryEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		told, open := make(map[uint64]bool), make(map[uint64]bool)
		bounds := joinBounds{window: rapid.IntRange(1, 20).Draw(t, "window") * waitingBytes, most: rapid.IntRange(20, 40).Draw(t, "most") * waitingBytes,
			ahead: rapid.IntRange(1, 50).Draw(t, "ahead"), alone: rapid.IntRange(1, 20).Draw(t, "alone"), skew: 0}
		step := rapid.IntRange(1, 8).Draw(t, "step")
		inOrder := rapid.Bool().Draw(t, "in order")
		for from, more := uint64(1), true; more; {
			rest := d.requests[min(int(from-1), len(d.requests)):]
			var before []bus.Message
			if len(rest) > 0 {
				before = slices.DeleteFunc(slices.Clone(d.ledgers), func(m bus.Message) bool { return m.Stored.Before(rest[0].Stored) })
			}
			j := &join{requests: streamOf(rest, step), ledgers: streamOf(before, step), bounds: bounds, inOrder: inOrder,
				match: func(m bus.Message) (original, bool) { return originalOf(events.StreamActions, m), true },
				ended: func(o original, l last) error {
					if told[o.At.Sequence] || !l.kind.Ends() || !d.ended[events.LedgerSubject("acme", o.IDs.Request)] {
						t.Fatalf("%d (%s) is told to have ended as %q", o.At.Sequence, o.IDs.Request, l.kind)
					}
					told[o.At.Sequence] = true
					return nil
				}}
			part, goesOn, err := j.part(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range part {
				for _, o := range append([]original{w.original}, w.copies...) {
					if told[o.At.Sequence] {
						t.Fatalf("%d is told twice", o.At.Sequence)
					}
					told[o.At.Sequence] = true
					open[o.At.Sequence] = !w.kind.Ends()
				}
			}
			from, more = j.next, goesOn
		}
		for _, m := range d.requests {
			o := originalOf(events.StreamActions, m)
			subject := events.LedgerSubject("acme", o.IDs.Request)
			if !told[m.Sequence] {
				t.Fatalf("%d was passed over", m.Sequence)
			}
			// Copies, and ends before them, are looked up where the join is used.
			if open[m.Sequence] && d.ended[subject] && firstOf(d, o.IDs.Request) == m.Sequence {
				t.Fatalf("%d (%s) has an end that was not found", m.Sequence, o.IDs.Request)
			}
		}
	})
}

// firstOf is the sequence of the first message of a request.
func firstOf(d drawn, id string) uint64 {
	i := slices.IndexFunc(d.requests, func(m bus.Message) bool { return originalOf(events.StreamActions, m).IDs.Request == id })
	return d.requests[i].Sequence
}

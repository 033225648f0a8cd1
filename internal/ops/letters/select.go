package letters

import (
	"context"
	"iter"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
)

// Selection names dead letters; zero members stand for any.
type Selection struct {
	ops.StreamSelection

	// Sequences are the letters themselves.
	Sequences []uint64
	// Type is the event's, whole or as in connection.created.
	Type string
	// States are those to give; none: open and retrying.
	States []State
}

// NewSelection is one of all letters that something is to be done about.
func NewSelection() Selection {
	return Selection{StreamSelection: ops.StreamSelection{Stream: ops.SelectDeadLetters}}
}

// Unbounded tells that nothing was selected: it is of all letters that something is to be done about.
func (s Selection) Unbounded() bool {
	return s.StreamSelection == NewSelection().StreamSelection && len(s.Sequences) == 0 && s.Type == "" && len(s.States) == 0
}

// Check refuses what names nothing.
func (s Selection) Check() error {
	if err := s.StreamSelection.Check(); err != nil {
		return err
	}
	if s.Type != "" && !slices.ContainsFunc(events.Inbound(), s.ofType) {
		return &ops.Problem{Kind: ops.Unclear, Text: "there is no such type of event", Hint: "such as action.requested; docs/how-do-i-send-events.md lists them"}
	}
	for _, state := range s.States {
		if !slices.Contains(States(), state) {
			return &ops.Problem{Kind: ops.Unclear, Text: "there is no such state", Hint: "one of open, retrying, resolved, failed_again, dropped"}
		}
	}
	return nil
}

func (s Selection) ofType(t events.Type) bool {
	return s.Type == string(t) || s.Type == t.Noun()+"."+t.What()
}

func (s Selection) wants(state State) bool {
	if len(s.States) == 0 {
		return !state.Over()
	}
	return slices.Contains(s.States, state)
}

// matches tells whether a letter is meant, its state aside. The tenant is the server's business: it is the letter's
// subject that tells, for the original's may name none.
func (s Selection) matches(v View, now time.Time) bool {
	if len(s.Sequences) > 0 && !slices.Contains(s.Sequences, v.Sequence) || s.Type != "" && !s.ofType(events.Type(v.Type)) {
		return false
	}
	m := ops.Selected{Subject: v.Subject, Sequence: v.Sequence, Stored: v.StoredAt}
	if s.Connection+s.Workflow+s.Run+s.Request != "" {
		m.IDs = ops.ReadIDs(v.Original, len(v.Headers) > 0)
	}
	all := s.StreamSelection
	all.Tenant = ""
	return all.Matches(m, now)
}

// List gives the letters that are meant, the oldest first, without the original messages. It ends with the first error.
func List(ctx context.Context, records ops.Records, s Selection, now time.Time) iter.Seq2[View, error] {
	return func(yield func(View, error) bool) {
		if err := s.Check(); err != nil {
			yield(View{}, err)
			return
		}
		since := s.Since.At(now)
		acts, err := readActs(ctx, records, s.Tenant, since) // a letter comes before what is done with it
		if err != nil {
			yield(View{}, err)
			return
		}
		for r, err := range s.read(ctx, records, since) {
			if err != nil {
				yield(View{}, err)
				return
			}
			v := view(r)
			v.State = acts[v.Sequence].stateOf()
			if !s.wants(v.State) || !s.matches(v, now) {
				continue
			}
			v.Original, v.Headers = nil, nil
			if !yield(v, nil) {
				return
			}
		}
	}
}

// read gives the letters that may be meant.
func (s Selection) read(ctx context.Context, records ops.Records, since time.Time) iter.Seq2[bus.Stored, error] {
	from := s.From
	if len(s.Sequences) > 0 {
		from = max(from, slices.Min(s.Sequences))
	}
	return records.Records(ctx, bus.Search{Stream: events.StreamDeadLetters, Filter: s.Filter(), From: from, Since: since})
}

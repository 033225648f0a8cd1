package ops

import (
	"context"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
)

// RequestFilter names requests by the last event of their ledgers; zero members stand for any.
type RequestFilter struct {
	Tenant     string // never empty
	Connection string
	State      string // one of RequestStates
	Since      When   // the last event was stored then, or later
}

// RequestLine is the last event of a request's ledger, as operators see it in a list.
type RequestLine struct {
	Tenant     string    `json:"tenant"`
	Request    string    `json:"request_id"`
	Workflow   string    `json:"workflow_id"`
	Run        string    `json:"run_id"`
	Step       string    `json:"step_id"`
	Connection string    `json:"connection_id"`
	State      string    `json:"state"`
	Ended      bool      `json:"ended"`
	Reason     string    `json:"reason,omitempty"`
	Rule       string    `json:"rule,omitempty"`
	Sequence   uint64    `json:"sequence"` // in HF_OUTCOMES
	StoredAt   time.Time `json:"stored_at"`
}

// search is what has to be read: from Since on where an end is asked for, which is the last on its ledger; else, since
// something may follow, the last of each.
func (f RequestFilter) search(since time.Time) bus.Search {
	ends := slices.ContainsFunc(marks, func(t events.Type) bool { return t.Ends() && t.What() == f.State })
	return bus.Search{Stream: events.StreamOutcomes, Filter: events.LedgerSubject(f.Tenant, "*"), Since: since, LastOfEach: since.IsZero() || !ends}
}

// marks are what may be the last on a ledger.
var marks = []events.Type{events.ActionCompleted, events.ActionFailed, events.ActionDenied, events.ActionSkipped, events.ActionUnknown,
	events.ActionTerminated, events.ActionSuspended, events.ActionStarted, events.ActionReleased}

// RequestStates are the words for State: the last event of a request's ledger.
func RequestStates() []string {
	words := make([]string, len(marks))
	for i, t := range marks {
		words[i] = t.What()
	}
	return words
}

func (f RequestFilter) check() error {
	if err := (Selection{Tenant: f.Tenant, Connection: f.Connection}).check(); err != nil {
		return err
	}
	if f.State != "" && !slices.Contains(RequestStates(), f.State) {
		return problem(Unclear, "one of "+joined(RequestStates()), "no request has the state %q", f.State)
	}
	return nil
}

// EachRequest gives each request that matches to each, those whose ledger moved last at the end. It keeps
// nothing.
func EachRequest(ctx context.Context, records Records, now time.Time, f RequestFilter, each func(RequestLine) error) error {
	if err := f.check(); err != nil {
		return err
	}
	since := f.Since.At(now)
	for r, err := range records.Records(ctx, f.search(since)) {
		if err != nil {
			return err
		}
		if r.Stored.Before(since) || f.State != "" && r.Type.What() != f.State {
			continue
		}
		o, err := events.Payload[events.Outcome](r.Event)
		if err != nil {
			return fault.Wrap(fault.Internal, "a ledger's event can not be read", err)
		}
		if f.Connection != "" && o.Connection != f.Connection {
			continue
		}
		line := RequestLine{Tenant: f.Tenant, Request: o.Request, Workflow: o.Workflow, Run: o.Run, Step: o.Step, Connection: o.Connection,
			State: r.Type.What(), Ended: r.Type.Ends(), Reason: o.Reason, Rule: o.Rule, Sequence: r.Sequence, StoredAt: r.Stored}
		if err := each(line); err != nil {
			return err
		}
	}
	return nil
}

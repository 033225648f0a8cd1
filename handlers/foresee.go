package handlers

import (
	"context"
	"strings"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// A Foreseer says what a worker would do with a message, and does nothing. It runs the very handlers that a worker
// runs, on ports that look and note (foresee_ports.go): there is no second set of rules that could say something
// else. Whether credentials work can not be foreseen: what is known to be broken counts as broken, everything else
// as working, because neither Vault nor a provider is asked.

// Verdict is what would come of a message.
type Verdict string

// The verdicts.
const (
	Ended          Verdict = "ended"           // it has its outcome: nothing happens
	Pending        Verdict = "pending"         // it is suspended, or at work: nothing new happens
	WouldRun       Verdict = "would_run"       // the action is tried
	WouldSuspend   Verdict = "would_suspend"   // its connection is known not to work
	ConnectionGone Verdict = "connection_gone" // the connection was deleted, or never there: suspended for that
	Denied         Verdict = "denied"          // a rule forbids it now
	WouldSkip      Verdict = "would_skip"      // its own condition is not met: it ends as skipped
	NotValid       Verdict = "not_valid"       // too old, past its deadline, or refused by schema or connector
	WouldWait      Verdict = "would_wait"      // it would be tried again, until something is known
	WouldApply     Verdict = "would_apply"     // a change of a connection, a user, a place or a process
	Applied        Verdict = "applied"         // that change, or a later one, was applied: nothing happens
	Superseded     Verdict = "superseded"      // something later of the same is on the stream: nothing happens
)

// Forecast is a verdict, and why.
type Forecast struct {
	Verdict Verdict
	Reason  fault.Reason
	Detail  string
	Rule    string // denied: the rule
	Field   string // where in the message, as a JSON pointer
	// Concern is what a change is about, and Live the sequence of its last change that was applied; empty for requests.
	Concern Concern
	Live    uint64
}

// Concern names what a change is about: tenant, kind and id.
type Concern struct{ Tenant, Kind, ID string }

// Foreseer foresees one message at a time; it is not for use by more than one goroutine.
type Foreseer struct {
	h    *Handlers
	note *note
}

// NewForeseer makes a Foreseer that looks at s.
func NewForeseer(s Sight, o Options) *Foreseer {
	f := &Foreseer{note: new(note)}
	f.h = New(s.ports(f.note), o)
	return f
}

// Handlers are what the worker's routes are to be made for.
func (f *Foreseer) Handlers() *Handlers { return f.h }

// Foresee hands a delivery to route, which leads to the handlers above, and tells what they would have done. ledger
// is the last record of a request's ledger, the zero Record where there is none; nil looks it up. The error is a bus
// that could not be read.
func (f *Foreseer) Foresee(ctx context.Context, route dispatch.Handler, d dispatch.Delivery, ledger *events.Record) (Forecast, error) {
	*f.note = note{ledger: ledger}
	res := route(ctx, d)
	if err := ctx.Err(); err != nil {
		return Forecast{}, err
	}
	if res.Verb == dispatch.Retry && res.Fault != nil && res.Fault.Reason == fault.BusUnavailable {
		return Forecast{}, res.Fault
	}
	v := f.note.forecast(res)
	v.Concern, v.Live = f.note.concern, f.note.live
	return v, nil
}

// Concerns tells what a change is about, without looking at its state: nothing, where it is refused before anything is
// looked at.
func (f *Foreseer) Concerns(ctx context.Context, route dispatch.Handler, d dispatch.Delivery) Concern {
	*f.note = note{only: true}
	route(ctx, d)
	return f.note.concern
}

// note is what the handlers would have done.
type note struct {
	ledger   *events.Record
	only     bool // no more than what the message is about
	concern  Concern
	live     uint64
	entry    *connection.Entry // the connection that was looked at last
	executed bool
	appended []events.Event // to ledgers and chains
	told     []events.Event // notices
	stored   bool           // an entry or a fact
}

// forecast draws the conclusion.
func (n *note) forecast(res dispatch.Result) Forecast {
	switch {
	case res.Verb == dispatch.Reject:
		return foreseen(NotValid, res.Fault)
	case n.executed:
		return Forecast{Verdict: WouldRun}
	case n.ledger != nil && n.ledger.Type.Ends():
		return Forecast{Verdict: Ended}
	}
	for _, e := range n.told {
		if v, ok := rejection(e); ok {
			return v
		}
	}
	for i := range n.appended { // the last is what it comes to
		if v, ok := end(n.appended[len(n.appended)-1-i]); ok {
			return v
		}
	}
	switch {
	case res.Verb == dispatch.Retry:
		return foreseen(WouldWait, res.Fault)
	case n.ledger != nil && n.ledger.Sequence != 0:
		return Forecast{Verdict: Pending}
	case n.stored:
		return Forecast{Verdict: WouldApply}
	default:
		return Forecast{Verdict: Superseded}
	}
}

func foreseen(v Verdict, f *fault.Fault) Forecast {
	if f == nil {
		return Forecast{Verdict: v}
	}
	return Forecast{Verdict: v, Reason: f.Reason, Detail: f.Detail, Rule: f.Rule, Field: f.Field}
}

// rejection is the verdict of a notice that says no. The members in question have the same names in all kinds.
func rejection(e events.Event) (Forecast, bool) {
	n, err := events.Payload[events.ConnectionNotice](e)
	if err != nil || !strings.HasSuffix(e.Type.What(), "rejected") {
		return Forecast{}, false
	}
	return Forecast{Verdict: Denied, Reason: fault.Reason(n.Reason), Detail: n.Detail, Rule: n.Rule, Field: n.Field}, true
}

// end is the verdict of an event on a ledger or a chain.
func end(e events.Event) (Forecast, bool) {
	switch {
	case e.Type == events.SuspensionSuspended:
		s, err := events.Payload[events.Suspension](e)
		v := Forecast{Verdict: WouldSuspend, Reason: fault.Reason(s.Reason), Detail: s.Detail}
		if v.Reason == fault.ConnectionMissing || v.Reason == fault.ConnectionDeleted {
			v.Verdict = ConnectionGone
		}
		return v, err == nil
	case e.Type.Ends():
		o, err := events.Payload[events.Outcome](e)
		v := Forecast{Verdict: Denied, Reason: fault.Reason(o.Reason), Detail: o.Detail, Rule: o.Rule, Field: o.Field}
		switch e.Type {
		case events.ActionFailed:
			v.Verdict = NotValid
		case events.ActionSkipped:
			v.Verdict = WouldSkip
		default:
		}
		return v, err == nil
	default:
		return Forecast{}, false
	}
}

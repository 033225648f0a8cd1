package explain

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/putoff"
)

// Entry is one line of a story. Members that do not concern an event are empty.
type Entry struct {
	// At is when it was stored, by the bus's clock; of an entry that says how it stands, now.
	At time.Time `json:"at"`
	// Event is the event's type without holdfast and version, such as suspension.resumed; deadletter; now: how it
	// stands; left_out: older entries are too many.
	Event      string `json:"event"`
	Tenant     string `json:"tenant"`
	Connection string `json:"connection_id,omitempty"`
	Workflow   string `json:"workflow_id,omitempty"`
	Run        string `json:"run_id,omitempty"`
	Step       string `json:"step_id,omitempty"`
	Request    string `json:"request_id,omitempty"`
	Text       string `json:"text"` // for people
	// Stream and Sequence are where it is kept; empty where it is no message.
	Stream        string       `json:"stream,omitempty"`
	Sequence      uint64       `json:"sequence,omitempty"`
	EventID       string       `json:"event_id,omitempty"`
	Source        string       `json:"source,omitempty"`
	Reason        string       `json:"reason,omitempty"`
	Class         string       `json:"class,omitempty"` // the reason's
	Detail        string       `json:"detail,omitempty"`
	Rule          string       `json:"rule,omitempty"`
	Field         string       `json:"field,omitempty"`
	Cause         events.Cause `json:"cause,omitempty"`
	Actor         string       `json:"actor,omitempty"`
	Why           string       `json:"why,omitempty"` // what the actor said
	ActingUser    string       `json:"acting_user,omitempty"`
	Account       string       `json:"account,omitempty"`
	Generation    uint64       `json:"generation,omitempty"`
	SecretVersion int          `json:"secret_version,omitempty"`
	TerminatesAt  *time.Time   `json:"terminates_at,omitempty"`
	Deliveries    uint64       `json:"deliveries,omitempty"`
	// ReplayOf is the request that this one does again, and DoneAgainAs the request that did this one again.
	ReplayOf    string `json:"replay_of,omitempty"`
	DoneAgainAs string `json:"done_again_as,omitempty"`
	// Letter is the dead letter that something was done with.
	Letter uint64 `json:"dead_letter,omitempty"`
	// State, Ended, More and Advice are of how it stands now: More is how many more requests stand the same.
	State  string   `json:"state,omitempty"`
	Ended  bool     `json:"ended,omitempty"`
	More   int      `json:"more,omitempty"`
	Advice []string `json:"advice,omitempty"`
	// PutOff is how a worker put the request off the last time, where one that was asked knows.
	PutOff *putoff.Entry `json:"put_off,omitempty"`

	kind events.Type
	// chained marks an outcome of a request that was suspended: it has a chain.
	chained bool
	origin  events.Origin // of an outcome: what was handled; of a dead letter: where the message was
	// started is when the run began, as far as its request says so.
	started *time.Time
	// retryOf is the dead letter that a request is another try of, as its headers say; 0: of none.
	retryOf uint64
	// givenUp is, of the dead letter of a command to handle a chain's event again, that event's sequence.
	givenUp uint64
}

// Events that are no types.
const (
	EventNow        = "now"
	EventLeftOut    = "left_out"
	eventDeadLetter = "deadletter"
)

// read makes an entry of a message; false where it is none that a story is made of.
func read(stream string, r bus.Stored) (Entry, bool) {
	e := Entry{At: r.Stored, Event: r.Type.Noun() + "." + r.Type.What(), Tenant: events.TenantOf(r.Subject),
		Stream: stream, Sequence: r.Sequence, EventID: r.ID, Source: r.Source, kind: r.Type}
	var err error
	switch {
	case r.Type == events.DeadLetter:
		e.Event = eventDeadLetter
		err = e.deadLetter(r)
	case isAct(r.Type):
		err = e.act(r)
	case r.Type == events.ActionRequested:
		err = e.request(r)
	case r.Type.Noun() == "action":
		err = e.outcome(r)
	case isCommand(r.Type):
		err = e.command(r)
	case r.Type.Noun() == "suspension":
		err = e.chain(r)
	case stream == events.StreamNotices && r.Type.Noun() == "connection":
		err = e.notice(r)
	case r.Type.Noun() == "connection":
		err = e.change(r)
	default:
		return e, false
	}
	if c := fault.Reason(e.Reason).Class(); c != fault.None {
		e.Class = c.String()
	}
	return e, err == nil
}

func isCommand(t events.Type) bool {
	return t == events.SuspensionResumeRequested || t == events.SuspensionExtendRequested || t == events.SuspensionTerminateRequested
}

func (e *Entry) request(r bus.Stored) error {
	p, err := events.Payload[events.Request](r.Event)
	e.Connection, e.Workflow, e.Run, e.Step, e.Request = p.Connection, p.Workflow, p.Run, p.Step, p.ID
	e.ActingUser, e.started = p.ActingUser, p.RunStarted
	e.ReplayOf, e.Actor, e.Why = p.ReplayOf, p.ReplayedBy, p.ReplayReason
	e.retryOf, _ = strconv.ParseUint(strings.Join(r.Header[events.HeaderRetryOf], ""), 10, 64)
	e.Text = asked(p, r.Source)
	return err
}

func (e *Entry) outcome(r bus.Stored) error {
	p, err := events.Payload[events.Outcome](r.Event)
	e.Connection, e.Workflow, e.Run, e.Step, e.Request = p.Connection, p.Workflow, p.Run, p.Step, p.Request
	e.Reason, e.Detail, e.Rule, e.Field, e.Cause = p.Reason, p.Detail, p.Rule, p.Field, p.Cause
	e.ActingUser, e.Account = p.ActingUser, p.Account
	e.Generation, e.SecretVersion, e.origin, e.chained = p.Generation, p.SecretVersion, p.Origin, p.Chained
	e.ReplayOf, e.Actor, e.Why = p.ReplayOf, p.ReplayedBy, p.ReplayReason
	e.Text = ended(*e)
	return err
}

func (e *Entry) chain(r bus.Stored) error {
	p, err := events.Payload[events.Suspension](r.Event)
	e.Connection, e.Workflow, e.Run, e.Step, e.Request = p.Connection, p.Workflow, p.Run, p.Step, p.Request
	e.Reason, e.Detail, e.Cause, e.Actor = p.Reason, p.Detail, p.Cause, p.Actor
	e.Generation, e.SecretVersion, e.TerminatesAt, e.origin = p.Generation, p.SecretVersion, &p.TerminatesAt, p.OriginalAt
	var q events.Request
	if json.Unmarshal(p.Original, &q) == nil { // not of a worker's making: the time of the run's start is not known
		e.started = q.RunStarted
	}
	e.Text = moved(*e, p)
	return err
}

func (e *Entry) command(r bus.Stored) error {
	p, err := events.Payload[events.SuspensionCommand](r.Event)
	e.Connection, e.Run, e.Request, e.Actor, e.Why = p.Connection, p.Run, p.Request, p.Actor, p.Reason
	e.Text = commanded(r.Type, p)
	return err
}

func (e *Entry) notice(r bus.Stored) error {
	p, err := events.Payload[events.ConnectionNotice](r.Event)
	e.Connection, e.Reason, e.Detail, e.Field, e.Rule, e.Actor = p.ID, p.Reason, p.Detail, p.Field, p.Rule, p.Actor
	e.Generation, e.SecretVersion = p.Generation, p.SecretVersion
	e.Text = noticed(r.Type, p)
	return err
}

func (e *Entry) change(r bus.Stored) error {
	p, err := events.Payload[events.ConnectionRef](r.Event) // created and updated name these, too
	e.Connection, e.Actor = p.ID, p.Actor
	e.Text = changed(r.Type, p)
	return err
}

// deadLetter is about what its message was about, where that can be read.
func (e *Entry) deadLetter(r bus.Stored) error {
	p, err := events.Payload[events.DeadLetterData](r.Event)
	e.Reason, e.Detail, e.Field, e.Deliveries, e.origin = p.Reason, p.Detail, p.Field, p.Deliveries, p.Origin
	if original, unreadable := events.Decode(p.Original); unreadable == nil {
		e.meant(original)
	}
	e.Text = refused(p, r.Sequence)
	return err
}

// meant reads what an event that could not be handled is about, as far as it says so in the way that it should.
func (e *Entry) meant(original events.Event) {
	switch original.Type.Noun() {
	case events.SuspensionSuspended.Noun():
		e.meantChain(original)
	case events.ActionRequested.Noun():
		if q, err := events.Payload[events.Request](original); err == nil {
			e.Connection, e.Workflow, e.Run, e.Step, e.Request = q.Connection, q.Workflow, q.Run, q.Step, q.ID
		}
	case events.ConnectionCreated.Noun():
		if r, err := events.Payload[events.ConnectionRef](original); err == nil {
			e.Connection = r.ID
		}
	}
}

// meantChain is meant for an event of a chain, and for the command to handle one again. Other commands are none of a
// request's own messages.
func (e *Entry) meantChain(original events.Event) {
	if isCommand(original.Type) {
		c, err := events.Payload[events.SuspensionCommand](original)
		if err == nil && c.GivenUp > 0 {
			e.Connection, e.Run, e.Request, e.givenUp = c.Connection, c.Run, c.Request, c.GivenUp
		}
		return
	}
	if s, err := events.Payload[events.Suspension](original); err == nil {
		e.Connection, e.Workflow, e.Run, e.Step, e.Request = s.Connection, s.Workflow, s.Run, s.Step, s.Request
	}
}

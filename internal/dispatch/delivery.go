package dispatch

import (
	"context"
	"time"

	"holdfast/internal/fault"
)

// Delivery is one message as it came from the bus. Nothing in it has been checked.
type Delivery struct {
	Subject    string
	Stream     string
	Sequence   uint64
	Consumer   string
	Deliveries uint64              // 1 for the first
	Time       time.Time           // when the bus stored it, by the bus's clock
	Header     map[string][]string // canonical as on the wire
	Data       []byte
}

// Get is the first value of a header, "" when there is none. Names are matched exactly.
func (d Delivery) Get(header string) string {
	if v := d.Header[header]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Handler handles one delivery. It never acknowledges: it says what follows, and the bus does it. A
// delivery may come more than once, also at the same time to another worker.
type Handler func(context.Context, Delivery) Result

// Verb is what the bus does with a message after handling.
type Verb uint8

// The verbs.
const (
	// Ack: handled, whatever came of it.
	Ack Verb = iota
	// Retry: deliver it again after a delay.
	Retry
	// Reject: publish a dead letter, wait until it is stored, then never deliver it again.
	Reject
)

// Result is what a handler says of a delivery. Make one with Done, Again or Refuse.
type Result struct {
	Verb  Verb
	Fault *fault.Fault  // why, for Retry and Reject
	After time.Duration // Retry: the least delay; 0 lets the bus back off by the number of deliveries
	// Label says what came of it, for logs and metrics: "completed", "suspended", "duplicate", …
	Label string
	// Answer is what a question is answered with; nil for what is none.
	Answer any
	// EventType and EventID are filled in by the router as soon as they are known.
	EventType string
	EventID   string
}

// Done means that the delivery is handled; label says what came of it.
func Done(label string) Result { return Result{Verb: Ack, Label: label} }

// Answered means that the delivery was a question, and this is the answer.
func Answered(answer any) Result { return Result{Verb: Ack, Label: "answered", Answer: answer} }

// Again means that the delivery shall come again, for the fault's reason and no sooner than it asks.
func Again(f *fault.Fault) Result {
	return Result{Verb: Retry, Fault: f, After: f.RetryAfter, Label: "retry"}
}

// Later means that the delivery was handled, and that a second look after a while is wanted.
func Later(label string, after time.Duration) Result {
	return Result{Verb: Retry, Label: label, After: after}
}

// Refuse means that the delivery can not be handled, ever: it becomes a dead letter.
func Refuse(f *fault.Fault) Result { return Result{Verb: Reject, Fault: f, Label: "dead_letter"} }

// Meta is what a typed handler is told about the event beside its payload.
type Meta struct {
	Delivery

	Tenant    string // the subject's second token
	EventID   string
	EventTime time.Time // CloudEvents time; zero when absent
}

package replay

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/ops"
	"holdfast/internal/secretscan"
)

// Options are what is driven again, and how.
type Options struct {
	Select ops.StreamSelection
	// Rate bounds how many messages are published a second; 0: no bound. InFlight bounds how many of them the workers
	// have not concluded; 0: no bound.
	Rate     float64
	InFlight int
	// Force has requests done again that have an end.
	Force bool
	// Actor is who does it, and Reason why: Force needs it.
	Actor, Reason string
	// Wait is how long to wait, after the last message, for what workers make of it.
	Wait time.Duration
	// Of a replay of the same that was interrupted, Anew forgets how far it was, and GoOn goes on with it also where its
	// range was named by how long ago, and long ago.
	Anew, GoOn bool
	// Say is told, in a sentence, what a person should know before anything happens, or while nothing does; may be nil.
	Say func(string)
}

// Routes makes a worker's routes for handlers.
type Routes func(*handlers.Handlers) (dispatch.Handler, error)

// Replay is one of them.
type Replay struct {
	bus   *bus.Bus
	seer  *handlers.Foreseer
	route dispatch.Handler
	o     Options
	id    string // of this replay; empty in a dry run
	wet   bool   // what is foreseen is driven at once
	force *force // of what has its end; nil: no bounds
	// later is what came after the changes that are looked at, and unsettled what was done to permission sets so far.
	later     *laters
	unsettled unsettled
	at        atomic.Uint64 // the message that was looked at last

	mu sync.Mutex // what a person watches is changed under it
}

// say tells a person something.
func (r *Replay) say(text string) {
	if r.o.Say != nil {
		r.o.Say(text)
	}
}

// looked notes how far reading is.
func (r *Replay) looked(sequence uint64) { r.at.Store(sequence) }

// zero is no time.
var zero time.Time

// New makes a replay; nothing is read yet. ho are the workers' options, as far as the bus and the settings tell them.
func New(b *bus.Bus, s handlers.Sight, ho handlers.Options, routes Routes, o Options) (*Replay, error) {
	if err := o.Select.Check(); err != nil {
		return nil, err
	}
	if o.Force && o.Select.Stream != ops.SelectActions {
		return nil, problem(ops.Unclear, "leave out --force-effects", "only requests have effects")
	}
	if o.Force && (o.Actor == "" || o.Reason == "") {
		return nil, problem(ops.Unclear, "add --reason", "doing again what has an end needs who does it, and why")
	}
	if secretscan.Found([]byte(o.Reason)) || secretscan.Found([]byte(o.Actor)) {
		return nil, problem(ops.Unclear, "say it without", "why it is done is written down, and this seems to hold a secret")
	}
	if o.InFlight < 0 || o.Rate < 0 {
		return nil, problem(ops.Unclear, "0 is no bound", "there is no rate, and no number in flight, below 0")
	}
	r := &Replay{bus: b, seer: handlers.NewForeseer(s, ho), o: o}
	var err error
	r.route, err = routes(r.seer.Handlers())
	return r, err
}

// original is a message that may be driven again.
type original struct {
	At      events.Origin
	Stored  time.Time
	Subject string
	Header  map[string][]string
	Raw     []byte
	IDs     ops.IDs
}

// tenant is the original's, as its subject says.
func (o original) tenant() string { return events.TenantOf(o.Subject) }

// candidate is an original, and what would come of it.
type candidate struct {
	original
	handlers.Forecast

	forced bool // it is done again although it has an end
}

// drives tells whether the candidate is published again. What is not valid any more would only become a dead letter,
// or a failure; what a rule forbids gets its end that way, if it is a request.
func (c candidate) drives() bool {
	if c.forced {
		return true
	}
	switch c.Verdict {
	case handlers.WouldRun, handlers.WouldSuspend, handlers.ConnectionGone, handlers.WouldSkip, handlers.WouldWait, handlers.WouldApply:
		return true
	case handlers.Denied:
		return isRequest(c.Subject)
	default:
		return false
	}
}

func isRequest(subject string) bool {
	return subject == events.SubjectOf(events.TenantOf(subject), events.ActionRequested)
}

// span is the range that a replay goes through: sequences, both included, and the bus's time when it was asked for.
type span struct {
	First uint64    `json:"first"`
	Last  uint64    `json:"last"`
	Asked time.Time `json:"asked"`
}

// wholeSpan is what was asked for as it is now: what is published later is not part of it.
func (r *Replay) wholeSpan(ctx context.Context) (span, error) {
	s := r.o.Select
	holds, err := r.bus.State(ctx, s.StreamName())
	if err != nil {
		return span{}, err
	}
	out := span{First: max(holds.First, s.From, 1), Last: holds.Last, Asked: r.bus.Clock().Now()}
	if s.To > 0 {
		out.Last = min(out.Last, s.To)
	}
	if s.Since.IsZero() || s.From > 0 {
		return out, nil
	}
	out.First = out.Last + 1 // where nothing is as young
	for m, err := range r.bus.Messages(ctx, bus.Search{Stream: s.StreamName(), Filter: s.Filter(), Since: s.Since.At(out.Asked)}) {
		if err != nil {
			return span{}, err
		}
		out.First = m.Sequence
		break
	}
	return out, nil
}

// drivable refuses what is driven elsewhere.
func (r *Replay) drivable() error {
	if r.o.Select.Stream == ops.SelectDeadLetters {
		return problem(ops.Unclear, "holdfast deadletters retry", "dead letters are retried, so that what is done with each is known")
	}
	return nil
}

// each goes through what is selected in a span and tells do of each, foreseen. What is driven comes in order.
func (r *Replay) each(ctx context.Context, sp span, do func(context.Context, candidate) error) error {
	if r.o.Select.Stream == ops.SelectActions {
		return r.eachRequest(ctx, sp, do)
	}
	return r.eachChange(ctx, sp, do)
}

// messages are those of the selected stream in a span, from its beginning or the time that was asked for.
func (r *Replay) messages(ctx context.Context, sp span) func(func(bus.Message, error) bool) {
	return func(yield func(bus.Message, error) bool) {
		for m, err := range r.bus.Messages(ctx, bus.Search{Stream: r.o.Select.StreamName(), Filter: r.o.Select.Filter(), From: sp.First}) {
			if err == nil && m.Sequence > sp.Last || !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// selects tells whether an original is meant, but for the reason of its outcome.
func (r *Replay) selects(o original, asked time.Time) bool {
	return r.o.Select.Matches(ops.Selected{Subject: o.Subject, Sequence: o.At.Sequence, Stored: o.Stored, IDs: o.IDs}, asked)
}

// originalOf is a message of a stream that holds events.
func originalOf(stream string, m bus.Message) original {
	at := events.Origin{Stream: stream, Sequence: m.Sequence}
	return original{At: at, Stored: m.Stored, Subject: m.Subject, Header: m.Header, Raw: m.Raw,
		IDs: ops.ReadIDs(m.Raw, binary(m.Header))}
}

func binary(header map[string][]string) bool { return dispatch.IsBinary(header) }

// foresee asks what would come of an original; ledger is the last record of its ledger, nil where that is to be
// looked up.
func (r *Replay) foresee(ctx context.Context, o original, ledger *events.Record) (candidate, error) {
	f, err := r.seer.Foresee(ctx, r.route, r.delivery(o), ledger)
	return candidate{original: o, Forecast: f}, err
}

// delivery is the original as a worker would get it, were it published now.
func (r *Replay) delivery(o original) dispatch.Delivery {
	stream, _ := home(o.Subject)
	return dispatch.Delivery{Subject: o.Subject, Stream: stream, Sequence: afterAll, Deliveries: 1,
		Time: r.bus.Clock().Now(), Header: o.Header, Data: o.Raw}
}

// afterAll is a sequence that no message of a stream has.
const afterAll = 1 << 62

// home is the stream that keeps an event's subject; ok is false for what is not driven again.
func home(subject string) (stream string, ok bool) {
	t := typeOf(subject)
	if t == "" || t.Noun() == "suspension" || t == events.ConnectionTestRequested {
		return "", false
	}
	return events.StreamOf(t), true
}

// typeOf is the type of event that a subject is for; empty for what no worker handles.
func typeOf(subject string) events.Type {
	tenant := events.TenantOf(subject)
	for _, t := range events.Inbound() {
		if tenant != "" && events.SubjectOf(tenant, t) == subject {
			return t
		}
	}
	return ""
}

func problem(kind ops.Kind, hint, text string) error {
	return &ops.Problem{Kind: kind, Hint: hint, Text: text}
}

package audit_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/audit"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/testkit"
)

// stage is a real bus without a worker: tests write what one would have written, and what none should have.
type stage struct {
	testing.TB

	url    string
	js     jetstream.JetStream
	bus    *bus.Bus
	source audit.Source
}

func newStage(t testing.TB) *stage {
	t.Helper()
	n, b := testkit.StartBus(t)
	nc, err := nats.Connect(n.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	s := &stage{TB: t, url: n.ClientURL(), bus: b, source: ops.AuditSource(b)}
	if s.js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	return s
}

// answer does what workers do last: it answers all that there is. What a consumer says is pending right after a publish is
// not to be trusted: it has to have delivered the last message of its own.
func (s *stage) answer() {
	s.Helper()
	for _, d := range bus.Durables() {
		last := s.lastFor(d)
		c, err := s.js.Consumer(s.Context(), d.Stream, d.Name)
		s.must(err)
		testkit.Eventually(s, time.Minute, "all of "+d.Stream+"/"+d.Name+" is answered", func() bool {
			s.answerSome(c)
			b, err := s.bus.Consumer(s.Context(), d)
			s.must(err)
			return b.Open == 0 && b.Delivered >= last
		})
	}
}

func (s *stage) answerSome(c jetstream.Consumer) {
	s.Helper()
	for answered := 1; answered > 0; {
		answered = 0
		got, err := c.FetchNoWait(500)
		s.must(err)
		for m := range got.Messages() {
			s.must(m.Ack())
			answered++
		}
	}
}

// lastFor is the sequence of the last message that a durable gets; 0: there is none.
func (s *stage) lastFor(d bus.Durable) uint64 {
	s.Helper()
	stream, err := s.js.Stream(s.Context(), d.Stream)
	s.must(err)
	m, err := stream.GetLastMsgForSubject(s.Context(), cmp.Or(d.Filter, ">"))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0
	}
	s.must(err)
	return m.Sequence
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) put(subject string, data []byte, header nats.Header) uint64 {
	s.Helper()
	ack, err := s.js.PublishMsg(s.Context(), &nats.Msg{Subject: subject, Data: data, Header: header})
	s.must(err)
	return ack.Sequence
}

// story is what happened to one request of a tenant of its own.
type story struct {
	*stage

	events.Chain

	asked   uint64            // the request's sequence
	chain   uint64            // the chain's last one
	wait    events.Suspension // the wait at hand
	options audit.Options
}

func (s *stage) story(tenant string) *story {
	return &story{stage: s, Chain: events.Chain{Tenant: tenant, Connection: "crm", Run: "run", Request: "req"},
		options: audit.Options{Tenant: tenant, Settle: -1, Late: -1}}
}

// audit looks at the story's tenant, at a moment when nothing is young and all is answered.
func (s *story) audit() audit.Report {
	s.Helper()
	s.answer()
	r, err := audit.Run(s.Context(), s.source, s.options)
	s.must(err)
	return r
}

func (s *story) event(subject string, t events.Type, payload any) uint64 {
	s.Helper()
	e, err := events.New(t, time.Now(), payload)
	s.must(err)
	raw, err := e.Encode()
	s.must(err)
	return s.put(subject, raw, nil)
}

func (s *story) request(change ...func(*events.Request)) uint64 {
	s.Helper()
	r := events.Request{ID: s.Request, Run: s.Run, Connection: s.Connection, Workflow: "wf", Step: "s", StepKind: events.ActionStep}
	for _, c := range change {
		c(&r)
	}
	s.asked = s.event(events.SubjectOf(s.Tenant, events.ActionRequested), events.ActionRequested, r)
	return s.asked
}

func atMostOnce(r *events.Request) { r.Delivery = events.AtMostOnce }

// mark puts an event on the request's ledger; it came of the request.
func (s *story) mark(t events.Type, change ...func(*events.Outcome)) uint64 {
	s.Helper()
	o := events.Outcome{Tenant: s.Tenant, Request: s.Request, Run: s.Run, Connection: s.Connection,
		Origin: events.Origin{Stream: events.StreamActions, Sequence: s.asked}}
	for _, c := range change {
		c(&o)
	}
	return s.event(events.LedgerSubject(s.Tenant, s.Request), t, o)
}

// byChain says that an outcome came of the chain's last event.
func (s *story) byChain(o *events.Outcome) {
	o.Origin = events.Origin{Stream: events.StreamSuspensions, Sequence: s.chain}
}

// link adds an event to the chain; a wait lasts an hour, and the credentials that fail are version 1.
func (s *story) link(t events.Type, change ...func(*events.Suspension)) uint64 {
	s.Helper()
	if t == events.SuspensionSuspended {
		s.wait = events.Suspension{Tenant: s.Tenant, Connection: s.Connection, Run: s.Run, Request: s.Request,
			Reason: string(fault.BadCredentials), SecretVersion: 1, SuspendedAt: time.Now(), TerminatesAt: time.Now().Add(time.Hour),
			Original: json.RawMessage(`{}`), OriginalAt: events.Origin{Stream: events.StreamActions, Sequence: s.asked}}
	}
	w := s.wait
	w.Previous = s.chain
	for _, c := range change {
		c(&w)
	}
	if t.Waits() {
		s.wait = w
	}
	s.chain = s.event(s.Subject(), t, w)
	return s.chain
}

// suspended is a wait with everything that belongs to it.
func (s *story) suspended(change ...func(*events.Suspension)) uint64 {
	s.Helper()
	n := s.link(events.SuspensionSuspended, change...)
	s.alarm(n)
	return n
}

// by gives an event of the chain its cause.
func by(c events.Cause) func(*events.Suspension) {
	return func(w *events.Suspension) { w.Cause = c }
}

// rotated resumes with the next version of the secret.
func rotated(w *events.Suspension) {
	w.Cause = events.CauseRestored
	w.SecretVersion++
}

// until sets a wait's end, from now.
func until(d time.Duration) func(*events.Suspension) {
	return func(w *events.Suspension) { w.TerminatesAt = time.Now().Add(d) }
}

// command is what an operator asks for; it gives an event of the chain that as its cause.
func (s *story) command(t events.Type, change ...func(*events.SuspensionCommand)) func(*events.Suspension) {
	s.Helper()
	c := events.SuspensionCommand{Request: s.Request, Actor: "op"}
	for _, f := range change {
		f(&c)
	}
	n := s.event(events.SubjectOf(s.Tenant, t), t, c)
	m, ok, err := s.source.Message(s.Context(), events.StreamActions, n)
	if err != nil || !ok {
		s.Fatal(ok, err)
	}
	return func(w *events.Suspension) {
		w.Cause, w.Actor, w.AskedAt = events.CauseOperator, "op", m.Stored.UTC()
	}
}

// alarm sets the alarm of a chain's event; off takes it away.
func (s *story) alarm(of uint64) { s.put(s.timer(of), []byte("x"), nil) }
func (s *story) off(of uint64) {
	s.put(s.timer(of), nil, nats.Header{"KV-Operation": {"PURGE"}})
}

func (s *story) timer(of uint64) string {
	return fmt.Sprintf("$KV.%s.%s.%s.%s.%s.%d", events.BucketTimers, s.Tenant, s.Connection, s.Run, s.Request, of)
}

func (s *story) change(t events.Type) uint64 {
	return s.event(events.SubjectOf(s.Tenant, t), t, events.ConnectionRef{ID: s.Connection, Actor: "ann"})
}

func (s *story) notice(t events.Type) uint64 {
	return s.event(events.NoticeSubject(s.Tenant, t), t, events.ConnectionNotice{Tenant: s.Tenant, ID: s.Connection})
}

// letter makes a dead letter of a message of HF_ACTIONS.
func (s *story) letter(of uint64, change ...func(*events.DeadLetterData)) uint64 {
	l := events.DeadLetterData{Tenant: s.Tenant, Reason: string(fault.SchemaViolation), Subject: events.SubjectOf(s.Tenant, events.ActionRequested),
		Origin: events.Origin{Stream: events.StreamActions, Sequence: of}}
	for _, c := range change {
		c(&l)
	}
	return s.event(events.DeadLetterSubject(s.Tenant, fault.Reason(l.Reason)), events.DeadLetter, l)
}

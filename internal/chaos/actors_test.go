package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/chaos"
	"holdfast/internal/dispatch"
	"holdfast/internal/metrics"
	"holdfast/internal/testkit"
)

// What an actor may do to a chain.
const (
	deliverRequest = "request" // the request comes, or comes again
	deliverMove    = "move"    // the chain's last event comes, or comes again
	askResume      = "resume"
	askTerminate   = "terminate"
	askExtend      = "extend"
	ring           = "alarm"
)

// step is one thing that an actor does. One that crashes is cut off after that time, wherever it is.
type step struct {
	what  string
	crash time.Duration // 0: not
}

var anyStep = rapid.Custom(func(t *rapid.T) step {
	s := step{what: rapid.SampledFrom([]string{deliverRequest, deliverMove, deliverMove, askResume, askTerminate, askExtend, ring, ring}).Draw(t, "what")}
	if rapid.IntRange(0, 3).Draw(t, "crashes") == 0 {
		s.crash = time.Duration(rapid.IntRange(1, 2000).Draw(t, "after")) * time.Microsecond
	}
	return s
})

// stage is a real bus with the handlers of two workers on it. Nobody created the connection that its
// requests name, so every try suspends, whoever resumes it.
type stage struct {
	js      jetstream.JetStream
	buses   []*bus.Bus
	workers []*handlers.Handlers
	seq     atomic.Int64
}

func newStage(t *testing.T) *stage {
	t.Helper()
	n, first := testkit.StartBus(t)
	s := &stage{buses: []*bus.Bus{first, testkit.ConnectBus(t, n.ClientURL())}}
	nc, err := nats.Connect(n.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if s.js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	for _, b := range s.buses {
		runs, err := b.Runs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p := handlers.Ports{Journal: b.Journal(), Timers: b.Timers(), Registry: b.Registry(), Runs: runs,
			Notices: b.Notices(), Leases: b.Leases(), Clock: b.Clock(), Observer: metrics.New()}
		s.workers = append(s.workers, handlers.New(p, handlers.Options{SuspendFor: 20 * time.Millisecond}))
	}
	return s
}

// play is one request's chain, and what is done to it.
type play struct {
	*stage

	chain   events.Chain
	request events.Request
	at      uint64 // the request's sequence
}

func (s *stage) newPlay(ctx context.Context) (*play, error) {
	n := s.seq.Add(1)
	p := &play{stage: s, chain: events.Chain{Tenant: tenant, Connection: fmt.Sprintf("none-%d", n),
		Run: fmt.Sprintf("run-%d", n), Request: fmt.Sprintf("req-%d", n)}}
	p.request = events.Request{Tenant: tenant, ID: p.chain.Request, Run: p.chain.Run, Workflow: "wf", Step: "step",
		StepKind: events.ActionStep, Connection: p.chain.Connection, Action: events.Action{Connector: "noop", Operation: "request"}}
	e, err := events.New(events.ActionRequested, time.Now(), p.request)
	if err != nil {
		return nil, err
	}
	raw, err := e.Encode()
	if err != nil {
		return nil, err
	}
	p.at, err = s.buses[0].PublishEvent(ctx, events.SubjectOf(tenant, events.ActionRequested), e.ID, raw)
	return p, err
}

// act does one step as one of the workers, and leaves an unfinished one as it is, as a worker would that
// was killed.
func (p *play) act(ctx context.Context, worker int, s step) (dispatch.Result, error) {
	if s.crash > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.crash)
		defer cancel()
	}
	h, b := p.workers[worker], p.buses[worker]
	m := dispatch.Meta{Tenant: tenant, Delivery: dispatch.Delivery{Stream: events.StreamActions, Sequence: p.at, Time: b.Clock().Now()}}
	c := events.SuspensionCommand{Connection: p.chain.Connection, Run: p.chain.Run, Request: p.chain.Request, Actor: "op"}
	switch s.what {
	case deliverRequest:
		return h.ActionRequested(ctx, m, p.request), nil
	case askResume:
		return h.SuspensionResumeRequested(ctx, m, c), nil
	case askTerminate:
		return h.SuspensionTerminateRequested(ctx, m, c), nil
	case askExtend:
		c.ExtendFor = 1
		return h.SuspensionExtendRequested(ctx, m, c), nil
	}
	last, err := b.Journal().Last(ctx, p.chain.Subject())
	if err != nil || last.Sequence == 0 {
		return dispatch.Result{}, err
	}
	if s.what == ring { // its time is the server's own, so never ahead of what it stores next
		return h.AlarmRang(ctx, p.chain, last.Sequence, b.Clock().Now().Add(-5*time.Millisecond)), nil
	}
	return p.moved(ctx, h, last)
}

func (p *play) moved(ctx context.Context, h *handlers.Handlers, last events.Record) (dispatch.Result, error) {
	raw, err := last.Encode()
	if err != nil {
		return dispatch.Result{}, err
	}
	return h.ChainMoved(ctx, dispatch.Delivery{Subject: p.chain.Subject(), Stream: events.StreamSuspensions,
		Sequence: last.Sequence, Time: last.Stored, Deliveries: 1, Data: raw}), nil
}

// settle does what the bus would go on doing until the request has ended: deliver again.
func (p *play) settle(ctx context.Context) error {
	for range 20 {
		for _, what := range []string{deliverRequest, deliverMove, askTerminate, deliverMove} {
			r, err := p.act(ctx, 0, step{what: what})
			if err != nil || r.Verb == dispatch.Reject {
				return fmt.Errorf("%s: %s: %w", what, r.Label, errors.Join(err, r.Fault))
			}
		}
		last, err := p.buses[0].Journal().Last(ctx, events.LedgerSubject(tenant, p.chain.Request))
		if err != nil {
			return err
		}
		if last.Type.Ends() {
			return nil
		}
	}
	return errors.New("the request does not end")
}

// history reads what the bus keeps of the play.
func (p *play) history(ctx context.Context) (*chaos.History, error) {
	h := new(chaos.History)
	for stream, subject := range map[string]string{
		events.StreamSuspensions: p.chain.Subject(),
		events.StreamOutcomes:    events.LedgerSubject(tenant, p.chain.Request),
	} {
		if err := readSubject(ctx, p.js, stream, subject, h.Add); err != nil {
			return nil, err
		}
	}
	s, err := p.js.Stream(ctx, events.StreamActions)
	if err != nil {
		return nil, err
	}
	m, err := s.GetMsg(ctx, p.at)
	if err != nil {
		return nil, err
	}
	h.Add(chaos.Message{Stream: events.StreamActions, Subject: m.Subject, Sequence: m.Sequence, Stored: m.Time, Data: m.Data})
	h.Now = m.Time.Add(time.Hour) // nothing is young
	return h, nil
}

// readSubject gives every message on one subject, in order.
func readSubject(ctx context.Context, js jetstream.JetStream, stream, subject string, take func(chaos.Message)) error {
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	for next := uint64(1); ; {
		m, err := s.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		take(chaos.Message{Stream: stream, Subject: m.Subject, Sequence: m.Sequence, Stored: m.Time, Header: m.Header, Data: m.Data})
		next = m.Sequence + 1
	}
}

// Whatever several actors do to one chain at the same time, and wherever some of them are cut off, the
// chain stays one that is allowed, and its request ends once.
func TestC15_O5_AnyInterleavingOfActorsKeepsTheChain(t *testing.T) {
	s := newStage(t)
	moves, terminated := map[events.Type]int{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		actors := rapid.SliceOfN(rapid.SliceOfN(anyStep, 1, 6), 2, 4).Draw(rt, "actors")
		p, err := s.newPlay(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := p.act(t.Context(), 0, step{what: deliverRequest}); err != nil {
			rt.Fatal(err)
		}
		var all sync.WaitGroup
		for i, steps := range actors {
			all.Go(func() {
				for _, one := range steps {
					_, _ = p.act(t.Context(), i%len(s.workers), one) // whatever came of it, the streams say
				}
			})
		}
		all.Wait()
		if err := p.settle(t.Context()); err != nil {
			rt.Fatal(err)
		}
		h, err := p.history(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		r := chaos.Check(h, 0)
		for _, v := range r.Violations {
			rt.Errorf("%s", v)
		}
		for move, n := range r.Moves {
			moves[move] += n
		}
		terminated += r.Ends[events.ActionTerminated]
	})
	t.Logf("%d requests, moves %v, %d terminated", s.seq.Load(), moves, terminated)
	for _, move := range []events.Type{
		events.SuspensionSuspended, events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated,
	} {
		if moves[move] == 0 {
			t.Errorf("nobody ever saw %s", move)
		}
	}
}

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/audit"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/metrics"
	"holdfast/internal/ops"
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
	buses   []*bus.Bus
	workers []*handlers.Handlers
	seq     atomic.Int64
}

func newStage(t *testing.T) *stage {
	t.Helper()
	n, first := testkit.StartBus(t)
	s := &stage{buses: []*bus.Bus{first, testkit.ConnectBus(t, n.ClientURL())}}
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

// play is one request's chain in a tenant of its own, and what is done to it.
type play struct {
	*stage

	tenant  string
	chain   events.Chain
	request events.Request
	at      uint64 // the request's sequence
}

func (s *stage) newPlay(ctx context.Context) (*play, error) {
	n := s.seq.Add(1)
	p := &play{stage: s, tenant: fmt.Sprintf("tenant-%d", n)}
	p.chain = events.Chain{Tenant: p.tenant, Connection: "none", Run: "run", Request: "req"}
	p.request = events.Request{Tenant: p.tenant, ID: p.chain.Request, Run: p.chain.Run, Workflow: "wf", Step: "step",
		StepKind: events.ActionStep, Connection: p.chain.Connection, Action: events.Action{Connector: "noop", Operation: "request"}}
	var err error
	p.at, err = p.publish(ctx, events.ActionRequested, p.request)
	return p, err
}

// publish stores an event of the play's tenant.
func (p *play) publish(ctx context.Context, t events.Type, payload any) (uint64, error) {
	e, err := events.New(t, time.Now(), payload)
	if err != nil {
		return 0, err
	}
	raw, err := e.Encode()
	if err != nil {
		return 0, err
	}
	return p.buses[0].PublishEvent(ctx, events.SubjectOf(p.tenant, t), e.ID, raw)
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
	m := dispatch.Meta{Tenant: p.tenant, Delivery: dispatch.Delivery{Stream: events.StreamActions, Sequence: p.at, Time: b.Clock().Now()}}
	c := events.SuspensionCommand{Connection: p.chain.Connection, Run: p.chain.Run, Request: p.chain.Request, Actor: "op"}
	switch s.what {
	case deliverRequest:
		return h.ActionRequested(ctx, m, p.request), nil
	case askResume:
		return p.command(ctx, m, events.SuspensionResumeRequested, c, h.SuspensionResumeRequested)
	case askTerminate:
		return p.command(ctx, m, events.SuspensionTerminateRequested, c, h.SuspensionTerminateRequested)
	case askExtend:
		c.ExtendFor = 1
		return p.command(ctx, m, events.SuspensionExtendRequested, c, h.SuspensionExtendRequested)
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

// command stores an operator's command and hands it to a worker, as it was stored.
func (p *play) command(ctx context.Context, m dispatch.Meta, t events.Type, c events.SuspensionCommand,
	handle func(context.Context, dispatch.Meta, events.SuspensionCommand) dispatch.Result) (dispatch.Result, error) {
	n, err := p.publish(ctx, t, c)
	if err != nil {
		return dispatch.Result{}, err
	}
	stored, there, err := p.buses[0].MessageAt(ctx, events.StreamActions, n)
	if err != nil || !there {
		return dispatch.Result{}, err
	}
	m.Sequence, m.Time = n, stored.Stored
	return handle(ctx, m, c), nil
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
		last, err := p.buses[0].Journal().Last(ctx, events.LedgerSubject(p.tenant, p.chain.Request))
		if err != nil {
			return err
		}
		if last.Type.Ends() {
			return nil
		}
	}
	return errors.New("the request does not end")
}

// unattended is a bus on which nobody consumes: what has no answer there is no excuse.
type unattended struct{ audit.Source }

func (unattended) Backlog(context.Context, audit.Queue) (audit.Backlog, error) {
	return audit.Backlog{Floor: math.MaxUint64}, nil
}

// audit is what the bus keeps of the play, at a moment when nothing is young.
func (p *play) audit(ctx context.Context) (audit.Report, error) {
	return audit.Run(ctx, unattended{ops.AuditSource(p.buses[0])}, audit.Options{Tenant: p.tenant, Settle: -1, Late: time.Hour})
}

// Whatever several actors do to one chain at the same time, and wherever some of them are cut off, the
// chain stays one that is allowed, and its request ends once.
func TestC15_O5_AnyInterleavingOfActorsKeepsTheChain(t *testing.T) {
	s := newStage(t)
	moves, terminated := map[string]int{}, 0
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
		r, err := p.audit(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		for _, v := range r.Violations {
			if v.Check != audit.AlarmLeft { // it rings for nobody a second later
				rt.Errorf("%s", v)
			}
		}
		if r.Of(audit.BadMove).Looked == 0 || r.Requests.Distinct != 1 || r.Requests.Open() > 0 {
			rt.Errorf("the audit saw %+v", r)
		}
		for move, n := range r.Chains.Moves {
			moves[move] += n
		}
		terminated += r.Requests.Ended[events.ActionTerminated.What()]
	})
	t.Logf("%d requests, moves %v, %d terminated", s.seq.Load(), moves, terminated)
	for _, move := range []events.Type{
		events.SuspensionSuspended, events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated,
	} {
		if moves[move.What()] == 0 {
			t.Errorf("nobody ever saw %s", move)
		}
	}
}

package bus

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/semaphore"

	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// ConsumerSpec says what to consume and how.
type ConsumerSpec struct {
	Stream  string
	Durable string
	// Concurrency is how many deliveries are handled at the same time; default 64.
	Concurrency int
	// Prefetch is how many are held at most, those being handled included; default twice Concurrency, at
	// least Concurrency, at most 1,000.
	Prefetch int
	// KeyOf puts deliveries in order: those with the same key are handled one after another. "" and a nil
	// KeyOf: no order.
	KeyOf func(dispatch.Delivery) string
	// InOrder pulls one batch at a time: what is delivered for the first time comes in the stream's order.
	InOrder bool
	// Backoff of redeliveries; zero values stand for 250 ms doubling up to 30 s.
	Backoff Backoff
}

const mostPrefetch = 1000

func (s ConsumerSpec) withDefaults() ConsumerSpec {
	s.Concurrency = max(1, cmp.Or(s.Concurrency, 64))
	s.Prefetch = max(s.Concurrency, min(cmp.Or(s.Prefetch, 2*s.Concurrency), mostPrefetch))
	s.Backoff.Base = cmp.Or(s.Backoff.Base, 250*time.Millisecond)
	s.Backoff.Cap = cmp.Or(s.Backoff.Cap, 30*time.Second)
	return s
}

// Subscription is a running consumer.
type Subscription struct {
	bus     *Bus
	spec    ConsumerSpec
	handler dispatch.Handler
	ackWait time.Duration

	gate    gate
	slots   *semaphore.Weighted
	held    holding
	work    *executor
	lanes   []*lane
	problem atomic.Pointer[fault.Fault] // nil: it pulls

	pulling     context.Context // ends when no more is pulled
	stopPulling context.CancelFunc
	handling    context.Context // ends when handlers must give up
	stopHandler context.CancelFunc
	draining    atomic.Bool
	pullers     sync.WaitGroup
	workers     sync.WaitGroup
	beating     chan struct{} // closed when in-progress acks may end
	drain       sync.Once
	drainErr    error
}

const overlap = 2 // pulls at the same time

// Consume binds to a durable consumer and hands its messages to handler until Drain. The consumer must
// exist: workers do not make one. What the handler says becomes the answer: Ack; Retry, a delayed
// redelivery; Reject, a stored dead letter and no more deliveries. A handler that panics is a Retry.
func (b *Bus) Consume(ctx context.Context, spec ConsumerSpec, handler dispatch.Handler) (*Subscription, error) {
	s := &Subscription{bus: b, spec: spec.withDefaults(), handler: handler, beating: make(chan struct{})}
	if err := s.bind(ctx); err != nil {
		return nil, err
	}
	s.slots = semaphore.NewWeighted(int64(s.spec.Prefetch))
	s.held.all = make(map[uint64]*held, s.spec.Prefetch)
	s.work = newExecutor()
	s.pulling, s.stopPulling = context.WithCancel(b.ctx)
	s.handling, s.stopHandler = context.WithCancel(b.ctx)
	lanes := overlap
	if spec.InOrder {
		lanes = 1
	}
	for i := range lanes {
		l, err := s.open(i)
		if err != nil {
			_ = s.Drain(ctx) // there is nothing to hand back yet
			return nil, b.failed("subscribe", time.Now(), err)
		}
		s.lanes = append(s.lanes, l)
	}
	s.start()
	b.mu.Lock()
	b.subs = append(b.subs[:len(b.subs):len(b.subs)], s)
	b.mu.Unlock()
	return s, nil
}

func (s *Subscription) bind(ctx context.Context) error {
	name := s.spec.Stream + "/" + s.spec.Durable
	err := s.bus.try(ctx, "bind to consumer "+name, func(ctx context.Context) error {
		c, err := s.bus.js.Consumer(ctx, s.spec.Stream, s.spec.Durable)
		if err == nil {
			s.ackWait = c.CachedInfo().Config.AckWait
		}
		return err
	})
	if missing(err) {
		return fault.Wrap(fault.BusUnavailable, "there is no consumer "+name, err).WithHint(setupHint)
	}
	return err
}

func (s *Subscription) start() {
	for range s.spec.Concurrency {
		s.workers.Go(func() { s.work.run(s.handle) })
	}
	for _, l := range s.lanes {
		s.pullers.Go(func() { l.run(s.pulling) })
	}
	s.bus.tasks.Go(s.beat)
}

// Pause stops fetching; what is held is still handled. Resume goes on. Calling either again does nothing.
func (s *Subscription) Pause() { s.gate.close() }

// Resume goes on after Pause.
func (s *Subscription) Resume() { s.gate.open() }

// Held is how many messages are pulled and not answered.
func (s *Subscription) Held() int { return s.held.count() }

// deliver takes a pulled message in.
func (s *Subscription) deliver(m *nats.Msg, slot bool) {
	at, err := m.Metadata()
	if err != nil {
		s.bus.log.Error().Str("durable", s.spec.Durable).Msg("a delivery without metadata was dropped; it comes again")
		s.free(slot)
		return
	}
	h := &held{slot: slot, reply: m.Reply, touched: time.Now(), Delivery: dispatch.Delivery{
		Subject: m.Subject, Stream: s.spec.Stream, Sequence: at.Sequence.Stream, Consumer: s.spec.Durable,
		Deliveries: at.NumDelivered, Time: at.Timestamp.UTC(), Header: m.Header, Data: m.Data,
	}}
	if h.Deliveries > 1 {
		s.bus.obs.Redelivered(s.spec.Durable)
	}
	n, added := s.held.add(h)
	s.bus.obs.Held(s.spec.Durable, n)
	switch {
	case !added:
		s.free(slot)
	case s.draining.Load():
		s.handBack(h)
	default:
		if s.spec.KeyOf != nil {
			h.key = s.spec.KeyOf(h.Delivery)
		}
		s.work.push(h)
	}
}

func (s *Subscription) free(slot bool) {
	if slot {
		s.slots.Release(1)
	}
}

// beat tells the server, at least twice within AckWait, that we are at work on what we hold.
func (s *Subscription) beat() {
	t := time.NewTicker(s.ackWait / 8)
	defer t.Stop()
	for {
		select {
		case <-s.beating:
			return
		case now := <-t.C:
			for _, reply := range s.held.silent(now.Add(-s.ackWait/4), now) {
				s.send(reply, ackProgress)
			}
		}
	}
}

// silent, unwell and healthy note whether pulling works, for readiness.
func (s *Subscription) silent() { s.unwell("", "no heartbeat") }

func (s *Subscription) unwell(code, what string) {
	f := fault.New(fault.BusUnavailable, "consumer "+s.spec.Stream+"/"+s.spec.Durable+" can not be pulled from: "+
		cmp.Or(what, "nothing answers")+" "+code)
	if code == "503" || what == "Consumer Deleted" {
		f = f.WithHint(setupHint)
	}
	if s.problem.Swap(f) == nil {
		s.bus.log.Warn().Str("durable", s.spec.Durable).Str("problem", f.Detail).Msg("pulling again")
	}
}

func (s *Subscription) healthy() {
	if s.problem.Load() != nil {
		s.problem.Store(nil)
	}
}

func (s *Subscription) trouble() error {
	if s.draining.Load() {
		return nil
	}
	if f := s.problem.Load(); f != nil {
		return f
	}
	return nil
}

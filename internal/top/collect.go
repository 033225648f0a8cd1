package top

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
	"holdfast/internal/scrape"
)

// Options say what to look at.
type Options struct {
	Looks   ops.Looks
	Clock   ops.Clock
	Tenant  string // empty: all
	Workers []*scrape.Worker
	// Most is how many connections and deadlines a snapshot names.
	Most int
}

// Collector looks at a deployment. Make it with Start, and Close it.
type Collector struct {
	Options

	outcomes    outcomes
	chains      *chains
	connections *connections
	stages      *stages
	retries     *retries

	cancel context.CancelFunc
	all    sync.WaitGroup

	mu      sync.Mutex
	problem error
	before  sample
}

// sample is what rates are made from: numbers that only grow.
type sample struct {
	at      time.Time // zero: there is none
	read    map[events.Type]uint64
	skipped uint64
	last    map[string]uint64 // of streams
}

// Start begins to follow what a snapshot needs, until Close.
func Start(ctx context.Context, o Options) *Collector {
	c := &Collector{Options: o, outcomes: outcomes{read: make(map[events.Type]uint64)}, chains: newChains(), connections: newConnections(),
		stages: newStages(), retries: newRetries()}
	ctx, c.cancel = context.WithCancel(ctx)
	tenant := cmp.Or(o.Tenant, "*")
	for _, follow := range []func() error{
		func() error { return c.outcomes.follow(ctx, o.Looks, events.LedgerSubject(tenant, "*")) },
		func() error { return c.chains.follow(ctx, o.Looks, events.ChainsFilter(o.Tenant, "", "")) },
		func() error { return c.connections.follow(ctx, o.Looks, o.Tenant) },
	} {
		c.all.Go(func() {
			if err := follow(); err != nil && ctx.Err() == nil {
				c.fail(err)
			}
		})
	}
	return c
}

// Close ends it.
func (c *Collector) Close() {
	c.cancel()
	c.all.Wait()
}

// fail keeps the first error of a follower: it has ended.
func (c *Collector) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.problem == nil {
		c.problem = err
	}
}

// Snapshot looks now; rates are since the last look. A part that can not be looked at is left out, and Problem says
// why; an error is that a follower has ended, and that no snapshot will be whole again.
func (c *Collector) Snapshot(ctx context.Context) (Snapshot, error) {
	c.mu.Lock()
	ended := c.problem
	c.mu.Unlock()
	if ended != nil {
		return Snapshot{}, ended
	}
	began := time.Now()
	s := Snapshot{At: c.Clock.Now(), Tenant: c.Tenant, Rates: []Rate{}, Consumers: []Consumer{}, Stages: []Stage{}, Retries: []Retry{}}
	streams := c.lookAtBus(ctx, &s)
	took := time.Since(began)
	c.rates(&s, streams)
	var read, known bool
	s.Deadlines, s.SuspendedTotal, read = c.chains.next(c.Most)
	s.Broken, s.BrokenTotal, known = c.connections.worst(c.Most, c.chains.counts(), s.At)
	s.Reading = !read || !known
	s.Dependencies = slices.Concat([]Dependency{busHealth(streams, took, s.Problem)}, idleWorkers(s.Consumers), c.askWorkers(ctx, &s))
	return s, ctx.Err()
}

// lookedAt are the streams whose growth and health are shown.
var lookedAt = []string{events.StreamActions, events.StreamOutcomes, events.StreamDeadLetters}

// lookAtBus asks for consumers and streams, all at once.
func (c *Collector) lookAtBus(ctx context.Context, s *Snapshot) map[string]bus.StreamState {
	var (
		asking sync.WaitGroup
		mu     sync.Mutex
	)
	streams := make(map[string]bus.StreamState)
	problem := func(err error) {
		if s.Problem == "" {
			s.Problem = ops.Printable(err.Error())
		}
	}
	durables := bus.Durables()
	consumers := make([]*Consumer, len(durables))
	for i, d := range durables {
		asking.Go(func() {
			v, err := c.Looks.Consumer(ctx, d)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				problem(err)
				return
			}
			consumers[i] = &Consumer{Stream: v.Stream, Name: v.Name, Lag: v.Waiting, Open: v.Open, Again: v.Again, Asking: v.Asking,
				Trouble: v.Waiting > 0 && v.Asking == 0}
		})
	}
	for _, name := range lookedAt {
		asking.Go(func() {
			v, err := c.Looks.State(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				problem(err)
				return
			}
			streams[name] = v
		})
	}
	asking.Wait()
	for _, v := range consumers {
		if v != nil {
			s.Consumers = append(s.Consumers, *v)
		}
	}
	return streams
}

// rates compares with the last look.
func (c *Collector) rates(s *Snapshot, streams map[string]bus.StreamState) {
	now := sample{at: s.At, last: make(map[string]uint64)}
	now.read, now.skipped = c.outcomes.counts()
	for name, v := range streams {
		now.last[name] = v.Last
	}
	before := c.before
	c.before = now
	if before.at.IsZero() || !now.at.After(before.at) {
		return
	}
	s.Seconds = now.at.Sub(before.at).Seconds()
	grown := func(stream string) float64 {
		a, known := before.last[stream]
		if b, there := now.last[stream]; known && there && b > a {
			return float64(b-a) / s.Seconds
		}
		return 0
	}
	if c.Tenant == "" { // of one tenant, nobody counts them
		s.Rates = append(s.Rates, Rate{"requested", grown(events.StreamActions)})
	}
	read, skipped := uint64(0), now.skipped-before.skipped
	for t, n := range now.read {
		read += n - before.read[t]
	}
	scale := 1.0
	if skipped > 0 && read > 0 {
		s.Partial, scale = true, float64(read+skipped)/float64(read)
	}
	for _, t := range []events.Type{events.ActionCompleted, events.ActionFailed, events.ActionDenied, events.ActionSkipped, events.ActionUnknown,
		events.ActionTerminated, events.ActionSuspended} {
		s.Rates = append(s.Rates, Rate{t.What(), float64(now.read[t]-before.read[t]) * scale / s.Seconds})
	}
	if c.Tenant == "" {
		s.Rates = append(s.Rates, Rate{"dead letters", grown(events.StreamDeadLetters)})
	}
}

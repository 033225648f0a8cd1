package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	registry "holdfast/internal/connection"
	"holdfast/internal/ops"
	"holdfast/internal/replay"
)

// ReplayReport compares a dry replay of requests, joined with their ledgers, with an ordered consumer that reads the
// same two streams and does nothing with them.
type ReplayReport struct {
	Bench        string `json:"bench"` // replay
	Requests     int    `json:"requests"`
	Outcomes     int    `json:"outcomes"` // one request of a hundred has none
	RequestBytes int    `json:"request_bytes"`
	OutcomeBytes int    `json:"outcome_bytes"`
	Rounds       int    `json:"rounds"`
	// Ratio is the replay's rate by the consumer's, within each round. Rates are in messages a second, of both streams.
	Ratio  Spread `json:"ratio"`
	Replay Spread `json:"replay_per_second"`
	Bare   Spread `json:"consumer_per_second"`
	// CPURatio is the consumer's processor time by the replay's, the server's share included: what Ratio would be if
	// nobody else used the machine. 0 where it can not be told.
	CPURatio Spread `json:"cpu_ratio"`
	// PeakBytes is the most resident memory of this process during a dry replay, and BeforeBytes what it had before the
	// first; 0 where it can not be told.
	BeforeBytes int64   `json:"before_bytes"`
	PeakBytes   int64   `json:"peak_bytes"`
	Machine     Machine `json:"machine"`
}

const (
	replayRequests = 1_000_000
	replayRounds   = 3
	// withoutOutcome: one request of so many has none. shuffled is how far outcomes are from the order of their requests:
	// as many as a worker handles at the same time.
	withoutOutcome = 100
	shuffled       = inParallel
)

// Replay measures dry replays: both sides in turn, on streams that are made once.
func Replay(ctx context.Context, o Options) (ReplayReport, error) {
	o.Requests = orDefault(o.Requests, replayRequests)
	if o.Rounds <= 0 {
		o.Rounds = replayRounds
	}
	r := ReplayReport{Bench: "replay", Requests: o.Requests, RequestBytes: requestBytes, Rounds: o.Rounds}
	s := &stand{options: o, progress: watch(o)}
	defer s.stop()
	if err := errors.Join(s.startBus(ctx), ctx.Err()); err != nil {
		return r, err
	}
	if err := s.refuseOthers(ctx); err != nil {
		return r, err
	}
	b := &replays{stand: s, n: o.Requests, report: &r}
	r.Machine = s.machine()
	return r, errors.Join(within(ctx, b.run), s.clear(context.WithoutCancel(ctx)))
}

type replays struct {
	*stand

	n      int
	report *ReplayReport

	ratio, dry, bare, cpuRatio []float64
}

func (b *replays) run(ctx context.Context) error {
	if err := b.fill(ctx); err != nil {
		return err
	}
	session := ops.NewSession(b.bus)
	look, err := app.NewForesight(ctx, session, config.Default())
	if err != nil {
		return err
	}
	defer look.Close()
	debug.FreeOSMemory()
	b.report.BeforeBytes = residentBytes(os.Getpid())
	for i := range b.report.Rounds {
		b.progress.in(fmt.Sprintf("round %d of %d", i+1, b.report.Rounds))
		if err := b.round(ctx, look); err != nil {
			return err
		}
	}
	b.report.CPURatio = spread(b.cpuRatio, 3)
	b.report.Ratio, b.report.Replay, b.report.Bare = spread(b.ratio, 3), spread(b.dry, 0), spread(b.bare, 0)
	return nil
}

// fill stores the requests, and an outcome for most, about in their order.
func (b *replays) fill(ctx context.Context) error {
	if err := b.fresh(ctx); err != nil {
		return err
	}
	c := connection(pipelineConnection, events.AuthSettings{Method: "none"})
	c.Tenant = tenant
	if _, err := b.bus.Registry().Put(ctx, &registry.Entry{Connection: c, Sequence: 1, Generation: 1}, 0); err != nil {
		return err
	}
	if err := b.preload(ctx, pipelineConnection, b.n); err != nil {
		return err
	}
	js, err := jetstream.New(b.nc, jetstream.WithPublishAsyncMaxPending(publishAhead))
	if err != nil {
		return err
	}
	bar := b.progress.step("outcomes", b.n)
	for i := 0; i < b.n; i += shuffled {
		for _, k := range rand.Perm(min(shuffled, b.n-i)) { //nolint:gosec // an order, not a secret
			if err := b.outcome(js, uint64(i+k+1)); err != nil {
				return err
			}
		}
		bar.at(i)
	}
	bar.done()
	select {
	case <-js.PublishAsyncComplete():
	case <-ctx.Done():
		return ctx.Err()
	}
	return errors.Join(b.answer(ctx), b.holds(ctx, events.StreamOutcomes, b.report.Outcomes))
}

// answer makes the workers' consumer one that has been given all requests and has answered them: what it has not is
// left to it by a replay, whatever the ledgers say.
func (b *replays) answer(ctx context.Context) error {
	if err := b.js.DeleteConsumer(ctx, events.StreamActions, bus.DurableActions); err != nil {
		return err
	}
	_, err := b.js.CreateConsumer(ctx, events.StreamActions, jetstream.ConsumerConfig{Durable: bus.DurableActions,
		AckPolicy: jetstream.AckExplicitPolicy, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: uint64(b.n) + 1})
	return err
}

func (b *replays) outcome(js jetstream.JetStream, n uint64) error {
	if n%withoutOutcome == 0 {
		return nil
	}
	id := requestID(pipelineConnection, n)
	e, err := events.New(events.ActionCompleted, time.Now().UTC().Truncate(time.Second), events.Outcome{
		Tenant: tenant, Request: id, Workflow: "onboarding", Run: runID(pipelineConnection, n), Step: "create",
		Connection: pipelineConnection, ActingUser: "ann", Generation: 1, SecretVersion: 1, IdempotencyKey: id,
		Origin: events.Origin{Stream: events.StreamActions, Sequence: n}, Rule: "shared_tenant", Response: []byte("{}")})
	if err != nil {
		return err
	}
	raw, err := e.Encode()
	if err != nil {
		return err
	}
	b.report.Outcomes++
	b.report.OutcomeBytes = len(raw)
	m := &nats.Msg{Subject: events.LedgerSubject(tenant, id), Data: raw, Header: nats.Header{events.HeaderType: {string(e.Type)}}}
	_, err = js.PublishMsgAsync(m, jetstream.WithStallWait(time.Minute), jetstream.WithMsgID(e.ID))
	return err
}

func (b *replays) round(ctx context.Context, look *app.Foresight) error {
	messages := float64(b.n + b.report.Outcomes)
	cpu := b.cpu()
	dry, err := b.dryReplay(ctx, look)
	if err != nil {
		return fmt.Errorf("dry replay: %w", err)
	}
	dryCPU := b.cpu() - cpu
	began := time.Now()
	cpu = b.cpu()
	for stream, n := range map[string]int{events.StreamActions: b.n, events.StreamOutcomes: b.report.Outcomes} {
		if err := b.readBare(ctx, stream, n); err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
	}
	bare := time.Since(began)
	b.cpuRatio = append(b.cpuRatio, by(b.cpu()-cpu, dryCPU))
	b.dry, b.bare = append(b.dry, messages/dry.Seconds()), append(b.bare, messages/bare.Seconds())
	b.ratio = append(b.ratio, bare.Seconds()/dry.Seconds())
	return nil
}

// dryReplay foresees all requests, and watches the memory that it takes.
func (b *replays) dryReplay(ctx context.Context, look *app.Foresight) (took time.Duration, err error) {
	r, err := look.Replay(replay.Options{Select: ops.StreamSelection{Stream: ops.SelectActions}})
	if err != nil {
		return 0, err
	}
	stop := b.watchMemory()
	bar := b.progress.step("dry replay", b.n)
	var f replay.Forecasts
	measure := func() (err error) {
		began := time.Now()
		f, err = r.Foresee(ctx, func(s replay.Status) { bar.at(int(s.Position)) })
		took = time.Since(began)
		return err
	}
	if len(b.dry) == 0 {
		err = profiled(b.options.CPUProfile, measure)
	} else {
		err = measure()
	}
	bar.done()
	stop()
	if err != nil {
		return 0, err
	}
	found := make(map[handlers.Verdict]int)
	for _, g := range f.Groups {
		found[g.Verdict] += g.Count
	}
	if f.Selected != b.n || found[handlers.Ended] != b.report.Outcomes || found[handlers.WouldRun] != b.n-b.report.Outcomes {
		return 0, fmt.Errorf("of %d requests with %d outcomes, this was foreseen: %v", b.n, b.report.Outcomes, found)
	}
	return took, nil
}

// memoryEvery is how often resident memory is looked at.
const memoryEvery = 50 * time.Millisecond

func (b *replays) watchMemory() (stop func()) {
	ended := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(memoryEvery)
		defer tick.Stop()
		for {
			b.report.PeakBytes = max(b.report.PeakBytes, residentBytes(os.Getpid()))
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	})
	return func() { close(ended); done.Wait() }
}

// readBare reads a stream through an ordered consumer and counts.
func (b *replays) readBare(ctx context.Context, stream string, n int) error {
	c, err := b.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	all := make(chan struct{})
	seen := 0
	bar := b.progress.step("ordered consumer of "+stream, n)
	reading, err := c.Consume(func(jetstream.Msg) {
		if seen++; seen == n {
			close(all)
		}
	})
	if err != nil {
		return err
	}
	defer reading.Stop()
	select {
	case <-all:
		bar.done()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

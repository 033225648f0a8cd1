package bench

import (
	"context"
	"fmt"

	"holdfast/events"
)

// PipelineReport compares the whole worker with a loop that makes the same reads and writes on the bus:
// consume, look at the ledger, publish the outcome and wait until it is stored, acknowledge.
type PipelineReport struct {
	Bench        string `json:"bench"` // pipeline
	Requests     int    `json:"requests"`
	RequestBytes int    `json:"request_bytes"`
	OutcomeBytes int    `json:"outcome_bytes"`
	Rounds       int    `json:"rounds"`
	// Ratio is the worker's rate by the loop's, within each round.
	Ratio Spread `json:"ratio"`
	// Rates are in requests a second. Bare is the loop's without the look at the ledger.
	Worker Spread `json:"worker_per_second"`
	Loop   Spread `json:"loop_per_second"`
	Bare   Spread `json:"bare_loop_per_second"`
	// CPURatio is the loop's processor time by the worker's, the server's share included: what Ratio would be
	// if nobody else used the machine. Costs are in microseconds a request. 0 where it can not be told.
	CPURatio   Spread `json:"cpu_ratio"`
	WorkerCost Spread `json:"worker_cpu_microseconds"`
	LoopCost   Spread `json:"loop_cpu_microseconds"`
	// VaultCalls are the worker's, in all rounds together.
	VaultCalls int64   `json:"vault_calls"`
	Machine    Machine `json:"machine"`
}

const (
	pipelineRequests   = 100_000
	pipelineConnection = "crm"
)

// Pipeline measures the pipeline: both sides in turn, round by round.
func Pipeline(ctx context.Context, o Options) (PipelineReport, error) {
	o.Requests, o.Rounds = orDefault(o.Requests, pipelineRequests), orDefault(o.Rounds, defaultRounds)
	r := PipelineReport{Bench: "pipeline", Requests: o.Requests, RequestBytes: requestBytes, Rounds: o.Rounds}
	err := withStand(ctx, o, false, func(s *stand) error {
		p := &pipeline{stand: s, n: o.Requests}
		r.Machine = s.machine()
		if err := p.measure(ctx, func(ctx context.Context, _ int) error { return p.round(ctx) }); err != nil {
			return err
		}
		r.Ratio, r.Worker, r.Loop, r.Bare = spread(p.ratio, 3), spread(p.worker, 0), spread(p.loop, 0), spread(p.bare, 0)
		r.CPURatio, r.WorkerCost, r.LoopCost = spread(p.cpuRatio, 3), spread(p.workerCost, 0), spread(p.loopCost, 0)
		r.OutcomeBytes, r.VaultCalls = len(p.outcome), s.vault.count()
		return nil
	})
	return r, err
}

type pipeline struct {
	*stand

	n       int
	outcome []byte // one of the worker's, for the loop to publish as many bytes

	ratio, worker, loop, bare      []float64
	cpuRatio, workerCost, loopCost []float64
}

// measure writes the connection's secret, and does the rounds.
func (p *pipeline) measure(ctx context.Context, round func(ctx context.Context, i int) error) error {
	if err := p.vault.put(ctx, pipelineConnection, map[string]string{"username": "bench", "password": "bench"}); err != nil {
		return fmt.Errorf("write the secret: %w", err)
	}
	return p.rounds(ctx, p.options.Rounds, round)
}

// round measures worker, loop, and the loop without its look.
func (p *pipeline) round(ctx context.Context) error {
	worker, err := p.workerRound(ctx)
	if err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	p.worker = append(p.worker, worker.rate(p.n))
	for _, look := range []bool{true, false} {
		loop, err := p.loopRound(ctx, look)
		if err != nil {
			return err
		}
		if !look {
			p.bare = append(p.bare, loop.rate(p.n))
			continue
		}
		p.loop = append(p.loop, loop.rate(p.n))
		p.cpuRatio = append(p.cpuRatio, by(loop.cpu, worker.cpu))
		p.workerCost, p.loopCost = append(p.workerCost, worker.cost(p.n)), append(p.loopCost, loop.cost(p.n))
		p.ratio = append(p.ratio, loop.took().Seconds()/worker.took().Seconds())
	}
	return nil
}

func (p *pipeline) workerRound(ctx context.Context) (sp span, err error) {
	if err := p.fresh(ctx); err != nil {
		return sp, err
	}
	if err := p.introduce(ctx, connection(pipelineConnection, events.AuthSettings{Method: "basic"})); err != nil {
		return sp, err
	}
	if err := p.preload(ctx, pipelineConnection, p.n); err != nil {
		return sp, err
	}
	measure := func() (err error) {
		sp, err = p.spanOf(ctx, p.n, func() (func() error, error) { return p.startWorker(ctx) })
		return err
	}
	if len(p.worker) == 0 {
		err = profiled(p.options.CPUProfile, measure)
	} else {
		err = measure()
	}
	if err != nil {
		return sp, err
	}
	return sp, p.check(ctx)
}

// check makes sure that every request was completed, and keeps an outcome as a sample.
func (p *pipeline) check(ctx context.Context) error {
	ends, err := p.ends(ctx)
	if err != nil {
		return err
	}
	if ends[events.ActionCompleted] != p.n || len(ends) != 1 {
		return fmt.Errorf("of %d requests, these came of it: %v", p.n, ends)
	}
	p.outcome, err = p.sample(ctx, events.StreamOutcomes, events.LedgerSubject(tenant, requestID(pipelineConnection, 1)))
	return err
}

func (p *pipeline) loopRound(ctx context.Context, look bool) (sp span, err error) {
	if err := p.fresh(ctx); err != nil {
		return sp, err
	}
	if err := p.preload(ctx, pipelineConnection, p.n); err != nil {
		return sp, err
	}
	if sp, err = p.ledgerLoop(ctx, p.n, p.outcome, look); err != nil {
		return sp, err
	}
	return sp, p.holds(ctx, events.StreamOutcomes, p.n)
}

package bench

import (
	"context"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
)

// SuspendReport compares how fast the runs of one broken connection are suspended, and resumed after its
// repair, with a loop that makes the same writes.
type SuspendReport struct {
	Bench    string `json:"bench"` // suspend
	Requests int    `json:"requests"`
	Rounds   int    `json:"rounds"`
	// SuspendRatio and ResumeRatio are the worker's rates by those of a loop that makes the same writes, within
	// each round.
	SuspendRatio Spread `json:"suspend_ratio"`
	ResumeRatio  Spread `json:"resume_ratio"`
	// SameSuspendRatio and SameResumeRatio are the worker's rates by those of a loop that also makes the same
	// reads, and takes and acknowledges the deliveries that the writes cause.
	SameSuspendRatio Spread `json:"same_suspend_ratio"`
	SameResumeRatio  Spread `json:"same_resume_ratio"`
	// Rates are in runs a second. Resuming counts from the repair in Vault to the last stored outcome.
	WorkerSuspend Spread `json:"worker_suspended_per_second"`
	LoopSuspend   Spread `json:"loop_suspended_per_second"`
	WorkerResume  Spread `json:"worker_resumed_per_second"`
	LoopResume    Spread `json:"loop_resumed_per_second"`
	SameSuspend   Spread `json:"same_suspended_per_second"`
	SameResume    Spread `json:"same_resumed_per_second"`
	// CPU ratios are the loop's processor time by the worker's, the server's share included: what the ratios
	// would be if nobody else used the machine. 0 where they can not be told.
	SuspendCPURatio Spread `json:"suspend_cpu_ratio"`
	ResumeCPURatio  Spread `json:"resume_cpu_ratio"`
	// The most calls of one round, counted in front of Vault and of the OAuth provider.
	VaultCalls    int64   `json:"vault_calls"`
	ProviderCalls int64   `json:"provider_calls"`
	Machine       Machine `json:"machine"`
}

const (
	suspendRequests   = 10_000
	suspendConnection = "mail"
	// mostCalls is what one broken connection may cost Vault or the provider, however many runs wait for it.
	mostCalls = 100
)

// Suspend measures suspending and resuming: both sides in turn, round by round.
func Suspend(ctx context.Context, o Options) (SuspendReport, error) {
	o.Requests, o.Rounds = orDefault(o.Requests, suspendRequests), orDefault(o.Rounds, defaultRounds)
	r := SuspendReport{Bench: "suspend", Requests: o.Requests, Rounds: o.Rounds}
	err := withStand(ctx, o, true, func(s *stand) error {
		p := &suspending{stand: s, n: o.Requests}
		r.Machine = s.machine()
		if err := s.rounds(ctx, o.Rounds, func(ctx context.Context, _ int) error { return p.round(ctx) }); err != nil {
			return err
		}
		r.SuspendRatio, r.WorkerSuspend, r.LoopSuspend = spread(p.loop.suspendRatio, 3), spread(p.worker.suspended, 0), spread(p.loop.suspended, 0)
		r.ResumeRatio, r.WorkerResume, r.LoopResume = spread(p.loop.resumeRatio, 3), spread(p.worker.resumed, 0), spread(p.loop.resumed, 0)
		r.SameSuspendRatio, r.SameSuspend = spread(p.same.suspendRatio, 3), spread(p.same.suspended, 0)
		r.SameResumeRatio, r.SameResume = spread(p.same.resumeRatio, 3), spread(p.same.resumed, 0)
		r.SuspendCPURatio, r.ResumeCPURatio = spread(p.suspendCPU, 3), spread(p.resumeCPU, 3)
		r.VaultCalls, r.ProviderCalls = p.vaultCalls, p.providerCalls
		return nil
	})
	return r, err
}

// rates are one side's, a value for each round; ratios are the worker's rates by them.
type rates struct{ suspended, resumed, suspendRatio, resumeRatio []float64 }

// halves are one round of one side.
type halves struct{ suspended, resumed span }

func (r *rates) add(h, worker halves, n int) {
	r.suspended, r.resumed = append(r.suspended, h.suspended.rate(n)), append(r.resumed, h.resumed.rate(n))
	r.suspendRatio = append(r.suspendRatio, by(h.suspended.took(), worker.suspended.took()))
	r.resumeRatio = append(r.resumeRatio, by(h.resumed.took(), worker.resumed.took()))
}

type suspending struct {
	*stand

	n       int
	samples samples

	worker, loop, same        rates
	suspendCPU, resumeCPU     []float64
	vaultCalls, providerCalls int64
}

func (p *suspending) round(ctx context.Context) error {
	worker, err := p.workerRound(ctx)
	if err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	loop, err := p.loopRound(ctx, false)
	if err != nil {
		return err
	}
	same, err := p.loopRound(ctx, true)
	if err != nil {
		return err
	}
	p.worker.add(worker, worker, p.n)
	p.loop.add(loop, worker, p.n)
	p.same.add(same, worker, p.n)
	p.suspendCPU = append(p.suspendCPU, by(loop.suspended.cpu, worker.suspended.cpu))
	p.resumeCPU = append(p.resumeCPU, by(loop.resumed.cpu, worker.resumed.cpu))
	return nil
}

// prepare makes a connection whose secret the provider does not take.
func (p *suspending) prepare(ctx context.Context) error {
	if err := p.fresh(ctx); err != nil {
		return err
	}
	if err := p.secret(ctx, "wrong-secret"); err != nil {
		return err
	}
	auth := events.AuthSettings{Method: "oauth2_client_credentials", TokenURL: p.provider.Address + "/token"}
	if err := p.introduce(ctx, connection(suspendConnection, auth)); err != nil {
		return err
	}
	return p.preload(ctx, suspendConnection, p.n)
}

func (p *suspending) secret(ctx context.Context, value string) error {
	return p.vault.put(ctx, suspendConnection, map[string]string{"client_id": clientID, "client_secret": value})
}

func (p *suspending) workerRound(ctx context.Context) (h halves, err error) {
	if err := p.prepare(ctx); err != nil {
		return h, err
	}
	vaultBefore, providerBefore := p.vault.count(), p.provider.count()
	stop := func() error { return nil }
	measure := func() error {
		h.suspended, err = p.spanOf(ctx, p.n, func() (func() error, error) {
			var err error
			if stop, err = p.startWorker(ctx); err != nil {
				stop = func() error { return nil }
			}
			return func() error { return nil }, err // it goes on in the second half
		})
		if err == nil {
			h.resumed, err = p.repair(ctx)
		}
		if serr := stop(); err == nil {
			err = serr
		}
		return err
	}
	file := ""
	if len(p.worker.suspended) == 0 {
		file = p.options.CPUProfile
	}
	if err := profiled(file, measure); err != nil {
		return h, err
	}
	p.vaultCalls = max(p.vaultCalls, p.vault.count()-vaultBefore)
	p.providerCalls = max(p.providerCalls, p.provider.count()-providerBefore)
	if most := max(p.vaultCalls, p.providerCalls); most > mostCalls {
		return h, fmt.Errorf("%d calls to Vault and %d to the provider for one broken connection, at most %d are fine",
			p.vaultCalls, p.providerCalls, mostCalls)
	}
	return h, p.check(ctx)
}

// repair writes the right secret, says so, and waits until every run has gone on and ended.
func (p *suspending) repair(ctx context.Context) (sp span, err error) {
	before := p.cpu()
	sp.began = time.Now()
	if err := p.secret(ctx, clientSecret); err != nil {
		return sp, err
	}
	if err := p.publish(ctx, events.ConnectionSecretRotated, events.ConnectionRef{ID: suspendConnection, Actor: events.ActorSystem}); err != nil {
		return sp, err
	}
	// Every chain gives its consumer two events: suspended and resumed.
	done, err := p.settled(ctx, events.StreamSuspensions, bus.DurableChains, 2*p.n)
	sp.ended, sp.cpu = done.ended, p.cpu()-before
	return sp, err
}

// check makes sure that every run was suspended once and completed once, and keeps samples for the loop.
func (p *suspending) check(ctx context.Context) error {
	ends, err := p.ends(ctx)
	if err != nil {
		return err
	}
	if ends[events.ActionCompleted] != p.n || ends[events.ActionSuspended] != p.n || len(ends) != 2 {
		return fmt.Errorf("of %d requests, these came of it: %v", p.n, ends)
	}
	p.samples, err = p.collect(ctx, suspendConnection)
	if err != nil {
		return err
	}
	if p.samples.why != string(fault.InvalidClient) {
		return fmt.Errorf("the runs were suspended for another reason: %s", p.samples.why)
	}
	return nil
}

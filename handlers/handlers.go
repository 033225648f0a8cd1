// Package handlers is what a worker does: one file per kind of event, and the steps they share. Handlers
// decide and publish through ports; they log nothing, acknowledge nothing, and know neither NATS nor Vault.
//
// The straight line of an action request: action_requested.go (has it ended, does it wait, may it run),
// run.go (which credentials, try, try again), effect.go (the one place where something happens outside),
// then conclude.go (the end) or suspend.go (the wait). A wait goes on in recovery.go (credentials were
// repaired), suspension_commands.go (somebody asked), or alarm.go (time is over), and comes back through
// chain.go.
package handlers

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// Ports are what handlers need of the world.
type Ports struct {
	Journal     Journal
	Timers      Timers
	Registry    Registry
	Names       Names
	Facts       Facts
	Permissions Permissions
	Runs        Runs
	Notices     Notices
	Leases      Leases
	Clock       Clock
	Secrets     Secrets
	Auth        Authenticator
	Grants      Grants
	Types       Types
	Connectors  Connectors
	Usage       Usage
	Observer    Observer
}

// Options are the times and bounds that operators set.
type Options struct {
	// LedgerAge is how long outcomes are kept: older requests are stale. 0: forever.
	LedgerAge time.Duration
	// ChainAge is how long chains are kept: a resumed run gives up an hour earlier. 0: forever.
	ChainAge time.Duration
	// SuspendFor is how long a run waits where its connection names no time of its own.
	SuspendFor time.Duration
	// MaxSuspend is the longest wait from now that an extension may ask for.
	MaxSuspend time.Duration
	// EndingSoon is how long ahead of its end a suspension is announced; 0: not at all.
	EndingSoon time.Duration
	// Patience is how long unclear answers of a provider are retried before the run is suspended.
	Patience time.Duration
	// ProbeFor is how long a probe may take before another run is sent.
	ProbeFor time.Duration
	// RecheckAfter is when the chains of a restored connection are listed again, until none waits.
	RecheckAfter time.Duration
	// ResumesPerSecond bounds how fast one worker resumes runs; 0: no bound.
	ResumesPerSecond float64
	// PollEvery is how often a broken connection's secret version is looked at, among all workers.
	PollEvery time.Duration
	// SweepEvery is how often one of the workers looks for what fell through.
	SweepEvery time.Duration
	// RestoreFor is how long a deleted connection can be brought back; 0: for ever.
	RestoreFor time.Duration
	// AnnounceEnds are the times ahead of a known end at which it is announced.
	AnnounceEnds []time.Duration
	// PermissionsAge is how long ago what is known of permissions may have been proven to be all: nothing is decided
	// on older knowledge. 0: however long.
	PermissionsAge time.Duration
	// RequireApp denies requests that name no app.
	RequireApp bool
	// QuestionsPerSecond bounds how fast one worker answers a tenant's questions about permissions; 0: no bound.
	QuestionsPerSecond float64
	// StrainPlaces is how many requests of connections whose targets or providers do not answer may be waited for at
	// the same time, and StrainAfter how long one has to take for that; 0: no bound.
	StrainPlaces int
	StrainAfter  time.Duration
	// ForgetFailure is how long a secret that is missing or deleted is not asked for again.
	ForgetFailure time.Duration
}

// Handlers holds what all handlers share. Make one with New.
type Handlers struct {
	Ports

	opts    Options
	resumes *rate.Limiter
	trying  sync.Map // tenant/connection → struct{}: one request at a time tries unproven credentials
	running sync.Map // tenant/request → struct{}: copies of one request do not run side by side
	unclear sync.Map // tenant/connection → time.Time: since when its provider gives unclear answers only
	paces   sync.Map // tenant/connection → *rate.Limiter: how fast its type lets its runs be resumed
	gone    goneCache
	// strained are connections that keep requests waiting.
	strained strained
	shares   sync.Map // tenant → *semaphore.Weighted: how much of this worker one tenant may keep waiting
	// versions are those of processes that were read.
	versions *versionCache
	// noLook is until when, in Unix ns, Vault is not looked at for a change: it did not answer the last time.
	noLook atomic.Int64
	// formulas are those of requests, compiled.
	formulas *formulaCache
	// harmless are messages of which no delivery changed anything so far.
	harmless *harmlessCache
	// asking is how fast each tenant asks about permissions.
	asking *askingCache
	// completed are connections as their types complete them.
	completed *appliedCache
}

// New makes the handlers of one worker.
func New(p Ports, o Options) *Handlers {
	limit := rate.Inf
	if o.ResumesPerSecond > 0 {
		limit = rate.Limit(o.ResumesPerSecond)
	}
	return &Handlers{Ports: p, opts: o, resumes: rate.NewLimiter(limit, resumeParallel),
		strained: strained{after: o.StrainAfter, most: int64(o.StrainPlaces)},
		versions: newVersionCache(), completed: newAppliedCache(), formulas: newFormulaCache(),
		harmless: newHarmlessCache(), asking: newAskingCache()}
}

// again turns an error of a port into a retry of the delivery.
func again(ctx context.Context, err error) dispatch.Result {
	if ctx.Err() != nil {
		return dispatch.Again(fault.Wrap(fault.Draining, "the worker is stopping", ctx.Err()))
	}
	return dispatch.Again(fault.From(err))
}

// conflict tells whether somebody else was first.
func conflict(err error) bool {
	return fault.Is(err, fault.Conflict)
}

// tooLarge tells whether a record can not be stored at all.
func tooLarge(err error) bool {
	return fault.Is(err, fault.TooLarge)
}

// detached is a context for what must be written although the worker is stopping: an effect that happened.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}

// writeTimeout bounds a write that must not be given up early; the message is redelivered after it.
const writeTimeout = 15 * time.Second

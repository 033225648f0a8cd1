// Package app wires a worker together: which parts, in which order, and what handles what (routes.go).
package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/authn"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/connection"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/metrics"
	"holdfast/internal/oauth"
	"holdfast/internal/permission"
	"holdfast/internal/putoff"
	"holdfast/internal/usage"
	"holdfast/vaultclient"
)

// App is one worker. Make it with New, start it with Start, and stop it with Stop.
type App struct {
	cfg      config.Config
	log      zerolog.Logger
	logs     *logs
	metrics  *metrics.Metrics
	observer observer

	bus      *bus.Bus
	vault    *vaultclient.Client
	handlers *handlers.Handlers
	gate     *gate
	web      *web
	putOff   *putoff.Book
	answered func(tenant string, sequence uint64)

	stops   []step // in the order in which they were started
	stopped sync.Once
}

// step is one part to stop.
type step struct {
	name string
	stop func(context.Context) error
}

// New makes a worker; nothing is contacted before Start.
func New(cfg config.Config, log zerolog.Logger) *App {
	l := newLogs(log, cfg.Log)
	return &App{cfg: cfg, log: l.of(config.LogWorker), logs: l, metrics: metrics.New(), putOff: putoff.New(0)}
}

// SetLogLevels changes which lines are written, from the next one on.
func (a *App) SetLogLevels(c config.Log) { a.logs.set(c) }

// Start connects, retrying for the configured time, and begins to consume. After an error everything that
// was started is stopped again.
func (a *App) Start(ctx context.Context) error {
	for _, part := range []func(context.Context) error{
		a.startTracing, a.startWeb, a.startBus, a.startVault, a.startHandlers, a.startConsuming, a.startAnswering, a.startLoops,
	} {
		if err := part(ctx); err != nil {
			return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
		}
	}
	a.web.started(a.ready)
	a.log.Info().Msg("the worker is ready")
	return nil
}

// Stop stops everything, last started first, within the drain timeout and a little more. It may be called
// more than once.
func (a *App) Stop(ctx context.Context) (err error) {
	a.stopped.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, a.cfg.Worker.DrainTimeout+stopMargin)
		defer cancel()
		for i := len(a.stops) - 1; i >= 0; i-- {
			began := time.Now()
			failed := a.stops[i].stop(ctx)
			a.log.Info().Str("part", a.stops[i].name).Dur("took_ms", time.Since(began)).Bool("clean", failed == nil).Msg("stopped")
			err = errors.Join(err, failed)
		}
	})
	return err
}

// stopMargin is what stopping may take beyond draining.
const stopMargin = 10 * time.Second

func (a *App) onStop(name string, stop func(context.Context) error) {
	a.stops = append(a.stops, step{name, stop})
}

func (a *App) startBus(ctx context.Context) (err error) {
	if a.bus, err = bus.Connect(ctx, BusConfig(a.cfg), a.logs.of(config.LogBus), a.metrics.ForBus()); err != nil {
		return fmt.Errorf("connect to the bus: %w", err)
	}
	a.onStop("bus", func(context.Context) error { a.bus.Close(); return nil })
	if a.cfg.Worker.Setup {
		report, err := a.bus.Setup(ctx, SetupConfig(a.cfg))
		if err != nil {
			return fmt.Errorf("set up streams: %w", err)
		}
		a.log.Info().Strs("created", report.Created).Strs("changed", report.Changed).Msg("streams are set up")
	}
	return a.checkBus(ctx)
}

// leastPayload is the message size that a bus must take: the largest request, and its copy on a chain.
const leastPayload = 2 * dispatch.MaxBytes

// checkBus makes sure of what every decision rests on: the bus's time, and messages that fit.
func (a *App) checkBus(ctx context.Context) error {
	if n := a.bus.MaxPayload(); n < leastPayload {
		return fault.New(fault.BusUnavailable, fmt.Sprintf("the bus takes messages of %d bytes, and %d are needed", n, leastPayload)).
			WithHint("raise max_payload in the server's configuration; deploy/nats/server.conf has an example")
	}
	if err := retryFor(ctx, a.cfg.NATS.StartTimeout, a.bus.Clock().Sync); err != nil {
		return fmt.Errorf("read the bus's clock: %w", err)
	}
	return nil
}

func (a *App) startVault(ctx context.Context) (err error) {
	if a.vault, err = vaultclient.New(VaultConfig(a.cfg), a.logs.of(config.LogVault), a.metrics); err != nil {
		return fmt.Errorf("configure Vault: %w", err)
	}
	a.onStop("vault", func(context.Context) error { a.vault.Close(); return nil })
	if err = retryFor(ctx, a.cfg.NATS.StartTimeout, a.vault.Start); err != nil {
		return fmt.Errorf("log in to Vault: %w", err)
	}
	return nil
}

func (a *App) startHandlers(ctx context.Context) error {
	addresses, err := httpc.ParseAddressPolicy(a.cfg.HTTP.AllowAddresses)
	if err != nil {
		return err
	}
	options := httpc.Options{Addresses: addresses, Timeout: a.cfg.HTTP.Timeout}
	target := httpc.New(options)
	a.onStop("connectors", func(context.Context) error { target.Close(); return nil })
	connectors, err := newConnectors(target, a.cfg.HTTP.Timeout)
	if err != nil {
		return err
	}
	types, err := LoadTypes(a.cfg)
	if err != nil {
		return err
	}
	if err := checkTypes(types.All(), connectors); err != nil {
		return err
	}
	provider := oauth.New(oauth.Options{Transport: httpc.NewTransport(options), Timeout: a.cfg.HTTP.Timeout, Clock: a.bus.Clock()})
	a.onStop("provider client", func(context.Context) error { provider.Close(); return nil })
	auth := authn.New(authn.Options{
		OAuth: provider, Tokens: a.vault, Leases: authn.LeasesFrom(a.bus.Leases().Acquire), Clock: a.bus.Clock(),
		Observer: a.observer, RenewAhead: a.cfg.Worker.AccessTokenRenewAhead,
		RefreshLife: refreshLife(types),
		LearnEnds: func(ctx context.Context, tenant, id string, generation uint64, ends []connection.End) error {
			return a.handlers.LearnEnds(ctx, tenant, id, generation, ends)
		},
	})
	a.onStop("authenticator", auth.Close)
	ports, err := a.ports(ctx)
	if err != nil {
		return err
	}
	ports.Grants, ports.Types = auth, types
	ports.Auth, ports.Connectors = auth, connectors
	uses := usage.New(a.bus.Uses(), a.reporter("the index of uses"))
	a.onStop("index of uses", uses.Close)
	ports.Usage = uses
	chosen, err := a.handlerOptions(ctx)
	if err != nil {
		return err
	}
	a.handlers = handlers.New(ports, chosen)
	return nil
}

// handlerOptions are the settings, and the ages that ledgers and chains really have.
func (a *App) handlerOptions(ctx context.Context) (o handlers.Options, err error) {
	o = HandlerOptions(a.cfg)
	if o.LedgerAge, err = a.bus.Age(ctx, events.StreamOutcomes); err != nil {
		return o, fmt.Errorf("read the ledger's age: %w", err)
	}
	if o.ChainAge, err = a.bus.Age(ctx, events.StreamSuspensions); err != nil {
		return o, fmt.Errorf("read the chains' age: %w", err)
	}
	return o, nil
}

// ports are the bus's, Vault's and the metrics' sides of what handlers need.
func (a *App) ports(ctx context.Context) (handlers.Ports, error) {
	runs, err := a.bus.Runs(ctx)
	if err != nil {
		return handlers.Ports{}, fmt.Errorf("read terminated runs: %w", err)
	}
	permissions := new(permission.Snapshots)
	facts, err := a.bus.Facts(ctx, permissions)
	if err != nil {
		return handlers.Ports{}, fmt.Errorf("read users, places and permission sets: %w", err)
	}
	registry := a.bus.Registry()
	facts.Prove()
	registry.Prove()
	a.answered = facts.Answered
	return handlers.Ports{
		Facts: facts, Permissions: permissions,
		Journal: a.bus.Journal(), Timers: a.bus.Timers(), Registry: registry, Names: a.bus.Names(), Runs: runs,
		Notices: a.bus.Notices(), Leases: a.bus.Leases(), Clock: a.bus.Clock(),
		Secrets: a.vault, Observer: a.observer,
	}, nil
}

// startLoops starts what a worker does of its own accord.
func (a *App) startLoops(ctx context.Context) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	all.Go(func() { a.handlers.SweepForever(ctx, a.reporter("sweep")) })
	all.Go(func() { a.handlers.PollBroken(ctx, a.reporter("poll")) })
	all.Go(func() { a.handlers.KeepAlive(ctx, a.reporter("keeping connections alive")) })
	all.Go(func() { a.watch(ctx) })
	all.Go(func() { a.handlers.WatchEnds(ctx, a.reporter("watch of ends")) })
	a.onStop("loops", func(context.Context) error { cancel(); all.Wait(); return nil })
	return nil
}

// reporter logs what a loop could not do; it does it again next time.
func (a *App) reporter(loop string) func(error) {
	return func(err error) { logFault(a.log, err, loop+" is incomplete and will be repeated") }
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
)

// unbounded is the highest rate of resuming that the settings allow: it is the pipeline that is measured,
// not the brake that spares targets.
const unbounded = 100_000

// lookEvery is how often the stand looks whether something has happened.
const lookEvery = 10 * time.Millisecond

// settings are a worker's: the defaults, but for where things are.
func (s *stand) settings() config.Config {
	cfg := config.Default()
	cfg.NATS.URLs = []string{s.url}
	cfg.Vault.Address, cfg.Vault.Prefix = s.vault.Address, vaultPrefix
	cfg.Vault.Auth.Method, cfg.Vault.Auth.Token = "token", s.vault.token
	cfg.Worker.Concurrency, cfg.Worker.Prefetch = inParallel, heldAhead
	cfg.Worker.ResumeRate = unbounded
	cfg.HTTP.AllowAddresses = []string{"127.0.0.0/8"} // the provider's
	cfg.Listen.Metrics = "127.0.0.1:0"
	return cfg
}

// startWorker starts a worker with all that it has: real handlers, metrics, and a log at info that is
// written nowhere.
func (s *stand) startWorker(ctx context.Context) (stop func() error, err error) {
	a := app.New(s.settings(), zerolog.New(io.Discard).Level(zerolog.InfoLevel).With().Timestamp().Logger())
	if err := a.Start(ctx); err != nil {
		return nil, fmt.Errorf("start the worker: %w", err)
	}
	return func() error { return a.Stop(context.WithoutCancel(ctx)) }, nil
}

// introduce has a worker take connections into the registry, so that those that are measured find them.
func (s *stand) introduce(ctx context.Context, all ...events.Connection) error {
	for _, c := range all {
		if err := s.publish(ctx, events.ConnectionCreated, c); err != nil {
			return err
		}
	}
	stop, err := s.startWorker(ctx)
	if err != nil {
		return err
	}
	_, err = s.settled(ctx, events.StreamConnections, bus.DurableConnections, len(all))
	return errors.Join(err, stop())
}

// every calls look until it says that it has seen enough, or fails.
func every(ctx context.Context, d time.Duration, look func() (done bool, err error)) error {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

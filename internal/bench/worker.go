package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// settings are a worker's of this stand.
func (s *stand) settings() config.Config {
	return workerSettings(s.url, s.vault.Address, s.vault.token)
}

// startWorker starts a worker with all that it has: real handlers, metrics, and a log at info that is
// written nowhere.
func (s *stand) startWorker(ctx context.Context) (stop func() error, err error) {
	a := app.New(s.settings(), quiet())
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

package app

import (
	"context"
	"fmt"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/dispatch"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
	"holdfast/internal/replay"
)

// Foresight is what a worker would decide by, read with an operator's login, which writes none of it.
type Foresight struct {
	bus     *bus.Bus
	sight   handlers.Sight
	options handlers.Options
	target  *httpc.Connector
}

// NewForesight reads what a session sees: the registry, users and places, terminated runs. Types are those of the
// settings at hand, which should be the workers'. Close it.
func NewForesight(ctx context.Context, s *ops.Session, cfg config.Config) (*Foresight, error) {
	f := &Foresight{bus: s.Bus(), target: httpc.New(httpc.Options{})}
	if err := f.read(ctx, s, cfg); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close ends it; the session stays open.
func (f *Foresight) Close() { f.target.Close() }

func (f *Foresight) read(ctx context.Context, s *ops.Session, cfg config.Config) error {
	types, err := LoadTypes(cfg)
	if err != nil {
		return err
	}
	connectors, err := newConnectors(f.target, cfg.HTTP.Timeout)
	if err != nil {
		return err
	}
	if err := f.bus.Clock().Sync(ctx); err != nil {
		return fmt.Errorf("read the bus's clock: %w", err)
	}
	f.options = HandlerOptions(cfg)
	if f.options.LedgerAge, err = f.bus.Age(ctx, events.StreamOutcomes); err != nil {
		return fmt.Errorf("read the ledger's age: %w", err)
	}
	runs, err := f.bus.Runs(ctx)
	if err != nil {
		return fmt.Errorf("read terminated runs: %w", err)
	}
	sets := new(permission.Snapshots)
	facts, err := f.bus.Facts(ctx, sets)
	if err != nil {
		return fmt.Errorf("read users, roles and places: %w", err)
	}
	registry, err := s.ReadRegistry(ctx)
	if err != nil {
		return fmt.Errorf("read connections: %w", err)
	}
	f.sight = handlers.Sight{Journal: f.bus.Journal(), Registry: registry, Facts: facts, Names: f.bus.Names(), Runs: runs,
		Permissions: sets, Clock: f.bus.Clock(), Types: types, Connectors: connectors}
	return nil
}

// Replay makes a replay.
func (f *Foresight) Replay(o replay.Options) (*replay.Replay, error) {
	return replay.New(f.bus, f.sight, f.options, f.routes, o)
}

// Rebuild makes a rebuild.
func (f *Foresight) Rebuild(o replay.StateOptions) *replay.Rebuilder {
	return replay.NewRebuilder(f.bus, f.sight, f.options, f.routes, o)
}

// routes are a worker's.
func (f *Foresight) routes(h *handlers.Handlers) (dispatch.Handler, error) {
	router := dispatch.NewRouter(dispatch.WithClock(f.bus.Clock()))
	return router.Route, routes(router, h)
}

package app

import (
	"context"
	"math/rand/v2"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/metrics"
	"holdfast/internal/pause"
)

// watch looks, now and then, at what a worker depends on and how far behind it is. Every worker does: a metric that
// one of them alone had would be gone with it.
func (a *App) watch(ctx context.Context) {
	for {
		a.look(ctx)
		if !pause.For(ctx, spread(a.cfg.Worker.WatchInterval)) {
			a.metrics.Ready(false)
			return
		}
	}
}

// spread is d, a tenth of it earlier or later: workers that began together do not ask together.
func spread(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // spreads load, protects nothing
}

// look takes one look. What can not be asked keeps its last value.
func (a *App) look(ctx context.Context) {
	onBus, inVault := a.answers(ctx, a.bus.Ready), a.answers(ctx, a.vault.Ready)
	a.metrics.Up(metrics.Bus, onBus)
	a.metrics.Up(metrics.Vault, inVault)
	a.metrics.Ready(onBus && inVault)
	a.metrics.Connections(a.states())
	for _, d := range bus.Durables() {
		if ctx.Err() != nil {
			return
		}
		l, err := a.bus.Lag(ctx, d)
		if l.Consumer != "" {
			a.metrics.Lag(l)
		}
		if err != nil {
			logFault(a.log, err, "lag is not known for now")
			return // nor is that of the others
		}
	}
}

func (a *App) answers(ctx context.Context, ready func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return ready(ctx) == nil
}

// states counts the registry's connections.
func (a *App) states() map[events.ConnectionState]int {
	in := make(map[events.ConnectionState]int)
	for e := range a.handlers.Registry.All() {
		in[e.State()]++
	}
	return in
}

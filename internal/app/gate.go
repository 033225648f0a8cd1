package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/metrics"
)

// gate pauses consumers while Vault is down for all, and opens as soon as it answers again. What is paused
// waits on the bus: nothing is delayed one by one, and Vault is asked once a second instead of by everyone.
type gate struct {
	ready func(context.Context) error
	log   zerolog.Logger
	seen  gateObserver

	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu   sync.Mutex
	subs []pausable
	shut bool
}

type pausable interface {
	Pause()
	Resume()
}

// gateEvery is how often Vault is asked while the gate is closed.
const gateEvery = time.Second

// gateObserver is told of the gate.
type gateObserver interface {
	GateClosed(why fault.Reason)
	GateOpened()
}

func newGate(ready func(context.Context) error, log zerolog.Logger, seen gateObserver) *gate {
	g := &gate{ready: ready, log: log, seen: seen}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// watch closes the gate when a delivery could not be handled because of Vault itself.
func (g *gate) watch(next dispatch.Handler) dispatch.Handler {
	return func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
		r := next(ctx, d)
		if r.Verb == dispatch.Retry && r.Fault != nil && downForAll(r.Fault.Reason) {
			g.close(r.Fault.Reason)
		}
		return r
	}
}

func downForAll(r fault.Reason) bool { return slices.Contains(metrics.ClosingReasons(), r) }

func (g *gate) add(s pausable) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.subs = append(g.subs, s)
	if g.shut {
		s.Pause()
	}
}

func (g *gate) close(why fault.Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut || g.ctx.Err() != nil {
		return
	}
	g.shut = true
	g.seen.GateClosed(why)
	g.log.Warn().Str("reason", string(why)).Msg("Vault is down for all: requests wait on the bus until it answers")
	for _, s := range g.subs {
		s.Pause()
	}
	g.done.Go(g.waitAndOpen)
}

func (g *gate) waitAndOpen() {
	tick := time.NewTicker(gateEvery)
	defer tick.Stop()
	for g.ready(g.ctx) != nil {
		select {
		case <-g.ctx.Done():
			return
		case <-tick.C:
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = false
	g.seen.GateOpened()
	g.log.Info().Msg("Vault answers again: requests are fetched")
	for _, s := range g.subs {
		s.Resume()
	}
}

func (g *gate) stop(context.Context) error {
	g.cancel()
	g.done.Wait()
	return nil
}

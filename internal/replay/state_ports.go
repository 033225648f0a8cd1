package replay

import (
	"context"
	"time"

	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
)

// ports are a worker's, for the rebuild.
func (w *rebuilding) ports() handlers.Ports {
	s := w.sight
	s.Clock = w
	return handlers.RebuildPorts(rebuiltRegistry{w.registry}, rebuiltFacts{w.facts}, w.names, s)
}

// rebuiltRegistry and rebuiltFacts wait for nothing: what comes earlier was handled earlier.
type rebuiltRegistry struct{ *bus.Registry }

func (rebuiltRegistry) Settled(context.Context, string, uint64) (bool, error) { return true, nil }

type rebuiltFacts struct{ *bus.Facts }

func (rebuiltFacts) Settled(context.Context, string, time.Time) error    { return nil }
func (rebuiltFacts) SettledBefore(context.Context, string, uint64) error { return nil }

// names are who has which name, in memory: they follow from the connections.
type names struct {
	claims   map[string]claim
	revision uint64
}

type claim struct {
	connection.Claim
	revision uint64
}

func (n *names) Claimed(_ context.Context, tenant, key string) (connection.Claim, uint64, error) {
	c := n.claims[tenant+"."+key]
	return c.Claim, c.revision, nil
}

func (n *names) Claim(_ context.Context, tenant, key string, c connection.Claim, _ uint64) (uint64, error) {
	n.revision++
	n.claims[tenant+"."+key] = claim{c, n.revision}
	return n.revision, nil
}

func (n *names) Release(_ context.Context, tenant, key string, _ uint64) error {
	delete(n.claims, tenant+"."+key)
	return nil
}

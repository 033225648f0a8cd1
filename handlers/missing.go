package handlers

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/suspension"
)

// missingFor is how long the entry of a connection that nobody has created stays after a request last asked for
// it: whoever made it may be about to suspend its run.
const missingFor = 10 * time.Minute

// forgetMissing takes the entries away that say no more than that nobody has created a connection, once no run
// waits for it.
func (h *Handlers) forgetMissing(ctx context.Context) (failed error) {
	for e := range h.Registry.All() {
		if ctx.Err() == nil && e.Missing && (e.Broken == nil || h.Clock.Now().Sub(e.Broken.Failed) > missingFor) {
			failed = keepFirst(failed, unlessContended(h.forget(ctx, e.Tenant, e.ID)))
		}
	}
	return failed
}

func (h *Handlers) forget(ctx context.Context, tenant, id string) error {
	e, rev, err := h.Registry.Fresh(ctx, tenant, id)
	if err != nil || e == nil || !e.Missing {
		return err
	}
	waits, err := h.anyWaits(ctx, e)
	if err != nil || waits {
		return err
	}
	return h.Registry.Drop(ctx, tenant, id, rev)
}

// anyWaits tells whether a run is suspended for a connection.
func (h *Handlers) anyWaits(ctx context.Context, e *connection.Entry) (bool, error) {
	for rec, err := range h.Journal.Each(ctx, events.ChainsFilter(e.Tenant, e.ID, "")) {
		if err != nil {
			return false, err
		}
		if suspension.StateOf(rec.Record) == suspension.Waiting {
			return true, nil
		}
	}
	return false, nil
}

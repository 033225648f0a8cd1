package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/suspension"
)

// probe sends one suspended run ahead to try credentials that nothing else can test. Who holds the role is
// written down before the run is resumed, so two workers do not send two.
func (h *Handlers) probe(ctx context.Context, e *connection.Entry, revision uint64, f connection.Fence) error {
	now := h.Clock.Now()
	if p := e.Probe; p != nil && p.Fence == f && now.Sub(p.At) < h.opts.ProbeFor {
		return nil
	}
	if e.Resume == events.ResumeManual {
		return nil
	}
	rec, found, err := h.firstWaiting(ctx, e)
	if err != nil || !found {
		return err
	}
	p := &connection.Probe{Fence: f, Request: rec.Chain.Request, At: now.UTC()}
	if _, err = h.Registry.Put(ctx, connection.WithProbe(e, p), revision); err != nil {
		return err
	}
	return h.resume(ctx, rec, suspension.Step{Cause: events.CauseProbe}, f)
}

// probeOrTrust sends a run ahead. Where none waits, credentials that nothing speaks against count as good: the
// connection was only waiting for them.
func (h *Handlers) probeOrTrust(ctx context.Context, e *connection.Entry, revision uint64, f connection.Fence) error {
	if !e.Broken.Refused() {
		waits, err := h.anyWaits(ctx, e)
		if err != nil {
			return err
		}
		if !waits {
			return h.restore(ctx, e, f)
		}
	}
	return h.probe(ctx, e, revision, f)
}

// firstWaiting finds a run that waits for the connection, and passes over the one that was sent last.
func (h *Handlers) firstWaiting(ctx context.Context, e *connection.Entry) (events.ChainRecord, bool, error) {
	var fallback events.ChainRecord
	for rec, err := range h.Journal.Each(ctx, events.ChainsFilter(e.Tenant, e.ID, "")) {
		if err != nil {
			return events.ChainRecord{}, false, err
		}
		if suspension.StateOf(rec.Record) != suspension.Waiting {
			continue
		}
		if e.Probe == nil || e.Probe.Request != rec.Chain.Request {
			return rec, true, nil
		}
		fallback = rec
	}
	return fallback, fallback.Sequence != 0, nil
}

// endProbe takes the role from a run that ended without showing whether the credentials work; the change
// of the registry sends the next one.
func (h *Handlers) endProbe(ctx context.Context, tenant, id, request string) error {
	for {
		e, rev, err := h.Registry.Fresh(ctx, tenant, id)
		if err != nil || e == nil || e.Probe == nil || e.Probe.Request != request {
			return err
		}
		_, err = h.Registry.Put(ctx, connection.WithProbe(e, nil), rev)
		if !conflict(err) {
			return err
		}
	}
}

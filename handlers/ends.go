package handlers

import (
	"context"
	"errors"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// LearnEnds notes when the credentials of a connection end, as using them at a generation has shown: all of
// them, every time. Ends of credentials that were replaced meanwhile are of no interest.
func (h *Handlers) LearnEnds(ctx context.Context, tenant, id string, generation uint64, ends []connection.End) error {
	for {
		e, rev, err := h.Registry.Fresh(ctx, tenant, id)
		if err != nil || e == nil {
			return err
		}
		next, ok := connection.WithEnds(e, generation, ends)
		if !ok {
			return nil
		}
		if _, err = h.Registry.Put(ctx, next, rev); !conflict(err) {
			return err
		}
	}
}

// endsEvery is the longest time between two looks at what ends soon.
const endsEvery = 15 * time.Minute

// WatchEnds announces what ends soon, and marks what has ended, one worker at a time.
func (h *Handlers) WatchEnds(ctx context.Context, report func(error)) {
	every := min(endsEvery, h.opts.SweepEvery)
	h.forever(ctx, every, func() {
		if ok, err := h.Leases.Hold(ctx, "ends", every/2); err != nil || !ok {
			report(err)
			return
		}
		report(h.LookAtEnds(ctx))
	})
}

// LookAtEnds looks once at the known ends of every connection.
func (h *Handlers) LookAtEnds(ctx context.Context) (failed error) {
	for e := range h.Registry.All() {
		if ctx.Err() != nil {
			return errors.Join(failed, ctx.Err())
		}
		now := h.Clock.Now()
		if len(e.Due(now, h.opts.AnnounceEnds)) > 0 {
			failed = keepFirst(failed, h.announceEnds(ctx, e.Tenant, e.ID))
		}
		if f := e.Unusable(now); f != nil && f.Reason == fault.ConnectionExpired && e.Works() {
			_, err := h.markBroken(ctx, credentials{entry: e, fence: connection.Fence{Generation: e.Generation}}, f, false)
			failed = keepFirst(failed, err)
		}
	}
	return failed
}

// announceEnds announces what is due of one connection, and writes down that it was: the bus knows repeated
// notices for minutes, and the ends are days ahead.
func (h *Handlers) announceEnds(ctx context.Context, tenant, id string) error {
	for {
		e, rev, err := h.Registry.Fresh(ctx, tenant, id)
		if err != nil || e == nil {
			return err
		}
		due := e.Due(h.Clock.Now(), h.opts.AnnounceEnds)
		if len(due) == 0 {
			return nil
		}
		for _, a := range due {
			if err := h.tellEnd(ctx, e, a); err != nil {
				return err
			}
			e = connection.WithAnnounced(e, a)
		}
		if _, err = h.Registry.Put(ctx, e, rev); !conflict(err) {
			return err
		}
	}
}

func (h *Handlers) tellEnd(ctx context.Context, e *connection.Entry, a connection.Announced) error {
	at := a.At.UTC()
	n := events.ConnectionNotice{
		Tenant: e.Tenant, ID: e.ID, Generation: e.Generation, SecretVersion: e.SecretVersion(), Revision: e.Sequence,
		State: e.State(), Ending: a.What, EndsAt: &at,
	}
	what := strings.Join([]string{"expiring", a.What, a.Ahead.String()}, "/")
	return h.notify(ctx, events.ConnectionExpiring, e.Tenant, noticeID(what, e.Tenant, e.ID, uint64(max(at.Unix(), 0))), n)
}

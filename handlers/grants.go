package handlers

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

const (
	// keepAliveEvery is the longest time between two looks at connections that nobody uses: a quarter of the
	// shortest life of a refresh token that still is kept alive.
	keepAliveEvery = 5 * time.Minute
	// revokeTries bounds how often a provider is asked to take a token back.
	revokeTries = 8
)

// KeepAlive refreshes the tokens of connections that nobody used for long, before their refresh tokens end, one
// worker at a time. Those that do not work, are disabled or deleted are left alone.
func (h *Handlers) KeepAlive(ctx context.Context, report func(error)) {
	every := min(keepAliveEvery, h.opts.SweepEvery)
	next := new(times)
	h.forever(ctx, every, func() {
		if ok, err := h.Leases.Hold(ctx, "keep-alive", every/2); err != nil || !ok {
			report(err)
			return
		}
		report(h.keepAlive(ctx, next))
	})
}

// times is when to look at connections again, by tenant and id.
type times struct{ sync.Map }

func (t *times) come(key string, now time.Time) bool {
	at, _ := t.Load(key)
	due, known := at.(time.Time)
	return !known || !now.Before(due)
}

// set notes when to look again; the zero time means at every look.
func (t *times) set(key string, due time.Time) {
	if due.IsZero() {
		t.Delete(key)
		return
	}
	t.Store(key, due)
}

// keepAlive looks once at every connection whose time, in next, has come. Several at a time: a provider that does not
// answer must not make the tokens of others end.
func (h *Handlers) keepAlive(ctx context.Context, next *times) error {
	var g errgroup.Group
	g.SetLimit(brokenParallel)
	for e := range h.Registry.All() {
		key := e.Tenant + "/" + e.ID
		if e.State() != events.StateActive {
			next.Delete(key)
			continue
		}
		if ctx.Err() != nil || !next.come(key, h.Clock.Now()) {
			continue
		}
		g.Go(func() error {
			due, err := h.keepOne(ctx, e)
			next.set(key, due)
			return err
		})
	}
	return g.Wait()
}

// keepOne looks at one connection. One that turns out to be broken is marked: better now than at its next use.
func (h *Handlers) keepOne(ctx context.Context, e *connection.Entry) (due time.Time, err error) {
	to, f := h.applied(e)
	if f == nil {
		due, err = h.Grants.KeepAlive(ctx, to)
		f = fault.From(err)
	}
	if f == nil || !f.Class().Suspends() {
		return due, unlessContended(err)
	}
	c := h.secretOf(ctx, e, true)
	if c.fault != nil && !c.fault.Class().Suspends() {
		return due, c.fault
	}
	_, err = h.markBroken(ctx, c, f, false)
	return due, err
}

// revoked takes a deleted connection's token back at its provider. The tombstone stands whatever comes of it,
// and after some tries it is given up.
func (h *Handlers) revoked(ctx context.Context, e *connection.Entry, deliveries uint64) dispatch.Result {
	to, f := h.applied(e)
	if f != nil {
		return dispatch.Done("not_revoked_" + string(f.Reason))
	}
	release, f := h.share(ctx, e.Tenant)
	if f != nil { // its tries are not those of others
		return dispatch.Again(f)
	}
	defer release()
	done, err := h.Grants.Revoke(ctx, to)
	switch f := fault.From(err); {
	case f == nil && done:
		return dispatch.Done("revoked")
	case f == nil:
		return dispatch.Done("looked")
	case f.Class().Retries() && deliveries < revokeTries:
		return again(ctx, err)
	default:
		return dispatch.Done("not_revoked_" + string(f.Reason))
	}
}

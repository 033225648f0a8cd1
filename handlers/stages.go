package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// ledgerOf looks at a request's ledger.
func (h *Handlers) ledgerOf(ctx context.Context, tenant, request string) (events.Record, error) {
	return h.lastOf(ctx, dispatch.StageLedger, events.LedgerSubject(tenant, request))
}

// chainOf looks at a chain.
func (h *Handlers) chainOf(ctx context.Context, c events.Chain) (events.Record, error) {
	return h.lastOf(ctx, dispatch.StageChain, c.Subject())
}

func (h *Handlers) lastOf(ctx context.Context, s dispatch.Stage, subject string) (events.Record, error) {
	ctx, end := h.Observer.Begin(ctx, s)
	last, err := h.Journal.Last(ctx, subject)
	end(fault.From(err))
	return last, err
}

// append publishes a payload as an event of type t, expecting the subject's last sequence to be after.
func (h *Handlers) append(ctx context.Context, subject string, after uint64, t events.Type, payload any) (uint64, error) {
	e, err := events.New(t, h.Clock.Now(), payload)
	if err != nil {
		return 0, err
	}
	return h.store(ctx, subject, after, e)
}

// store is append of an event that is made already.
func (h *Handlers) store(ctx context.Context, subject string, after uint64, e events.Event) (uint64, error) {
	ctx, end := h.Observer.Begin(ctx, dispatch.StagePublish)
	sequence, err := h.Journal.Append(ctx, subject, after, e)
	end(fault.From(err))
	return sequence, err
}

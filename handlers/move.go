package handlers

import (
	"context"
	"fmt"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/suspension"
)

// resume publishes resumed on a waiting chain and takes its alarm away. Losing to somebody else is no
// error: the chain has moved.
func (h *Handlers) resume(ctx context.Context, rec events.ChainRecord, step suspension.Step, verified connection.Fence) error {
	return h.move(ctx, rec, events.SuspensionResumed, func(s events.Suspension) (events.Suspension, error) {
		return suspension.Resume(rec.Record, s, step, verified)
	})
}

// end ends a waiting chain before or at its time, unless its request has its end already.
func (h *Handlers) end(ctx context.Context, rec events.ChainRecord, step suspension.Step) error {
	if ended, err := h.reconcile(ctx, rec); ended || err != nil {
		return err
	}
	return h.terminate(ctx, rec, step)
}

// reconcile closes the chain of a request that has its end on the ledger: a slow worker's suspension may land
// after somebody else's outcome, and a restored backup may hold less than happened.
func (h *Handlers) reconcile(ctx context.Context, rec events.ChainRecord) (ended bool, err error) {
	ledger, err := h.ledgerOf(ctx, rec.Chain.Tenant, rec.Chain.Request)
	if err != nil || !ledger.Type.Ends() {
		return false, err
	}
	return true, h.resume(ctx, rec, suspension.Step{Cause: events.CauseReconciled}, connection.Fence{})
}

// terminate publishes terminated on a waiting chain.
func (h *Handlers) terminate(ctx context.Context, rec events.ChainRecord, step suspension.Step) error {
	return h.move(ctx, rec, events.SuspensionTerminated, func(s events.Suspension) (events.Suspension, error) {
		return suspension.Terminate(rec.Record, s, step)
	})
}

// move is one deciding event of a chain: publish it after the one at hand, then cancel that one's alarm.
func (h *Handlers) move(ctx context.Context, rec events.ChainRecord, t events.Type, next func(events.Suspension) (events.Suspension, error)) (err error) {
	s, err := events.Payload[events.Suspension](rec.Event)
	if err != nil {
		return err
	}
	if s, err = next(s); err != nil {
		return err
	}
	ctx, end := h.Observer.Follow(ctx, stageOf(t), rec.Trace)
	defer func() { end(fault.From(err)) }()
	if _, err = h.append(ctx, rec.Chain.Subject(), rec.Sequence, t, s); conflict(err) {
		return nil
	} else if err != nil {
		return err
	}
	h.Observer.Suspension(t, fault.Reason(s.Reason), s.Cause)
	return h.Timers.Cancel(ctx, rec.Chain, rec.Sequence)
}

// stageOf is the stage of a move.
func stageOf(t events.Type) dispatch.Stage {
	if t == events.SuspensionTerminated {
		return dispatch.StageTerminate
	}
	return dispatch.StageResume
}

// notify publishes a notice under an id that is the same however often it is tried.
func (h *Handlers) notify(ctx context.Context, t events.Type, tenant, id string, payload any) error {
	e, err := events.New(t, h.Clock.Now(), payload)
	if err != nil {
		return err
	}
	e.ID = id
	return h.Notices.Notify(ctx, tenant, e)
}

func noticeID(what, tenant, subject string, sequence uint64) string {
	return fmt.Sprintf("%s/%s/%s/%d", what, tenant, subject, sequence)
}

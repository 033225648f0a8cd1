package handlers

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/suspension"
)

// AlarmRang handles a timer that the server took away because its time was over: of the chain's event at
// sequence, at the server's time rangAt. The alarm proposes; the chain decides.
func (h *Handlers) AlarmRang(ctx context.Context, c events.Chain, sequence uint64, rangAt time.Time) dispatch.Result {
	last, err := h.chainOf(ctx, c)
	if err != nil {
		return again(ctx, err)
	}
	if suspension.StateOf(last) != suspension.Waiting {
		return dispatch.Done("too_late")
	}
	rec := events.ChainRecord{Record: last, Chain: c}
	if sequence != last.Sequence { // an older event's alarm: see to it that the last one's is there
		return h.settle(ctx, rec)
	}
	return h.due(ctx, rec, rangAt)
}

// due ends a waiting chain whose deadline is over at now, or sees to it that its alarm rings then.
func (h *Handlers) due(ctx context.Context, rec events.ChainRecord, now time.Time) dispatch.Result {
	s, err := events.Payload[events.Suspension](rec.Event)
	if err != nil {
		return again(ctx, err)
	}
	if now.Before(s.TerminatesAt) {
		return h.ringAgain(ctx, rec, s, now)
	}
	if err = h.end(ctx, rec, suspension.Step{Cause: events.CauseDeadline}); err != nil {
		return again(ctx, err)
	}
	h.Observer.AlarmLate(h.Clock.Now().Sub(s.TerminatesAt))
	return dispatch.Done("terminated")
}

// ringAgain sets the alarm for what is left, and says so where this ring was the one ahead of the end.
func (h *Handlers) ringAgain(ctx context.Context, rec events.ChainRecord, s events.Suspension, now time.Time) dispatch.Result {
	left := s.TerminatesAt.Sub(now)
	if h.opts.EndingSoon > 0 && left <= h.opts.EndingSoon+time.Second {
		id := noticeID("ending_soon", s.Tenant, s.Request, rec.Sequence)
		if err := h.notify(ctx, events.SuspensionEndingSoon, s.Tenant, id, s); err != nil {
			return again(ctx, err)
		}
		h.Observer.Suspension(events.SuspensionEndingSoon, fault.Reason(s.Reason), "")
	}
	ring := suspension.NextRing(s, now, h.opts.EndingSoon)
	return doneUnless(ctx, h.Timers.SetAgain(ctx, rec.Chain, rec.Sequence, ring), "set_again")
}

func doneUnless(ctx context.Context, err error, label string) dispatch.Result {
	if err != nil {
		return again(ctx, err)
	}
	return dispatch.Done(label)
}

package handlers

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// Observer counts what happens; its methods must not block.
type Observer interface {
	// Outcome is one request's end.
	Outcome(t events.Type, r fault.Reason)
	// Decided is one request's end that permission sets decided over, or a change that only a site set let through: the
	// rule, one of permission.Rules.
	Decided(r permission.Rule)
	// Begin begins a stage, as in dispatch.Stages.
	Begin(ctx context.Context, s dispatch.Stage) (inside context.Context, end func(*fault.Fault))
	// Follow is Begin of a stage that goes on where a record was published: in its trace, not in that of ctx, which
	// is only linked.
	Follow(ctx context.Context, s dispatch.Stage, last events.Trace) (inside context.Context, end func(*fault.Fault))
	// Suspension is one move of a chain, or that its end is near; r is why it was suspended, cause why it moved.
	Suspension(t events.Type, r fault.Reason, cause events.Cause)
	// Held is how many suspensions wait, as the last sweep counted them.
	Held(n int)
	// AlarmLate is how long after its deadline a suspension was terminated.
	AlarmLate(d time.Duration)
}

package dispatch

import (
	"context"

	"holdfast/internal/fault"
)

// PutOffs hears which requests are put off; it may be called at the same time by many.
type PutOffs interface {
	// PutOff: the delivery comes again, and why.
	PutOff(f Facts, d Delivery, why *fault.Fault)
	// Settled: the request's message, which had come before, does not come again.
	Settled(f Facts)
}

// PuttingOff tells of requests that are put off. What is handled at its first delivery costs nothing.
func PuttingOff(o PutOffs) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) Result {
			ctx, facts := withFacts(ctx)
			r := next(ctx, d)
			switch {
			case facts.Request == "":
			case r.Verb == Retry && r.Fault != nil && r.Fault.Reason != fault.Draining: // that one is handed back as it was
				o.PutOff(facts.Facts, d, r.Fault)
			case r.Verb != Retry && d.Deliveries > 1:
				o.Settled(facts.Facts)
			}
			return r
		}
	}
}

package dispatch

import (
	"context"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Observation is what metrics count of one delivery. Every word in it is from a closed set.
type Observation struct {
	Type        events.Type // "" where it is no inbound type: senders must not make up labels
	Verb        Verb
	Label       string
	Reason      fault.Reason // "" where nothing went wrong
	Redelivered bool
	Took        time.Duration
}

// Observer takes observations; it may be called at the same time by many.
type Observer interface {
	Handled(Observation)
}

// Metrics tells an observer of each delivery.
func Metrics(o Observer) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) Result {
			start := time.Now()
			r := next(ctx, d)
			seen := Observation{Type: countable(r.EventType), Verb: r.Verb, Label: r.Label,
				Redelivered: d.Deliveries > 1, Took: time.Since(start)}
			if r.Fault != nil {
				seen.Reason = r.Fault.Reason
			}
			o.Handled(seen)
			return r
		}
	}
}

func countable(t string) events.Type {
	if slices.Contains(events.Inbound(), events.Type(t)) {
		return events.Type(t)
	}
	return ""
}

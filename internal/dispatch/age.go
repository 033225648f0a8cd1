package dispatch

import (
	"time"

	"holdfast/internal/fault"
)

// checkTime refuses an event from the future: its age could not be told. It is held against the time at
// which the bus stored it, so that the answer is the same however late it is delivered.
func checkTime(r *Router, in *incoming) *fault.Fault {
	stored := in.Time
	if stored.IsZero() {
		stored = r.clock.Now()
	}
	if in.time.After(stored.Add(MaxAhead)) {
		return fault.New(fault.FromTheFuture, "the time is over five minutes ahead of the bus's").WithField("/time")
	}
	return nil
}

// Age is how old an event is at now (the bus's time): from its own time, or from when the bus stored it,
// whichever is older. Never negative; 0 where neither is known.
func Age(m Meta, now time.Time) time.Duration {
	oldest := m.Time
	if oldest.IsZero() || !m.EventTime.IsZero() && m.EventTime.Before(oldest) {
		oldest = m.EventTime
	}
	if oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(oldest))
}

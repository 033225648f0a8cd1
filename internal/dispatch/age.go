package dispatch

import (
	"time"

	"holdfast/events"
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

// FirstStored is when the bus stored a delivery, or the first try of it where it is the retry of a dead letter that
// says so. A header can only make it older.
func FirstStored(d Delivery) time.Time {
	first, err := time.Parse(time.RFC3339Nano, d.Get(events.HeaderFirstStored))
	if err != nil || !d.Time.IsZero() && first.After(d.Time) {
		return d.Time
	}
	return first
}

// OnBus is for how long, at now (the bus's time), the bus has had a delivery, or the first try of it: whatever its
// publisher's clock says. Never negative; 0 where it is not known.
func OnBus(d Delivery, now time.Time) time.Duration {
	first := FirstStored(d)
	if first.IsZero() {
		return 0
	}
	return max(0, now.Sub(first))
}

// Age is how old an event is at now (the bus's time): from its own time, or from when the bus stored it or the
// first try of it, whichever is older. Never negative; 0 where neither is known.
func Age(m Meta, now time.Time) time.Duration {
	oldest := FirstStored(m.Delivery)
	if oldest.IsZero() || !m.EventTime.IsZero() && m.EventTime.Before(oldest) {
		oldest = m.EventTime
	}
	if oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(oldest))
}

// StaleMargin keeps a request that is about to outlive its ledger from being started.
const StaleMargin = time.Hour

// StaleAge is the age from which on a request that the ledger knows nothing of is refused, where the ledger keeps
// requests for so long: nobody could tell whether it ran before.
func StaleAge(ledger time.Duration) time.Duration { return ledger - min(StaleMargin, ledger/10) }

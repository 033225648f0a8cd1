package handlers

import (
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Observer counts what happens; its methods must not block.
type Observer interface {
	// Outcome is one request's end.
	Outcome(t events.Type, r fault.Reason)
	// Stage is how long one step of a request took: vault, authenticate, execute, publish.
	Stage(name string, d time.Duration)
	// Suspension is one move of a chain; r is why it was suspended, cause why it moved.
	Suspension(t events.Type, r fault.Reason, cause events.Cause)
	// Held is how many suspensions wait, as the last sweep counted them.
	Held(n int)
	// AlarmLate is how long after its deadline a suspension was terminated.
	AlarmLate(d time.Duration)
}

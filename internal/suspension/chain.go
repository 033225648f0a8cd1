package suspension

import (
	"errors"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// ErrMove is a move that the chain's state does not allow: an end of what does not wait, or a wait of what
// waits or was terminated.
var ErrMove = errors.New("the chain does not allow this move")

// State is where a chain stands.
type State uint8

// The states; Absent is a subject without messages.
const (
	Absent State = iota
	Waiting
	Resumed
	Terminated
)

// StateOf is the state after a chain's last event.
func StateOf(last events.Record) State {
	switch {
	case last.Sequence == 0:
		return Absent
	case last.Type.Waits():
		return Waiting
	case last.Type == events.SuspensionTerminated:
		return Terminated
	default:
		return Resumed
	}
}

// Allowed tells whether an event of type t may follow on a chain in state s.
func Allowed(s State, t events.Type) bool {
	switch t {
	case events.SuspensionSuspended:
		return s == Absent || s == Resumed
	case events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated:
		return s == Waiting
	default:
		return false
	}
}

// Why is what a new suspension says about its reason.
type Why struct {
	Fault *fault.Fault
	Fence connection.Fence
}

// Suspend is the payload of suspended: the request stops here until its connection works, or until now
// plus wait. previous is the chain's last sequence: 0, or that of its resumed.
func Suspend(r events.Request, at events.Origin, why Why, now time.Time, wait time.Duration, previous uint64) (events.Suspension, error) {
	original, err := events.Marshal(r)
	if err != nil {
		return events.Suspension{}, err
	}
	return events.Suspension{
		Tenant: r.Tenant, Connection: r.Connection, Run: r.Run, Request: r.ID,
		Workflow: r.Workflow, Step: r.Step,
		Reason: string(why.Fault.Reason), Detail: why.Fault.Detail,
		Generation: why.Fence.Generation, SecretVersion: why.Fence.SecretVersion,
		SuspendedAt: now.UTC(), TerminatesAt: now.Add(wait).UTC(),
		Previous: previous, Original: original, OriginalAt: at,
	}, nil
}

// Step is a move of a waiting chain: who or what caused it.
type Step struct {
	Cause events.Cause
	Actor string
	Asked time.Time // when the actor did
}

// Extend is the payload of extended: the same suspension with a later (or earlier) deadline.
func Extend(last events.Record, s events.Suspension, step Step, until time.Time) (events.Suspension, error) {
	s, err := follow(last, s, events.SuspensionExtended, step)
	s.TerminatesAt = until.UTC()
	return s, err
}

// Resume is the payload of resumed. verified is the credentials that were seen to work; the zero Fence
// where somebody asked without a check.
func Resume(last events.Record, s events.Suspension, step Step, verified connection.Fence) (events.Suspension, error) {
	s, err := follow(last, s, events.SuspensionResumed, step)
	if verified != (connection.Fence{}) {
		s.Generation, s.SecretVersion = verified.Generation, verified.SecretVersion
	}
	return s, err
}

// Terminate is the payload of terminated.
func Terminate(last events.Record, s events.Suspension, step Step) (events.Suspension, error) {
	return follow(last, s, events.SuspensionTerminated, step)
}

func follow(last events.Record, s events.Suspension, to events.Type, step Step) (events.Suspension, error) {
	if !Allowed(StateOf(last), to) {
		return s, ErrMove
	}
	s.Previous, s.Cause, s.Actor, s.AskedAt = last.Sequence, step.Cause, step.Actor, step.Asked
	return s, nil
}

// NextRing is how long from now the timer of a waiting suspension shall run: to the notice ahead of the
// end where that is still to come, else to the end.
func NextRing(s events.Suspension, now time.Time, endingSoon time.Duration) time.Duration {
	left := s.TerminatesAt.Sub(now)
	if ahead := left - endingSoon; endingSoon > 0 && ahead > 0 {
		return ahead
	}
	return max(left, 0)
}

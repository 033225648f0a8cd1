package audit_test

import (
	"time"

	"holdfast/events"
	"holdfast/internal/audit"
	"holdfast/internal/fault"
)

var badChains = []planted{
	{"suspended for a bus that is away", audit.SuspendedWithoutCause, func(s *story) (string, uint64) {
		s.request()
		return suspensions, s.suspended(func(w *events.Suspension) { w.Reason = string(fault.BusUnavailable) })
	}},
	{"names another event", audit.BrokenLink, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		n := s.link(events.SuspensionResumed, rotated, func(w *events.Suspension) { w.Previous++ })
		s.mark(events.ActionCompleted, s.byChain)
		return suspensions, n
	}},
	{"the first names one before it", audit.BrokenLink, func(s *story) (string, uint64) {
		s.request()
		return suspensions, s.suspended(func(w *events.Suspension) { w.Previous = 1 })
	}},
	{"resumed twice", audit.BadMove, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionResumed, rotated)
		n := s.link(events.SuspensionResumed, s.command(events.SuspensionResumeRequested))
		s.mark(events.ActionCompleted, s.byChain)
		return suspensions, n
	}},
	{"resumed after terminated", audit.BadMove, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
		s.mark(events.ActionTerminated, s.byChain)
		return suspensions, s.link(events.SuspensionResumed, rotated)
	}},
	{"terminated after resumed", audit.BadMove, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		s.link(events.SuspensionResumed, rotated)
		n := s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
		s.mark(events.ActionTerminated, s.byChain)
		return suspensions, n
	}},
	{"begins with resumed", audit.BadMove, func(s *story) (string, uint64) {
		s.request()
		s.mark(events.ActionCompleted)
		s.wait = events.Suspension{Tenant: s.Tenant, Connection: s.Connection, Run: s.Run, Request: s.Request, Original: []byte("{}")}
		return suspensions, s.link(events.SuspensionResumed, by(events.CauseReconciled))
	}},
	{"terminated early", audit.TerminatedEarly, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		n := s.link(events.SuspensionTerminated, by(events.CauseDeadline), until(-time.Second)) // what the end says of it does not count
		s.mark(events.ActionTerminated, s.byChain)
		return suspensions, n
	}},
	{"terminated late", audit.TerminatedLate, func(s *story) (string, uint64) {
		s.options.Late = time.Minute
		s.request()
		s.link(events.SuspensionSuspended, until(-2*time.Minute))
		n := s.link(events.SuspensionTerminated, by(events.CauseDeadline))
		s.mark(events.ActionTerminated, s.byChain)
		return suspensions, n
	}},
	{"waits too long", audit.Overdue, func(s *story) (string, uint64) {
		s.options.Late = time.Minute
		s.request()
		return suspensions, s.suspended(until(-2 * time.Minute))
	}},
	{"waits without an alarm", audit.NoAlarm, func(s *story) (string, uint64) {
		s.request()
		return suspensions, s.link(events.SuspensionSuspended)
	}},
	{"waits with another event's alarm", audit.NoAlarm, func(s *story) (string, uint64) {
		s.request()
		s.suspended()
		return suspensions, s.link(events.SuspensionExtended, s.command(events.SuspensionExtendRequested))
	}},
	{"waits with an alarm that was cancelled", audit.NoAlarm, func(s *story) (string, uint64) {
		s.request()
		n := s.suspended()
		s.off(n)
		return suspensions, n
	}},
	{"an alarm of nothing", audit.AlarmLeft, func(s *story) (string, uint64) {
		s.alarm(1 << 40)
		return s.lastAlarm()
	}},
	{"the alarm stays", audit.AlarmLeft, func(s *story) (string, uint64) {
		s.request()
		s.suspended(until(-time.Minute))
		stream, n := s.lastAlarm()
		s.link(events.SuspensionResumed, rotated)
		s.mark(events.ActionCompleted, s.byChain)
		return stream, n
	}},
	{"resumed and forgotten", audit.ResumedNotRun, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		return suspensions, s.link(events.SuspensionResumed, rotated)
	}},
	{"terminated and forgotten", audit.TerminatedLives, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		return suspensions, s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
	}},
	{"terminated and completed later", audit.TerminatedLives, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		n := s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
		s.mark(events.ActionCompleted)
		return suspensions, n
	}},
}

// lastAlarm is where the last alarm was set.
func (s *story) lastAlarm() (string, uint64) {
	e, err := s.source.Extent(s.Context(), events.StreamTimers)
	s.must(err)
	return events.StreamTimers, e.Last
}

// badly is a wait that moves as it should not; then its request ends.
func badly(t events.Type, change func(*story) func(*events.Suspension)) func(*story) (string, uint64) {
	return func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		n := s.link(t, change(s))
		switch t {
		case events.SuspensionTerminated:
			s.mark(events.ActionTerminated, s.byChain)
		case events.SuspensionExtended:
			s.alarm(n)
		default:
			s.mark(events.ActionCompleted, s.byChain)
		}
		return suspensions, n
	}
}

func plainly(change func(*events.Suspension)) func(*story) func(*events.Suspension) {
	return func(*story) func(*events.Suspension) { return change }
}

func generation(n uint64) func(*events.Suspension) {
	return func(w *events.Suspension) { w.Cause, w.Generation = events.CauseRestored, n }
}

var badMoves = []planted{
	{"resumed with what failed", audit.MovedWithoutCause, badly(events.SuspensionResumed, plainly(by(events.CauseRestored)))},
	{"probed with what failed", audit.MovedWithoutCause, badly(events.SuspensionResumed, plainly(by(events.CauseProbe)))},
	{"resumed with a generation that is none", audit.MovedWithoutCause, badly(events.SuspensionResumed, plainly(generation(1<<40)))},
	{"resumed with a generation of another connection", audit.MovedWithoutCause, badly(events.SuspensionResumed, func(s *story) func(*events.Suspension) {
		crm := s.Connection
		s.Connection = "erp"
		defer func() { s.Connection = crm }()
		return generation(s.change(events.ConnectionSecretRotated))
	})},
	{"resumed with an older generation", audit.MovedWithoutCause, func(s *story) (string, uint64) {
		s.request()
		older := s.change(events.ConnectionCreated)
		newer := s.change(events.ConnectionSecretRotated)
		s.link(events.SuspensionSuspended, func(w *events.Suspension) { w.Generation = newer })
		n := s.link(events.SuspensionResumed, generation(older))
		s.mark(events.ActionCompleted, s.byChain)
		return suspensions, n
	}},
	{"resumed since it broke again", audit.MovedWithoutCause, badly(events.SuspensionResumed, func(s *story) func(*events.Suspension) {
		s.notice(events.ConnectionBroken)
		return by(events.CauseRestored)
	})},
	{"resumed although it broke after it was seen to work", audit.MovedWithoutCause, func(s *story) (string, uint64) {
		s.request()
		s.notice(events.ConnectionRestored)
		s.notice(events.ConnectionBroken)
		s.link(events.SuspensionSuspended)
		n := s.link(events.SuspensionResumed, by(events.CauseRestored))
		s.mark(events.ActionCompleted, s.byChain)
		return suspensions, n
	}},
	{"resumed for no cause", audit.MovedWithoutCause, badly(events.SuspensionResumed, plainly(by("")))},
	{"resumed by nobody", audit.MovedWithoutCause, badly(events.SuspensionResumed, plainly(by(events.CauseOperator)))},
	{"resumed by a command that was not given", audit.MovedWithoutCause, badly(events.SuspensionResumed, plainly(func(w *events.Suspension) {
		w.Cause, w.Actor, w.AskedAt = events.CauseOperator, "op", time.Now()
	}))},
	{"resumed by a command for another run", audit.MovedWithoutCause, badly(events.SuspensionResumed, func(s *story) func(*events.Suspension) {
		return s.command(events.SuspensionResumeRequested, func(c *events.SuspensionCommand) { c.Request, c.Run = "", "another" })
	})},
	{"resumed by another's command", audit.MovedWithoutCause, badly(events.SuspensionResumed, func(s *story) func(*events.Suspension) {
		return s.command(events.SuspensionResumeRequested, func(c *events.SuspensionCommand) { c.Actor = "eve" })
	})},
	{"resumed by a command to terminate", audit.MovedWithoutCause, badly(events.SuspensionResumed, func(s *story) func(*events.Suspension) {
		return s.command(events.SuspensionTerminateRequested)
	})},
	{"resumed by a command from before", audit.MovedWithoutCause, func(s *story) (string, uint64) {
		s.request()
		command := s.command(events.SuspensionResumeRequested)
		s.link(events.SuspensionSuspended)
		n := s.link(events.SuspensionResumed, command)
		s.mark(events.ActionCompleted, s.byChain)
		return suspensions, n
	}},
	{"reconciled without an end", audit.MovedWithoutCause, func(s *story) (string, uint64) {
		s.request()
		s.link(events.SuspensionSuspended)
		n := s.link(events.SuspensionResumed, by(events.CauseReconciled))
		s.suspended()
		return suspensions, n
	}},
	{"extended by itself", audit.MovedWithoutCause, badly(events.SuspensionExtended, plainly(by("")))},
	{"terminated by nobody", audit.MovedWithoutCause, badly(events.SuspensionTerminated, plainly(by(events.CauseOperator)))},
	{"terminated with a run that goes on", audit.MovedWithoutCause, badly(events.SuspensionTerminated, plainly(by(events.CauseRunTerminated)))},
}

// terminatedRun is a request of a run that was terminated, and whose outcome says so; another one follows.
func (s *story) terminatedRun() {
	s.request()
	s.link(events.SuspensionSuspended)
	s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
	s.mark(events.ActionTerminated, s.byChain)
	s.Request, s.chain = "two", 0
	s.request(atMostOnce)
}

var badRuns = []planted{
	{"another suspension of the run waits on", audit.RunLeftOpen, func(s *story) (string, uint64) {
		s.terminatedRun()
		return suspensions, s.suspended()
	}},
	{"the run has another effect", audit.EffectAfterTermination, func(s *story) (string, uint64) {
		s.terminatedRun()
		n := s.mark(events.ActionStarted)
		s.mark(events.ActionUnknown)
		return outcomes, n
	}},
}

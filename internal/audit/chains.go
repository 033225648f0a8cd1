package audit

import (
	"slices"

	"holdfast/events"
)

// mayFollow is the chain's protocol: which event may follow which; "" is the empty chain.
var mayFollow = map[events.Type][]events.Type{
	"":                          {events.SuspensionSuspended},
	events.SuspensionSuspended:  {events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated},
	events.SuspensionExtended:   {events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated},
	events.SuspensionResumed:    {events.SuspensionSuspended},
	events.SuspensionTerminated: {},
}

// chains goes through the request's chains, link by link, and then looks at what the last one of each promises.
func (j *requestJoin) chains() error {
	var before *fact
	var begun int64 // when the wait at hand was stored
	for i := range j.links {
		l := &j.links[i]
		if before != nil && before.group != l.group {
			j.lasts = append(j.lasts, *before)
			before = nil
		}
		j.link(before, l)
		if l.is() == events.SuspensionSuspended {
			begun = l.at
			if _, err := j.asked(l, events.StreamSuspensions); err != nil {
				return err
			}
		}
		j.moved(before, l, begun)
		before = l
	}
	if before != nil {
		j.lasts = append(j.lasts, *before)
	}
	for _, l := range j.lasts {
		j.last(l)
	}
	return nil
}

// link holds an event of a chain to the one before it; nil: there is none.
func (j *requestJoin) link(before, l *fact) {
	j.look(BrokenLink, BadMove)
	if j.inPeriod(l.at) {
		j.report.Chains.Moves[l.is().What()]++
	}
	if before == nil && l.previous > 0 && l.previous < j.extents[events.StreamSuspensions].First {
		return // what was before is not kept any more
	}
	var sequence uint64
	var is events.Type
	if before != nil {
		sequence, is = before.sequence, before.is()
	}
	if l.previous != sequence {
		j.violate(BrokenLink, events.StreamSuspensions, *l, "it follows %d and names %d", sequence, l.previous)
	}
	if !slices.Contains(mayFollow[is], l.is()) {
		j.violate(BadMove, events.StreamSuspensions, *l, "%s after %s", l.is().What(), whatOr(is, "nothing"))
	}
}

func whatOr(t events.Type, none string) string {
	if t == "" {
		return none
	}
	return t.What()
}

// moved asks why a chain moved.
func (j *requestJoin) moved(before, l *fact, begun int64) {
	switch l.is() {
	case events.SuspensionExtended:
		j.look(MovedWithoutCause)
		j.byOperator(l, events.SuspensionExtendRequested)
	case events.SuspensionResumed:
		j.look(MovedWithoutCause)
		j.resumed(before, l, begun)
	case events.SuspensionTerminated:
		j.terminated(before, l)
	default:
	}
}

// byOperator asks whether an operator has asked for a move.
func (j *requestJoin) byOperator(l *fact, command events.Type) {
	switch {
	case l.because() != events.CauseOperator:
		j.violate(MovedWithoutCause, events.StreamSuspensions, *l, "%s, and it says %q why", l.is().What(), l.because())
	case l.asked == 0 || l.asked < l.since:
		j.violate(MovedWithoutCause, events.StreamSuspensions, *l, "%s by an operator, who has not asked since the run was suspended", l.is().What())
	default:
		f := *l
		f.key, f.kind, f.group, f.what = j.askedAt(l.asked), ofCommand, l.key, codeOf(types, command)
		j.follow(f)
	}
}

// resumed asks what a run was resumed for.
func (j *requestJoin) resumed(before, l *fact, begun int64) {
	switch l.because() {
	case events.CauseRestored, events.CauseProbe:
		f := *l
		f.key, f.kind, f.group, f.since = l.connection, ofMovement, 0, begun
		if before != nil { // it carries the credentials that failed
			f.flags |= known
			f.origin, f.previous = before.generation, before.version
		}
		j.follow(f)
	case events.CauseReconciled:
		switch {
		case j.end != nil && j.end.at <= l.at+skew:
		case l.since < j.readSince(events.StreamOutcomes):
			j.unproven(MovedWithoutCause)
		default:
			j.violate(MovedWithoutCause, events.StreamSuspensions, *l, "resumed because the request had ended, which it had not")
		}
	default:
		j.byOperator(l, events.SuspensionResumeRequested)
	}
}

// terminated asks whether a run was terminated when it should be, and by whom it may.
func (j *requestJoin) terminated(before, l *fact) {
	end := fact{key: l.run, kind: anEnd, sequence: l.sequence, at: l.at}
	switch l.because() {
	case events.CauseDeadline:
		j.look(TerminatedEarly, TerminatedLate)
		due := l.until
		if before != nil { // the deadline that counts is that of the wait, not what its end says of it
			due = before.until
		}
		if l.at < due {
			j.violate(TerminatedEarly, events.StreamSuspensions, *l, "terminated at %s, and its time was until %s", when(l.at), when(due))
		}
		if l.at > due+int64(j.Late) {
			j.violate(TerminatedLate, events.StreamSuspensions, *l, "terminated at %s, and its time was until %s", when(l.at), when(due))
		}
	case events.CauseRunTerminated:
		j.look(MovedWithoutCause)
		end.kind = ofEnd
	default:
		j.look(MovedWithoutCause)
		j.byOperator(l, events.SuspensionTerminateRequested)
	}
	j.follow(end)
}

// last holds the request to what its chain says in the end.
func (j *requestJoin) last(l fact) {
	switch l.is() {
	case events.SuspensionResumed:
		j.look(ResumedNotRun)
		if j.end == nil {
			j.overdue(ResumedNotRun, l, "resumed, and its request has not ended")
		}
	case events.SuspensionTerminated:
		j.look(TerminatedLives)
		switch {
		case j.end == nil:
			j.overdue(TerminatedLives, l, "terminated, and its request has not ended")
		case j.end.is() != events.ActionTerminated && j.end.at > l.at:
			j.violate(TerminatedLives, events.StreamSuspensions, l, "terminated, and its request ended later, at %d, as %s", j.end.sequence, j.end.is().What())
		}
	default:
		j.waitsStill(l)
	}
}

// overdue is about a chain that was handed to the workers, and of which nothing came yet.
func (j *requestJoin) overdue(c Check, l fact, seen string) {
	j.moving = true
	var count *int
	switch {
	case j.dead[events.StreamSuspensions].has(l.sequence):
		count = &j.report.Requests.DeadLetters
	case j.young(l.at):
		count = &j.report.Requests.Young
	case j.waiting(Chains, l.sequence):
		count = &j.report.Requests.Pending
		j.pend(Chains, finding{stream: events.StreamSuspensions, sequence: l.sequence, at: l.at})
	case l.at < j.readSince(events.StreamOutcomes):
		j.unproven(c)
		return
	default:
		j.violate(c, events.StreamSuspensions, l, "%s", seen)
		return
	}
	if len(j.copies) > 0 && j.alive > 0 && j.inPeriod(j.copies[0].at) {
		*count++
	}
}

// waitsStill is about a chain that waits.
func (j *requestJoin) waitsStill(l fact) {
	j.look(Overdue)
	j.waits = true
	j.seen = j.seen || j.before(l.at) && nanos(j.From) <= j.now // whenever it began, it is held to its deadline
	j.follow(fact{key: l.run, kind: ofRun, sequence: l.sequence, at: l.at, flags: waits})
	if j.now > l.until+int64(j.Late) {
		j.violateNow(Overdue, events.StreamSuspensions, l, "it waits, and its time was until %s", when(l.until))
		return
	}
	j.report.Chains.Waiting++
	if j.young(l.at) || j.now >= l.until {
		return
	}
	j.look(NoAlarm)
	if !slices.ContainsFunc(j.alarms, func(a fact) bool { return a.group == l.group && a.previous == l.sequence }) {
		j.violateNow(NoAlarm, events.StreamSuspensions, l, "it waits until %s, and has no alarm", when(l.until))
	}
}

// leftAlarms looks for alarms that nobody needs. A worker that dies between a chain's end and the alarm's leaves one
// until its own time is over; longer, nobody does.
func (j *requestJoin) leftAlarms() {
	for _, alarm := range j.alarms {
		j.look(AlarmLeft)
		of, ok := j.linkAt(alarm.previous)
		last := slices.IndexFunc(j.lasts, func(l fact) bool { return l.group == alarm.group })
		switch {
		case alarm.previous < j.extents[events.StreamSuspensions].First:
			j.unproven(AlarmLeft)
		case alarm.at >= j.now: // so may be its chain's event
		case !ok || of.group != alarm.group:
			if !j.young(alarm.at) {
				j.violateNow(AlarmLeft, events.StreamTimers, alarm, "its chain has no event %d", alarm.previous)
			}
		case j.lasts[last].sequence == of.sequence && of.is().Waits():
		case !j.young(of.until) && !j.young(j.lasts[last].at):
			j.violateNow(AlarmLeft, events.StreamTimers, alarm, "the chain has moved on to %s", j.lasts[last].is().What())
		}
	}
}

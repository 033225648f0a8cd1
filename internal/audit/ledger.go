package audit

import (
	"holdfast/events"
)

// ledger goes through the request's ledger: what may be on it in which order, and of what it came.
func (j *requestJoin) ledger() error {
	if len(j.marks) > 0 {
		j.look(EndedTwice, AfterEnd, LedgerOrder)
	}
	started := false
	for i := range j.marks {
		m := &j.marks[i]
		covered, err := j.asked(m, events.StreamOutcomes)
		if err != nil {
			return err
		}
		is := m.is()
		switch {
		case j.end != nil && is.Ends():
			j.violate(EndedTwice, events.StreamOutcomes, *m, "%s, after it had ended as %s at %d", is.What(), j.end.is().What(), j.end.sequence)
		case j.end != nil:
			j.violate(AfterEnd, events.StreamOutcomes, *m, "%s, after it had ended as %s at %d", is.What(), j.end.is().What(), j.end.sequence)
		default:
			started = j.mark(m, started, covered)
		}
		if is.Ends() && j.end == nil {
			j.end = m
			if j.inPeriod(m.at) {
				j.report.Requests.Ended[is.What()]++
			}
		}
		j.markOfRun(*m)
	}
	return nil
}

// mark is one event of a ledger that has not ended. started tells whether an effect is announced and not taken back;
// covered, whether what comes before the event is read.
func (j *requestJoin) mark(m *fact, started, covered bool) bool {
	switch is := m.is(); is {
	case events.ActionStarted:
		j.look(StartedTwice)
		if started {
			j.violate(StartedTwice, events.StreamOutcomes, *m, "started again, and not released before")
		}
		return true
	case events.ActionReleased:
		if !started && covered {
			j.violate(LedgerOrder, events.StreamOutcomes, *m, "released, and not started before")
		}
		return false
	case events.ActionSuspended:
		if started {
			j.violate(LedgerOrder, events.StreamOutcomes, *m, "suspended, although its effect was started and not released")
		}
		return started
	case events.ActionCompleted:
		if j.once && !started && covered {
			j.violate(LedgerOrder, events.StreamOutcomes, *m, "completed, and its at-most-once effect was not announced")
		}
		return started
	default:
		return started
	}
}

// markOfRun hands on what matters to other requests of the run.
func (j *requestJoin) markOfRun(m fact) {
	f := fact{key: m.run, sequence: m.sequence, at: m.at, what: m.what}
	switch m.is() {
	case events.ActionTerminated:
		f.kind = aClosing
	case events.ActionStarted, events.ActionCompleted:
		f.kind = ofRun
	default:
		return
	}
	if j.ended.mayHave(m.run) {
		j.follow(f)
	}
}

// mostFetched bounds how many origins are looked up that are none of their request's.
const mostFetched = 1000

// asked checks that an event names a message of its own request as its origin: one that asks for it, or an event of its
// chain. covered tells that it does, and that whatever came of that message is read.
func (j *requestJoin) asked(f *fact, stream string) (covered bool, err error) {
	j.look(NotAsked)
	from := f.from()
	var found fact
	var ok bool
	switch from {
	case events.StreamActions:
		found, ok = j.copyAt(f.origin)
	case events.StreamSuspensions:
		found, ok = j.linkAt(f.origin)
	default:
		j.violate(NotAsked, stream, *f, "it names no message that it came of")
		return false, nil
	}
	switch {
	case ok:
		return found.at >= j.readSince(events.StreamOutcomes), nil
	case f.origin < j.readFrom(from), f.origin > j.extents[from].Last && j.young(f.at), j.more > 0:
		return false, nil
	default:
		return false, j.foreign(f, stream, from)
	}
}

// foreign says of whom the message is that an event names as its origin.
func (j *requestJoin) foreign(f *fact, stream, from string) error {
	if j.fetched++; j.fetched > mostFetched {
		j.unproven(NotAsked)
		return nil
	}
	of, there, err := j.source.Message(j.ctx, from, f.origin)
	if err != nil {
		return err
	}
	m, known, err := j.source.Message(j.ctx, stream, f.sequence)
	mine, theirs := events.TenantOf(m.Subject), events.TenantOf(of.Subject)
	switch {
	case err != nil:
		return err
	case there && known && mine != theirs:
		j.violate(WrongTenant, stream, *f, "it came of %s %d, a message of another tenant, %s", from, f.origin, shown(theirs))
	case there:
		j.violate(NotAsked, stream, *f, "it came of %s %d, which is no message of this request", from, f.origin)
	case f.origin > j.extents[from].Last:
		j.violate(NotAsked, stream, *f, "no message has ever been at %s %d, of which it says that it came", from, f.origin)
	default: // it was erased since
		j.unproven(NotAsked)
	}
	return nil
}

package audit

import (
	"slices"

	"holdfast/events"
)

// followJoin answers what single requests leave open: what operators asked for, what happened to connections, to runs, at
// the target, and which messages are dead letters.
type followJoin struct {
	*auditor
	followState
}

// followState is what is known of the command, connection, run, id or message at hand.
type followState struct {
	commands  []fact
	changes   []uint64 // sequences in HF_CONNECTIONS
	movements []fact

	first   int64 // when a chain of the run was first terminated by itself; 0: never
	closing int64 // when a request of the run first ended as terminated; 0: never
	held    bool  // workers are not done with one of the run's ends

	wishes  []fact
	more    bool // wishes that are not kept
	effects uint64

	letters uint64 // the first dead letter's sequence
}

func (j *followJoin) take(f fact) error {
	switch f.kind {
	case aCommand:
		j.commands = append(j.commands, f)
	case ofCommand:
		j.commanded(f)
	case aChange:
		j.changes = append(j.changes, f.sequence)
	case aMovement:
		j.movements = append(j.movements, f)
	case ofMovement:
		j.restored(f)
	case anEnd, aClosing, ofEnd, ofRun:
		j.ofRun(f)
	case aWish:
		j.wish(f)
	case ofTheTarget:
		j.effects += f.previous
	case aLetter:
		j.letter(f)
	default:
	}
	return nil
}

func (j *followJoin) done() error {
	j.ofTarget()
	s := &j.followState
	*s = followState{commands: s.commands[:0], changes: s.changes[:0], movements: s.movements[:0], wishes: s.wishes[:0]}
	return nil
}

// commanded looks for the command that a link names: given then, by that actor, and meaning that request.
func (j *followJoin) commanded(f fact) {
	if f.asked < j.keptSince(events.StreamActions) {
		j.unproven(MovedWithoutCause)
		return
	}
	means := func(named, is uint64) bool { return named == 0 || named == is }
	if slices.ContainsFunc(j.commands, func(c fact) bool {
		return c.what == f.what && c.actor == f.actor && means(c.connection, f.connection) && means(c.run, f.run) && means(c.group, f.group)
	}) {
		return
	}
	j.violate(MovedWithoutCause, events.StreamSuspensions, f, "it says that an operator asked for it at %s, and nobody asked for %s of this run then",
		when(f.asked), f.is().What())
}

// restored looks for what made credentials work that had failed.
func (j *followJoin) restored(f fact) {
	failed, version := f.origin, f.previous
	switch {
	case !f.flags.has(known):
		j.unproven(MovedWithoutCause)
	case f.generation < failed:
		j.violate(MovedWithoutCause, events.StreamSuspensions, f, "resumed with generation %d, which is older than %d, which failed", f.generation, failed)
	case f.generation > failed:
		j.changed(f, failed)
	case f.version != version:
	case j.healed(f):
	case f.since < j.keptSince(events.StreamNotices):
		j.unproven(MovedWithoutCause)
	default:
		j.violate(MovedWithoutCause, events.StreamSuspensions, f, "resumed with the credentials that failed: generation %d, secret version %d", failed, version)
	}
}

// changed looks for the event that made a generation of the connection.
func (j *followJoin) changed(f fact, failed uint64) {
	_, there := slices.BinarySearch(j.changes, f.generation)
	switch e := j.extents[events.StreamConnections]; {
	case there:
	case f.generation < e.First:
		j.unproven(MovedWithoutCause)
	default:
		j.violate(MovedWithoutCause, events.StreamSuspensions, f, "resumed with generation %d after %d failed, and HF_CONNECTIONS %d is no change of the connection",
			f.generation, failed, f.generation)
	}
}

// healed tells whether credentials that failed may work: a secret was undeleted, a provider mended, or somebody has seen
// them work meanwhile, of which people were told.
func (j *followJoin) healed(f fact) bool {
	if f.because() == events.CauseProbe && f.flags.has(healable) {
		return true
	}
	return j.worked(f.since) || slices.ContainsFunc(j.movements, func(m fact) bool {
		told := m.is() == events.ConnectionRestored || f.because() == events.CauseProbe
		return told && m.at > f.since && m.at <= max(f.at+int64(j.Settle), f.at+skew)
	})
}

// worked tells whether people were told last, a moment before a wait began, that the connection works: whoever
// suspended the run had looked before that.
func (j *followJoin) worked(since int64) bool {
	var last fact
	for _, m := range j.movements {
		if m.at <= since && m.at > last.at {
			last = m
		}
	}
	return last.at > 0 && last.is() == events.ConnectionRestored && last.at >= since-max(int64(j.Settle), skew)
}

// ofRun looks at what is left of a run when one of its suspensions was terminated.
func (j *followJoin) ofRun(f fact) {
	switch f.kind {
	case anEnd:
		if j.first == 0 || f.at < j.first {
			j.first = f.at
		}
		j.held = j.held || j.waiting(Chains, f.sequence)
	case aClosing:
		if j.closing == 0 || f.at < j.closing {
			j.closing = f.at
		}
	case ofEnd:
		if j.first == 0 || j.first > f.at {
			j.violate(MovedWithoutCause, events.StreamSuspensions, f, "terminated because its run was, which it was not")
		}
	case ofRun:
		j.goesOn(f)
	default:
	}
}

func (j *followJoin) goesOn(f fact) {
	if j.closing == 0 {
		return
	}
	if f.flags.has(waits) {
		j.look(RunLeftOpen)
		if !j.held && !j.young(max(j.closing, f.at)) {
			j.violateNow(RunLeftOpen, events.StreamSuspensions, f, "it waits, and its run was terminated at %s", when(j.closing))
		}
		return
	}
	j.look(EffectAfterTermination)
	if f.at > j.closing+int64(j.Settle) {
		j.violate(EffectAfterTermination, events.StreamOutcomes, f, "%s, and its run was terminated at %s", f.is().What(), when(j.closing))
	}
}

// mostWishes is how many requests of one id are kept: as many tenants may use the same.
const mostWishes = 1024

func (j *followJoin) wish(f fact) {
	if len(j.wishes) == mostWishes {
		j.more = true
		return
	}
	j.wishes = append(j.wishes, f)
}

// ofTarget compares what was asked of the target with what it did. An id that several tenants use is told apart by
// nobody.
func (j *followJoin) ofTarget() {
	for _, w := range j.wishes {
		j.look(EffectTwice)
		switch {
		case len(j.wishes) > 1:
			j.unproven(EffectTwice)
		case w.flags.has(atMostOnce) && j.effects > 1:
			j.violate(EffectTwice, events.StreamActions, w, "its at-most-once effect happened %d times", j.effects)
		}
		if !j.EffectsComplete || !w.flags.has(completed) {
			continue
		}
		j.look(CompletedWithoutEffect)
		if j.effects == 0 {
			j.violate(CompletedWithoutEffect, events.StreamActions, w, "it is completed, and the target knows of no effect")
		}
	}
}

// letter counts dead letters, and those that a message has too many.
func (j *followJoin) letter(f fact) {
	j.look(LetterTwice)
	if j.inPeriod(f.at) {
		j.report.Letters++
	}
	if j.letters == 0 {
		j.letters = f.sequence
		return
	}
	j.violate(LetterTwice, events.StreamDeadLetters, f, "its message is the dead letter %d already", j.letters)
}

package audit

import (
	"cmp"
	"context"
	"slices"

	"holdfast/events"
)

// requestJoin looks at one request after the other: its messages, its ledger, its chains and their alarms.
type requestJoin struct {
	*auditor

	ctx     context.Context // of the look at origins that are none of the request's
	fetched int             // of those, of all requests
	failed  error

	requestState
}

// requestState is what is known of the request at hand.
type requestState struct {
	copies []fact // messages that ask for it, as they came
	more   int    // of them that are not kept
	alive  int    // of them that are no dead letters
	latest uint64 // of those, the last one's sequence
	once   bool   // it is at-most-once

	marks []fact // its ledger
	end   *fact  // the first end on it

	links  []fact // its chains, one after the other
	lasts  []fact // the last link of each
	alarms []fact
	waits  bool // a chain waits
	moving bool // a chain was resumed or terminated, and the request has not ended
}

// mostCopies is how many messages of one request are kept: whoever publishes one a million times shall not fill memory.
const mostCopies = 4096

func (j *requestJoin) take(f fact) error {
	switch f.kind {
	case aCopy:
		j.copy(f)
	case aMark:
		j.marks = append(j.marks, f)
	case aLink:
		j.links = append(j.links, f)
		j.once = j.once || f.flags.has(atMostOnce)
	case anAlarm:
		j.alarms = append(j.alarms, f)
	case anOddity:
		j.oddity(f)
	default:
	}
	return nil
}

func (j *requestJoin) copy(f fact) {
	j.once = j.once || f.flags.has(atMostOnce)
	if !j.dead[events.StreamActions].has(f.sequence) {
		j.alive++
		j.latest = f.sequence
	}
	if j.inPeriod(f.at) {
		j.report.Requests.Messages++
	}
	if len(j.copies) < mostCopies {
		j.copies = append(j.copies, f)
	} else {
		j.more++
	}
}

// oddity is a message that has to be refused, which makes a dead letter of it.
func (j *requestJoin) oddity(f fact) {
	stream := wordOf(streams, f.stream)
	c, seen := Lost, "it can not be read as what its subject says, and is no dead letter"
	if f.flags.has(noTenant) {
		c, seen = WrongTenant, "it names another tenant than its subject, and is no dead letter"
	}
	j.look(c)
	switch {
	case j.dead[stream].has(f.sequence), j.young(f.at), j.waiting(Queue(f.version), f.sequence):
	case !j.told(f.at):
		j.unproven(c)
	default:
		j.violate(c, stream, f, "%s", seen)
	}
}

// told tells whether the streams still hold what would tell what came of a message that was stored then.
func (j *requestJoin) told(at int64) bool {
	return at >= j.keptSince(events.StreamOutcomes) && at >= j.keptSince(events.StreamDeadLetters)
}

func (j *requestJoin) done() error {
	for _, check := range []func() error{j.ledger, j.chains} {
		if err := check(); err != nil {
			return err
		}
	}
	j.leftAlarms()
	j.settled()
	j.ending()
	s := &j.requestState
	*s = requestState{copies: s.copies[:0], marks: s.marks[:0], links: s.links[:0], lasts: s.lasts[:0], alarms: s.alarms[:0]}
	return j.failed
}

// follow hands a fact on to what answers it.
func (j *requestJoin) follow(f fact) { j.failed = cmp.Or(j.failed, j.follows.add(f)) }

// copyAt finds a message of the request.
func (j *requestJoin) copyAt(sequence uint64) (fact, bool) {
	i, ok := slices.BinarySearchFunc(j.copies, sequence, bySequence)
	if !ok {
		return fact{}, false
	}
	return j.copies[i], true
}

func bySequence(f fact, sequence uint64) int {
	switch {
	case f.sequence < sequence:
		return -1
	case f.sequence > sequence:
		return 1
	default:
		return 0
	}
}

// linkAt finds an event of the request's chains.
func (j *requestJoin) linkAt(sequence uint64) (fact, bool) {
	i := slices.IndexFunc(j.links, func(f fact) bool { return f.sequence == sequence })
	if i < 0 {
		return fact{}, false
	}
	return j.links[i], true
}

// settled says where the request stands: it has ended, is a dead letter, waits, or is lost.
func (j *requestJoin) settled() {
	if len(j.copies) == 0 {
		j.settledWithout()
		return
	}
	first, r := j.copies[0], &j.report.Requests
	counts := j.inPeriod(first.at)
	count := func(n *int) {
		if counts {
			*n++
		}
	}
	j.look(Lost, EndedTwice)
	count(&r.Distinct)
	switch {
	case j.end != nil && j.alive == 0 && j.isAsked(*j.end):
		j.violate(EndedTwice, events.StreamOutcomes, *j.end, "%s, and all messages of the request are dead letters", j.end.is().What())
	case j.end != nil:
	case j.alive == 0:
		count(&r.DeadLetters)
	case j.waits:
		count(&r.Suspended)
	case j.moving: // the chain's own check has told
	case j.young(j.lastSign(first.at)):
		count(&r.Young)
	case j.waiting(Requests, j.latest):
		count(&r.Pending)
		j.pend(Requests, finding{stream: events.StreamActions, sequence: j.latest, at: first.at})
	case !j.told(first.at):
		j.unproven(Lost)
	default:
		j.violate(Lost, events.StreamActions, first, "published %d time(s), answered, and %s", len(j.copies)+j.more, j.lastSeen())
	}
}

// settledWithout is settled for a request whose messages are older than what is read.
func (j *requestJoin) settledWithout() {
	if len(j.marks) == 0 || len(j.links) > 0 || j.end != nil {
		return
	}
	last := j.marks[len(j.marks)-1]
	j.look(Lost)
	if before := last.from() == events.StreamActions && j.waiting(Requests, last.origin); !before && !j.young(last.at) {
		j.violate(Lost, events.StreamOutcomes, last, "%s, and nothing after it", last.is().What())
	}
}

// isAsked tells whether an end came of the messages that are known, by itself or by way of a chain.
func (j *requestJoin) isAsked(end fact) bool {
	if end.from() == events.StreamSuspensions {
		l, ok := j.linkAt(end.origin)
		if !ok {
			return false
		}
		end = l
	}
	_, ok := j.copyAt(end.origin)
	return ok
}

// lastSign is when something was last heard of the request.
func (j *requestJoin) lastSign(at int64) int64 {
	for _, all := range [][]fact{j.marks, j.links} {
		for _, f := range all {
			at = max(at, f.at)
		}
	}
	return at
}

func (j *requestJoin) lastSeen() string {
	if len(j.marks) == 0 {
		return "nothing came of it"
	}
	last := j.marks[len(j.marks)-1]
	return last.is().What() + " is the last on its ledger"
}

// ending hands on what others have to answer: what the target did.
func (j *requestJoin) ending() {
	if j.Effects == nil || len(j.copies) == 0 {
		return
	}
	first := j.copies[0]
	f := fact{key: first.group, kind: aWish, sequence: first.sequence, at: first.at}
	if j.once {
		f.flags |= atMostOnce
	}
	if j.end != nil && j.end.is() == events.ActionCompleted {
		f.flags |= completed
	}
	j.follow(f)
}

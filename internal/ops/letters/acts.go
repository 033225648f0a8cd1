package letters

import (
	"context"
	"strconv"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
)

// done is what was done with one letter.
type done struct {
	state State  // empty: open
	last  uint64 // sequence of the last record about it, in HF_DEADLETTERS
	// at is when it was retried or dropped, and act by whom and why.
	at  time.Time
	act events.DeadLetterAct
	// answeredAt is when a worker answered, and reply what; resolved and failed again only.
	answeredAt time.Time
	reply      events.DeadLetterAnswer
}

// next is what was done once a record of the letter's acts is read, too. An answer counts only for what was retried:
// anybody who may publish can name a letter in a header. The first answer counts.
func (d done) next(r events.Record) done {
	d.last = r.Sequence
	switch {
	case d.stateOf().Over():
		return d
	case r.Type == events.DeadLetterRetried, r.Type == events.DeadLetterDropped:
		act, err := events.Payload[events.DeadLetterAct](r.Event)
		if err != nil {
			return d
		}
		if d.state == Retrying && r.Type == events.DeadLetterRetried { // the same retry, once its message is published
			d.act.Published = act.Published
			return d
		}
		d.act, d.at, d.state = act, r.Stored, Retrying
		if r.Type == events.DeadLetterDropped {
			d.state = Dropped
		}
	case r.Type == events.DeadLetterAnswered && d.state == Retrying:
		reply, err := events.Payload[events.DeadLetterAnswer](r.Event)
		if err != nil {
			return d
		}
		d.reply, d.answeredAt, d.state = reply, r.Stored, Resolved
		if reply.Outcome == events.AnswerDeadLetter {
			d.state = FailedAgain
		}
	}
	return d
}

// stateOf is the state that follows; the zero done is that of an open letter.
func (d done) stateOf() State {
	if d.state == "" {
		return Open
	}
	return d.state
}

// readActs reads what was done with the letters of a tenant, or of all, by letter, from a time on (zero: the beginning).
func readActs(ctx context.Context, records ops.Records, tenant string, since time.Time) (map[uint64]done, error) {
	all := make(map[uint64]done)
	acts := bus.Search{Stream: events.StreamDeadLetters, Filter: events.DeadLetterActsFilter(tenant), Since: since}
	for r, err := range records.Records(ctx, acts) {
		if err != nil {
			return nil, err
		}
		if letter, ok := letterOf(r); ok {
			all[letter] = all[letter].next(r.Record)
		}
	}
	return all, nil
}

// letterOf is the letter that an act is about.
func letterOf(r bus.Stored) (uint64, bool) {
	n, err := strconv.ParseUint(r.Subject[strings.LastIndexByte(r.Subject, '.')+1:], 10, 64)
	return n, err == nil && !isLetter(r)
}

package audit

import (
	"context"
	"fmt"
	"time"
)

// join looks at all facts, those of one key after the other. What is found while requests are looked at, and can only be
// answered by something else, is joined on that afterwards.
func (a *auditor) join(ctx context.Context) error {
	a.progress(Read{})
	r := &requestJoin{auditor: a, ctx: ctx}
	if err := grouped(ctx, a.requests, r.take, r.done); err != nil {
		return err
	}
	a.report.SpilledBytes = a.requests.bytes
	a.requests.close()
	f := &followJoin{auditor: a}
	if err := grouped(ctx, a.follows, f.take, f.done); err != nil {
		return err
	}
	a.report.SpilledBytes += a.follows.bytes
	a.lostInQueues()
	return nil
}

// grouped gives facts in order, and tells after the last of each key.
func grouped(ctx context.Context, s *sorter, take func(fact) error, done func() error) error {
	var key uint64
	n := 0
	err := s.each(func(f fact) error {
		if n > 0 && f.key != key {
			if err := done(); err != nil {
				return err
			}
		}
		key = f.key
		if n++; n%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return take(f)
	})
	if err != nil || n == 0 {
		return err
	}
	return done()
}

// violate notes a violation by a message of a stream, unless it is outside the period.
func (a *auditor) violate(c Check, stream string, f fact, format string, args ...any) {
	if a.inPeriod(f.at) {
		a.found.add(c, finding{stream: stream, sequence: f.sequence, at: f.at, seen: fmt.Sprintf(format, args...)})
	}
}

// violateNow is violate for what is wrong with how things are now, whenever they began.
func (a *auditor) violateNow(c Check, stream string, f fact, format string, args ...any) {
	if a.before(f.at) {
		a.found.add(c, finding{stream: stream, sequence: f.sequence, at: f.at, seen: fmt.Sprintf(format, args...)})
	}
}

func (a *auditor) look(checks ...Check) {
	for _, c := range checks {
		a.found.tally(c).looked++
	}
}

func (a *auditor) unproven(c Check) { a.found.tally(c).unproven++ }

// when is a time as it is told.
func when(at int64) string { return time.Unix(0, at).UTC().Format("2006-01-02 15:04:05.000Z") }

// pending is what of a queue is without an end, and may still be before the workers.
type pending struct {
	open   uint64 // given to a worker
	oldest finding
}

// waiting tells whether a message may still be before the workers, or with one of them.
func (a *auditor) waiting(q Queue, sequence uint64) bool { return sequence > a.backlogs[q].Floor }

// pend counts something that is without an end and waits in a queue.
func (a *auditor) pend(q Queue, f finding) {
	if f.sequence > a.backlogs[q].Delivered {
		return // no worker has seen it yet
	}
	p := &a.pending[q]
	if p.open++; p.open == 1 || f.sequence < p.oldest.sequence {
		p.oldest = f
	}
}

// lostInQueues holds what is without an end to what workers have not answered: where that is less, some of it was
// answered and is lost, and nobody can tell which.
func (a *auditor) lostInQueues() {
	for q, c := range map[Queue]Check{Requests: Lost, Chains: ResumedNotRun} {
		p, b := a.pending[q], a.backlogs[q]
		if p.open > b.Unanswered {
			p.oldest.seen = fmt.Sprintf("%d without an end lie between %d and %d, and workers have %d unanswered: %d are lost, this or later ones",
				p.open, b.Floor, b.Delivered, b.Unanswered, p.open-b.Unanswered)
			a.found.add(c, p.oldest)
		}
	}
}

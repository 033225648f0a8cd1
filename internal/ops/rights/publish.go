package rights

import (
	"context"
	"errors"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
)

// How answers are looked for.
const (
	answerSoon  = time.Millisecond // what has come here is looked at at once, and then ever less often
	answerEvery = 50 * time.Millisecond
	// clocksApart is how far this machine's idea of the bus's clock may be ahead.
	clocksApart = 10 * time.Second
)

// Carry carries prepared changes out: it publishes them in their order, waits for what workers say, and notes it. tell,
// which may be nil, hears of each as it is published. The error tells which did not end as was wanted; what was refused
// beforehand leaves everything unpublished.
func (d *Desk) Carry(ctx context.Context, changes []Change, tell func()) error {
	if err := refusedIn(changes); err != nil || d.DryRun {
		return err
	}
	since := d.Clock.Now().Add(-clocksApart)
	open := make(map[uint64]*Change)
	for i := range changes {
		c := &changes[i]
		if !c.open() {
			continue
		}
		sequence, err := d.Publisher.PublishEvent(ctx, c.prepared.subject, c.prepared.id, c.prepared.raw)
		if err != nil {
			return err
		}
		c.Sequence = sequence
		open[sequence] = c
		if tell != nil {
			tell()
		}
		if !d.oneByOne() {
			continue
		}
		if err := d.follow(ctx, open, &since); err != nil {
			return err
		}
	}
	if d.Wait <= 0 {
		return nil
	}
	if err := d.follow(ctx, open, &since); err != nil {
		return err
	}
	return d.ended(changes)
}

// oneByOne tells whether each change is waited for before the next. A worker judges what a user changes by all that was
// published before it, and puts it off while something of that is open: many at once would be put off again and again.
func (d *Desk) oneByOne() bool { return d.Wait > 0 && d.Actor != events.ActorSystem }

// follow waits until every change has an answer: its fact is here, or a worker has rejected it. Wait starts anew with
// each answer: a long list takes as long as it takes.
func (d *Desk) follow(ctx context.Context, open map[uint64]*Change, since *time.Time) error {
	total, every := len(open), answerSoon
	timer := time.NewTimer(every)
	defer timer.Stop()
	for quiet := time.Now(); ; {
		n := len(open)
		d.applied(open)
		if len(open) > 0 && every >= answerEvery {
			if err := d.rejected(ctx, open, since); err != nil {
				return err
			}
		}
		switch {
		case len(open) == 0:
			return nil
		case len(open) < n:
			quiet = time.Now()
		case time.Since(quiet) > d.Wait:
			return problem(ops.Waiting, "are workers running? "+d.command("deadletters list --since 1h"),
				"no worker answered %d of %d within %s; they are stored in %s, and will be handled", len(open), total, d.Wait, events.StreamPermissions)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			every = min(2*every, answerEvery)
			timer.Reset(every)
		}
	}
}

// applied notes the changes whose facts are here.
func (d *Desk) applied(open map[uint64]*Change) {
	for sequence, c := range open {
		switch fact := d.Seen.Seen(d.Tenant, c.fact.Kind, c.fact.ID); {
		case fact.Sequence < sequence:
			continue
		case fact.Sequence == sequence:
			c.Answer = ops.AnswerApplied
		default:
			c.Answer, c.Detail = ops.AnswerSuperseded, "a later change was applied"
		}
		delete(open, sequence)
	}
}

// rejected notes the changes that workers have rejected since a time, and gives the time to go on from.
func (d *Desk) rejected(ctx context.Context, open map[uint64]*Change, since *time.Time) error {
	search := bus.Search{Stream: events.StreamNotices, Filter: events.NoticeSubject(d.Tenant, events.PermissionChangeRejected), Since: *since}
	for r, err := range d.Records.Records(ctx, search) {
		if err != nil {
			return err
		}
		*since = r.Stored
		n, err := events.Payload[events.ChangeNotice](r.Event)
		if err != nil || n.Origin.Stream != events.StreamPermissions {
			continue
		}
		if c := open[n.Origin.Sequence]; c != nil {
			c.refuse(ops.AnswerRejected, n.Reason, n.Rule, n.Field, n.Detail)
			delete(open, n.Origin.Sequence)
		}
	}
	return nil
}

// ended is the error of changes that did not end as was wanted.
func (d *Desk) ended(changes []Change) error {
	var errs []error
	for _, c := range changes {
		switch c.Answer {
		case ops.AnswerRejected:
			errs = append(errs, problem(ops.Refused, d.whatNow(c), "a worker rejected it: %s", c.why()))
		case ops.AnswerSuperseded:
			errs = append(errs, problem(ops.Refused, d.command("permissions sets"), "a later change took the place of this one"))
		default:
		}
	}
	if len(errs) > 1 {
		p := problem(ops.Refused, d.whatNow(changes[0]), "%d of %d did not end as was wanted", len(errs), len(changes))
		return errors.Join(p)
	}
	return errors.Join(errs...)
}

// why is a refusal in a line.
func (c *Change) why() string {
	text := c.Detail
	if c.Field != "" {
		text += " (" + c.Field + ")"
	}
	return text + "; the rule is " + c.Rule
}

package letters

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
)

// followEvery is how often answers are looked for.
const followEvery = 100 * time.Millisecond

// Follow waits until a worker has answered each letter that was retried, and tells what came of it. Those that none
// answered within wait are told as they are; the error is Waiting then.
func (d *Desk) Follow(ctx context.Context, retried []Result, since time.Time, wait time.Duration, tell func(Result) error) error {
	open := make(map[uint64]Result, len(retried))
	for _, r := range retried {
		open[r.Letter] = r
	}
	over := time.After(wait)
	since = since.Add(-clocksApart)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		if err := d.answers(ctx, open, &since, tell); err != nil || len(open) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
			return d.unanswered(open, wait, tell)
		case <-tick.C:
		}
	}
}

// answers reads the answers since a time, tells of those that were waited for, and gives the time to go on from.
func (d *Desk) answers(ctx context.Context, open map[uint64]Result, since *time.Time, tell func(Result) error) error {
	for r, err := range d.Records.Records(ctx, bus.Search{Stream: events.StreamDeadLetters, Filter: events.DeadLetterActsFilter(""), Since: *since}) {
		if err != nil {
			return err
		}
		*since = r.Stored
		letter, ok := letterOf(r)
		result, wanted := open[letter]
		if !ok || !wanted || r.Type != events.DeadLetterAnswered {
			continue
		}
		a, err := events.Payload[events.DeadLetterAnswer](r.Event)
		if err != nil || a.Origin != *result.Published {
			continue
		}
		delete(open, letter)
		result.Outcome, result.Next = a.Outcome, a.Next
		if result.Failed() {
			result.Tries++
			result.Detail, result.Hint = "it failed again: "+a.Reason, "holdfast deadletters show "+number(a.Next)
		}
		if err := tell(result); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) unanswered(open map[uint64]Result, wait time.Duration, tell func(Result) error) error {
	err := &ops.Problem{Kind: ops.Waiting, Text: fmt.Sprintf("%d of what was retried has no answer within %s; it will be handled", len(open), wait),
		Hint: "are workers running? holdfast deadletters list --state retrying"}
	for _, r := range open {
		if told := tell(r); told != nil {
			return errors.Join(told, err)
		}
	}
	return err
}

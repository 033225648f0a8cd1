package letters

import (
	"context"
	"strings"

	"golang.org/x/time/rate"

	"holdfast/events"
	"holdfast/internal/ops"
)

// Drop says which letters would be dropped, and does it unless dry.
func (d *Desk) Drop(ctx context.Context, letters []uint64, by By, dry bool, perSecond float64, tell func(Result) error) error {
	if strings.TrimSpace(by.Why) == "" && !dry {
		return &ops.Problem{Kind: ops.Unclear, Text: "a message is given up for good: say why", Hint: "add --why TEXT"}
	}
	if err := by.Check(); err != nil {
		return err
	}
	pace := pace(perSecond)
	for _, n := range letters {
		r, err := d.drop(ctx, n, by, dry, pace)
		if err != nil {
			return err
		}
		if err := tell(r); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) drop(ctx context.Context, letter uint64, by By, dry bool, pace *rate.Limiter) (Result, error) {
	v, acts, err := d.letter(ctx, letter)
	if notFound(err) {
		return gone(letter), nil
	}
	if err != nil {
		return Result{}, err
	}
	if o, over := v.stands(acts); over {
		return v.result(o), nil
	}
	r := v.result(outlook{verdict: Ready})
	if v.State == Retrying {
		r.Detail = acts.act.Actor + " retried it; whatever comes of that, it is dropped"
	}
	if dry {
		return r, nil
	}
	if err := pace.Wait(ctx); err != nil {
		return r, ctx.Err()
	}
	_, lost, err := d.act(ctx, v, acts.last, events.DeadLetterDropped,
		events.DeadLetterAct{Tenant: v.Tenant, Letter: v.Sequence, Actor: by.Actor, Why: by.Why, Tries: v.Tries})
	if lost != nil || err != nil {
		return v.beaten(r, lost), err
	}
	r.Done = true
	return r, nil
}

package explain

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
)

// run tells of a run: its chains by their subjects, its requests by reading those of the tenant, and then each
// request's ledger by its subject.
func (t *teller) run(ctx context.Context) error {
	run := t.story.ID
	chains := events.Chain{Tenant: t.story.Tenant, Run: run}
	if err := t.search(ctx, bus.Search{Stream: events.StreamSuspensions, Filter: chains.Filter()}); err != nil {
		return err
	}
	if t.story.Since == 0 {
		t.since = latest(t.since, t.started())
	}
	if err := t.scan(ctx, run); err != nil {
		return err
	}
	for _, th := range t.story.threads() {
		if err := t.lookUp(ctx, th.request); err != nil {
			return err
		}
	}
	if len(t.story.about) == 0 {
		return t.notFound()
	}
	if err := t.earlierTries(ctx); err != nil {
		return err
	}
	return t.surroundings(ctx)
}

// startSkew is how far the clock of whoever starts runs may be ahead of the bus's.
const startSkew = 10 * time.Minute

// started is when the run began, as its suspended requests say; zero where they do not.
func (t *teller) started() (began time.Time) {
	for _, e := range t.story.Entries {
		if e.started != nil && (began.IsZero() || e.started.Before(began)) {
			began = *e.started
		}
	}
	if began.IsZero() {
		return began
	}
	return began.Add(-startSkew)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

package explain

import (
	"context"
	"slices"

	"holdfast/events"
	"holdfast/internal/bus"
)

// request tells of one request: three look-ups where it has a ledger, a search where it has nothing yet.
func (t *teller) request(ctx context.Context) error {
	id := t.story.ID
	if err := t.lookUp(ctx, id); err != nil {
		return err
	}
	if len(t.story.Entries) == 0 { // the ledger has forgotten, or never knew: chains are kept for longer
		c := events.Chain{Tenant: t.story.Tenant, Request: id}
		if err := t.search(ctx, bus.Search{Stream: events.StreamSuspensions, Filter: c.Filter()}); err != nil {
			return err
		}
		if err := t.originals(ctx, t.story.about[id]); err != nil {
			return err
		}
	}
	if len(t.story.Entries) == 0 || t.story.Since > 0 {
		if err := t.scan(ctx, id); err != nil {
			return err
		}
	}
	if err := t.earlierTries(ctx); err != nil {
		return err
	}
	if err := t.repeats(ctx); err != nil {
		return err
	}
	if err := t.surroundings(ctx); err != nil {
		return err
	}
	if len(t.story.Entries) == 0 {
		return t.notFound()
	}
	return nil
}

// lookUp adds a request's ledger, its chains where the ledger says that it has any, and the messages that were
// handled.
func (t *teller) lookUp(ctx context.Context, id string) error {
	tenant, before := t.story.Tenant, len(t.story.Entries)
	if err := t.search(ctx, bus.Search{Stream: events.StreamOutcomes, Filter: events.LedgerSubject(tenant, id)}); err != nil {
		return err
	}
	var chains []string
	for _, e := range t.story.Entries[before:] {
		c := events.Chain{Tenant: tenant, Connection: e.Connection, Run: e.Run, Request: id}
		if e.chained && !slices.Contains(chains, c.Subject()) {
			chains = append(chains, c.Subject())
		}
	}
	for _, subject := range chains {
		if err := t.search(ctx, bus.Search{Stream: events.StreamSuspensions, Filter: subject}); err != nil {
			return err
		}
	}
	if th := t.story.about[id]; th != nil {
		return t.originals(ctx, th)
	}
	return nil
}

// originals adds the messages that asked for a request, as far as they are known and still there.
func (t *teller) originals(ctx context.Context, th *thread) error {
	for _, sequence := range th.origins {
		err := t.one(ctx, events.StreamActions, events.SubjectOf(t.story.Tenant, events.ActionRequested), sequence)
		if err != nil {
			return err
		}
	}
	return nil
}

// scan adds the requests of HF_ACTIONS that hold an id, and what the history has where that is asked for: further
// back than the ledger goes.
func (t *teller) scan(ctx context.Context, id string) error {
	tenant := t.story.Tenant
	err := t.search(ctx, bus.Search{Stream: events.StreamActions, Filter: events.SubjectOf(tenant, events.ActionRequested),
		Since: t.since, Holding: []string{id}})
	if err != nil || t.story.Since <= t.ledger {
		return err
	}
	return t.search(ctx, bus.Search{Stream: events.StreamHistory, Filter: events.HistoryFilter(tenant), Since: t.since, Holding: []string{id}})
}

package explain

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
)

// connection tells of a connection: what was done to it, how it broke and was restored, and the suspensions of its
// runs, from the time on that is asked for; from when it broke, where that is further back.
func (t *teller) connection(ctx context.Context) error {
	tenant, id := t.story.Tenant, t.story.ID
	e, err := t.entry(ctx, id)
	if err != nil {
		return err
	}
	if e != nil && e.Broken != nil && e.Broken.Since.Before(t.since) && t.story.Since == 0 {
		t.since = e.Broken.Since.Add(-time.Second)
	}
	if err := t.lastChanges(ctx, e); err != nil {
		return err
	}
	chains := events.Chain{Tenant: tenant, Connection: id}
	for _, s := range []bus.Search{
		{Stream: events.StreamConnections, Filter: events.ConnectionsFilter(tenant), Holding: []string{id}},
		{Stream: events.StreamNotices, Filter: events.NoticesFilter(tenant), Holding: []string{id}},
		{Stream: events.StreamSuspensions, Filter: chains.Filter()},
		{Stream: events.StreamActions, Filter: events.CommandsFilter(tenant), Holding: []string{id}},
		{Stream: events.StreamDeadLetters, Filter: events.DeadLettersFilter(tenant)},
	} {
		s.Since = t.since
		if err := t.search(ctx, s); err != nil {
			return err
		}
	}
	if t.story.Since > t.ledger {
		err = t.search(ctx, bus.Search{Stream: events.StreamHistory, Filter: events.HistoryFilter(tenant), Since: t.since, Holding: []string{id}})
	}
	if err == nil && e == nil && len(t.story.Entries) == 0 {
		err = t.notFound()
	}
	return err
}

// lastChanges adds the events that the connection is what it is by, however old they are.
func (t *teller) lastChanges(ctx context.Context, e *connection.Entry) error {
	if e == nil {
		return nil
	}
	for _, sequence := range []uint64{e.Generation, e.Sequence} {
		if sequence == 0 {
			continue
		}
		if err := t.one(ctx, events.StreamConnections, events.ConnectionsFilter(t.story.Tenant), sequence); err != nil {
			return err
		}
	}
	return nil
}

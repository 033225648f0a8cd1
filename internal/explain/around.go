package explain

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
)

// surroundings adds what happened to the connections while the requests were on their way, what operators asked for,
// and dead letters. Of requests that ended and never waited there is nothing to explain.
func (t *teller) surroundings(ctx context.Context) error {
	from, ids := t.story.began(), t.story.names()
	if from.IsZero() {
		from = t.since
	}
	tenant := t.story.Tenant
	wanted := []bus.Search{{Stream: events.StreamDeadLetters, Filter: events.DeadLettersFilter(tenant)}}
	if t.story.waited() {
		if err := t.causes(ctx); err != nil {
			return err
		}
		wanted = append(wanted,
			bus.Search{Stream: events.StreamActions, Filter: events.CommandsFilter(tenant)},
			bus.Search{Stream: events.StreamNotices, Filter: events.NoticesFilter(tenant), Holding: ids},
			bus.Search{Stream: events.StreamConnections, Filter: events.ConnectionsFilter(tenant), Holding: ids})
	}
	for _, s := range wanted {
		s.Since = from
		if err := t.search(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// causes adds why connections do not work that open requests are about, however long before it began: the event that
// took them away, or when their credentials were first seen to fail.
func (t *teller) causes(ctx context.Context) error {
	t.story.early = true
	defer func() { t.story.early = false }()
	for _, id := range t.story.openConnections() {
		e, err := t.entry(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case e == nil:
		case e.Deleted || e.Disabled:
			err = t.one(ctx, events.StreamConnections, events.ConnectionsFilter(t.story.Tenant), e.Sequence)
		case e.Broken != nil:
			err = t.search(ctx, bus.Search{Stream: events.StreamNotices, Filter: events.NoticeSubject(t.story.Tenant, events.ConnectionBroken),
				Since: e.Broken.Since.Add(-brokenSkew), Holding: []string{id}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// brokenSkew is how far apart the registry's time of a break and its notice's may be.
const brokenSkew = time.Minute

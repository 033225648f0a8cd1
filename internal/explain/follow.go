package explain

import (
	"context"
	"reflect"
	"sync"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
)

// quiet is how long nothing must be stored before it is looked again how the thing stands.
const quiet = 400 * time.Millisecond

// came is what one of the streams gave.
type came struct {
	entry Entry
	err   error
}

// Follow goes on with a story that Tell has told: it calls tell with every new entry as it is stored, and with how it
// stands now whenever that has changed. It ends with ctx, without an error.
func (t *Teller) Follow(ctx context.Context, s *Story, from Ends, tell func(Entry) error) error {
	s.following = true
	ctx, cancel := context.WithCancel(ctx)
	entries, done := t.listen(ctx, s, from)
	defer func() { cancel(); done() }()
	last := standing(s)
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-entries:
			if c.err != nil {
				return c.err
			}
			if !s.add(c.entry) {
				continue
			}
			if err := tell(c.entry); err != nil {
				return err
			}
			settled = time.After(quiet)
		case <-settled:
			settled = nil
			now, err := t.standNow(ctx, s)
			if err != nil {
				return err
			}
			if !differs(last, now) {
				continue
			}
			last = now
			for _, e := range now {
				if err := tell(e); err != nil {
					return err
				}
			}
		}
	}
}

// Ends is the last sequence of each stream before a story was told: Follow goes on behind it.
type Ends map[string]uint64

// Ends looks where the streams end now.
func (t *Teller) Ends(ctx context.Context) (Ends, error) {
	ends := make(Ends)
	for _, stream := range []string{events.StreamActions, events.StreamOutcomes, events.StreamSuspensions, events.StreamNotices,
		events.StreamConnections, events.StreamDeadLetters} {
		s, err := t.Looks.State(ctx, stream)
		if err != nil {
			return nil, err
		}
		ends[stream] = s.Last
	}
	return ends, nil
}

// listen follows every stream that may tell more. done waits until all have ended.
func (t *Teller) listen(ctx context.Context, s *Story, from Ends) (entries chan came, done func()) {
	entries = make(chan came)
	var all sync.WaitGroup
	for _, search := range s.listens() {
		search.From = from[search.Stream] + 1
		all.Go(func() {
			for r, err := range t.Looks.Follow(ctx, search) {
				e, ok := read(search.Stream, r)
				if err == nil && !ok {
					continue
				}
				select {
				case entries <- came{e, err}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return entries, all.Wait
}

// listens is what to follow. A request is followed by its own subjects; the requests of a run have none, so all of the
// tenant's come by, and only those of the run are decoded.
func (s *Story) listens() []bus.Search {
	t := s.Tenant
	all := []bus.Search{
		{Stream: events.StreamActions, Filter: events.CommandsFilter(t)},
		{Stream: events.StreamNotices, Filter: events.NoticesFilter(t)},
		{Stream: events.StreamConnections, Filter: events.ConnectionsFilter(t)},
		{Stream: events.StreamDeadLetters, Filter: events.DeadLettersFilter(t)},
	}
	switch s.Kind {
	case Request:
		all = append(all, bus.Search{Stream: events.StreamOutcomes, Filter: events.LedgerSubject(t, s.ID)},
			bus.Search{Stream: events.StreamSuspensions, Filter: events.Chain{Tenant: t, Request: s.ID}.Filter()})
	case Run:
		all = append(all, bus.Search{Stream: events.StreamActions, Filter: events.SubjectOf(t, events.ActionRequested), Holding: []string{s.ID}},
			bus.Search{Stream: events.StreamOutcomes, Filter: events.LedgerSubject(t, "*"), Holding: []string{s.ID}},
			bus.Search{Stream: events.StreamSuspensions, Filter: events.Chain{Tenant: t, Run: s.ID}.Filter()})
	case Connection:
		all = append(all, bus.Search{Stream: events.StreamSuspensions, Filter: events.ChainsFilter(t, s.ID, "")})
	}
	return all
}

// standNow looks again how it stands.
func (t *Teller) standNow(ctx context.Context, s *Story) ([]Entry, error) {
	now := t.Clock.Now()
	one := &teller{Teller: t, at: now, since: now.Add(-longest), story: s, entries: make(map[string]*connection.Entry),
		consumers: make(map[string]bus.ConsumerState)}
	return one.stand(ctx)
}

// standing are the last entries of a story, which say how it stands.
func standing(s *Story) []Entry {
	i := len(s.Entries)
	for i > 0 && s.Entries[i-1].Event == EventNow {
		i--
	}
	return s.Entries[i:]
}

// differs tells whether it stands otherwise than before; that time has passed does not count.
func differs(before, after []Entry) bool {
	type what struct {
		request, state, reason string
		more                   int
		ended                  bool
	}
	of := func(all []Entry) (states []what) {
		for _, e := range all {
			states = append(states, what{e.Request, e.State, e.Reason, e.More, e.Ended})
		}
		return states
	}
	return !reflect.DeepEqual(of(before), of(after))
}

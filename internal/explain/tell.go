package explain

import (
	"context"
	"iter"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/ops"
	"holdfast/internal/putoff"
)

// Teller tells stories.
type Teller struct {
	Looks   ops.Looks
	Chains  Chains
	Clock   ops.Clock
	Secrets ops.Secrets
	// Replays tells whether there is anything to search for that did an ended request again.
	Replays Replays
	// Workers are asked why they do not work, and why they put requests off; see package scrape.
	Workers []Worker
	// Progress hears how far the search of a stream is; nil: nobody cares.
	Progress func(stream string, read, all uint64)
}

// Chains is the suspensions.
type Chains interface {
	// Each gives the last record of every chain that matches filter.
	Each(ctx context.Context, filter string) iter.Seq2[events.ChainRecord, error]
}

// Replays is what replays note.
type Replays interface {
	// Since tells whether any was at work after a time.
	Since(ctx context.Context, t time.Time) (bool, error)
}

// Worker can be asked whether it is ready.
type Worker interface {
	// Ready is why a worker is not ready, in its own words; empty: it is. An error: it did not answer.
	Ready(ctx context.Context) (why string, err error)
	// PutOff is how the worker put requests off the last time, as far as it knows.
	PutOff(ctx context.Context, tenant string, requests []string) ([]putoff.Entry, error)
	// Name is its address.
	Name() string
}

// teller is one telling.
type teller struct {
	*Teller

	at        time.Time // now, by the bus's clock
	since     time.Time // what is older is not searched for
	ledger    time.Duration
	story     *Story
	entries   map[string]*connection.Entry // of the registry, by id; nil: there is none
	consumers map[string]bus.ConsumerState // by durable
	heard     *heard                       // nil: nobody has asked yet
}

// mostEntries bounds what is kept of one stream: the newest.
const mostEntries = 100_000

// longest is how far back is looked where a ledger is kept for ever.
const longest = 7 * 24 * time.Hour

// Tell tells the story. A thing of which nothing is known is an *ops.Problem of kind NotFound.
func (t *Teller) Tell(ctx context.Context, q Question) (*Story, error) {
	one, err := t.begin(ctx, q)
	if err != nil {
		return nil, err
	}
	switch q.Kind {
	case Request:
		err = one.request(ctx)
	case Run:
		err = one.run(ctx)
	case Connection:
		err = one.connection(ctx)
	}
	if err != nil {
		return nil, err
	}
	one.story.inOrder()
	now, err := one.stand(ctx)
	if err != nil {
		return nil, err
	}
	one.story.Entries = append(one.story.Entries, now...)
	return one.story, nil
}

func (t *Teller) begin(ctx context.Context, q Question) (*teller, error) {
	if !events.ValidID(q.Tenant) || !events.ValidID(q.ID) {
		return nil, &ops.Problem{Kind: ops.Unclear, Text: "an id is not valid: " + events.ErrBadID.Error()}
	}
	outcomes, err := t.Looks.State(ctx, events.StreamOutcomes)
	if err != nil {
		return nil, err
	}
	one := &teller{Teller: t, at: t.Clock.Now(), ledger: outcomes.MaxAge, story: newStory(q),
		entries: make(map[string]*connection.Entry), consumers: make(map[string]bus.ConsumerState)}
	if one.ledger == 0 {
		one.ledger = longest
	}
	one.since = one.at.Add(-one.ledger)
	if q.Since > 0 {
		one.since = one.at.Add(-q.Since)
	}
	return one, nil
}

// search adds what a stream says that concerns the story.
func (t *teller) search(ctx context.Context, s bus.Search) error {
	if t.Progress != nil {
		s.Progress = func(read, all uint64) { t.Progress(s.Stream, read, all) }
	}
	before, dropped := len(t.story.Entries), 0
	for r, err := range t.Looks.Records(ctx, s) {
		if err != nil {
			return err
		}
		if e, ok := read(s.Stream, r); ok {
			t.story.add(e)
		}
		if n := len(t.story.Entries) - before; n > 2*mostEntries {
			dropped += n - mostEntries
			t.story.Entries = slices.Delete(t.story.Entries, before, before+n-mostEntries)
		}
	}
	if dropped > 0 {
		t.story.leftOut(s.Stream, before, dropped)
	}
	return nil
}

// one adds the message of a stream at a sequence, where it is still there.
func (t *teller) one(ctx context.Context, stream, filter string, sequence uint64) error {
	e, err := t.entryAt(ctx, stream, filter, sequence)
	if e != nil {
		t.story.add(*e)
	}
	return err
}

// entryAt is the message of a stream at a sequence; nil where it is gone, or none that a story is made of.
func (t *teller) entryAt(ctx context.Context, stream, filter string, sequence uint64) (*Entry, error) {
	for r, err := range t.Looks.Records(ctx, bus.Search{Stream: stream, Filter: filter, From: sequence}) {
		if err != nil {
			return nil, err
		}
		if e, ok := read(stream, r); ok && r.Sequence == sequence {
			return &e, nil
		}
		break
	}
	return nil, nil
}

// entry is the registry's of a connection, read once; nil where there is none.
func (t *teller) entry(ctx context.Context, id string) (*connection.Entry, error) {
	e, known := t.entries[id]
	if known || id == "" {
		return e, nil
	}
	e, _, err := t.Looks.Connection(ctx, t.story.Tenant, id)
	if err == nil {
		t.entries[id] = e
	}
	return e, err
}

// consumer is how far a durable is, asked once.
func (t *teller) consumer(ctx context.Context, d bus.Durable) (bus.ConsumerState, error) {
	s, known := t.consumers[d.Name]
	if known {
		return s, nil
	}
	s, err := t.Looks.Consumer(ctx, d)
	if err == nil {
		t.consumers[d.Name] = s
	}
	return s, err
}

// notFound says where else to look.
func (t *teller) notFound() error {
	q := t.story.Question
	hint := "further back, with what the ledger has forgotten: holdfast explain " + string(q.Kind) + " " + q.ID + " --tenant " + q.Tenant + " --since 90d"
	switch {
	case q.Kind == Connection:
		hint = "holdfast connections list --tenant " + q.Tenant
	case q.Since > t.ledger:
		hint = "was it published? holdfast deadletters list --tenant " + q.Tenant
	}
	return &ops.Problem{Kind: ops.NotFound, Hint: hint,
		Text: "the streams know nothing of " + string(q.Kind) + " " + q.ID + " of tenant " + q.Tenant + " since " + ops.At(t.since)}
}

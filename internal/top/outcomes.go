package top

import (
	"context"
	"sync"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
)

// tooFarBehind is how many outcomes may wait to be read before they are passed over.
const tooFarBehind = 50_000

// outcomes counts what is added to ledgers, by type, from headers alone.
type outcomes struct {
	mu      sync.Mutex
	read    map[events.Type]uint64
	skipped uint64
}

// follow reads until ctx ends. Where more is stored than can be read, it goes on at the end of the stream.
func (o *outcomes) follow(ctx context.Context, looks ops.Looks, filter string) error {
	for ctx.Err() == nil {
		s, err := looks.State(ctx, events.StreamOutcomes)
		if err != nil {
			return err
		}
		if err := o.session(ctx, looks, bus.Search{Stream: events.StreamOutcomes, Filter: filter, From: s.Last + 1, HeadersOnly: true}); err != nil {
			return err
		}
	}
	return nil
}

func (o *outcomes) session(ctx context.Context, looks ops.Looks, s bus.Search) error {
	for r, err := range looks.Follow(ctx, s) {
		if err != nil {
			return err
		}
		o.count(r)
		if r.Left > tooFarBehind {
			return nil
		}
	}
	return nil
}

func (o *outcomes) count(r bus.Stored) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.read[r.Type]++
	if r.Left > tooFarBehind {
		o.skipped += r.Left
	}
}

// counts are the numbers so far.
func (o *outcomes) counts() (read map[events.Type]uint64, skipped uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	read = make(map[events.Type]uint64, len(o.read))
	for t, n := range o.read {
		read[t] = n
	}
	return read, o.skipped
}

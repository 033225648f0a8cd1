package top

import (
	"context"
	"sync"

	"holdfast/internal/bus"
	"holdfast/internal/ops"
)

// followed is what is kept of a stream that is followed.
type followed struct {
	mu   sync.Mutex
	read bool // all that was there at the start is
}

// follow has everything taken that a search finds, and what is stored later, until the context ends.
func (f *followed) follow(ctx context.Context, looks ops.Looks, search bus.Search, take func(bus.Stored)) error {
	some, err := anything(ctx, looks, search)
	if err != nil {
		return err
	}
	if !some {
		f.complete()
	}
	for r, err := range looks.Follow(ctx, search) {
		if err != nil {
			return err
		}
		take(r)
	}
	return nil
}

// anything tells whether there is anything to read now.
func anything(ctx context.Context, looks ops.Looks, s bus.Search) (bool, error) {
	for _, err := range looks.Records(ctx, s) {
		return err == nil, err
	}
	return false, nil
}

func (f *followed) complete() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = true
}

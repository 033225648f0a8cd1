package bus

import (
	"context"
	"sync"
)

// gate lets through while it is open.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // nil: open; closed on opening
}

// wait returns true as soon as the gate is open, false when ctx ended.
func (g *gate) wait(ctx context.Context) bool {
	for ctx.Err() == nil {
		g.mu.Lock()
		shut := g.shut
		g.mu.Unlock()
		if shut == nil {
			return true
		}
		select {
		case <-ctx.Done():
		case <-shut:
		}
	}
	return false
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		close(g.shut)
		g.shut = nil
	}
}

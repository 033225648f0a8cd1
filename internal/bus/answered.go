package bus

import (
	"context"
	"sync"

	"holdfast/events"
)

// answeredHere is how far this worker knows each tenant's changes to be answered, without a look at the consumer: that
// learns of an answer late, and of those of all tenants in one row. What came of the changes is in the cache.
type answeredHere struct {
	mu      sync.Mutex
	tenants map[string]*answeredOf
}

type answeredOf struct {
	upTo  uint64              // everything up to here is answered
	ahead map[uint64]struct{} // answered here, further on
}

// aheadMost bounds what is kept of a tenant whose changes are answered without that anything waits for them.
const aheadMost = 64

// Answered notes that this worker has handled a change for good, and keeps what came of it.
func (f *Facts) Answered(tenant string, sequence uint64) {
	f.here.mu.Lock()
	defer f.here.mu.Unlock()
	a := f.here.of(tenant)
	if len(a.ahead) >= aheadMost {
		clear(a.ahead)
	}
	a.ahead[sequence] = struct{}{}
	a.advance()
}

// of is what is known of a tenant; the lock is held.
func (h *answeredHere) of(tenant string) *answeredOf {
	a := h.tenants[tenant]
	if a == nil {
		a = &answeredOf{ahead: make(map[uint64]struct{})}
		if h.tenants == nil {
			h.tenants = make(map[string]*answeredOf)
		}
		h.tenants[tenant] = a
	}
	return a
}

func (a *answeredOf) advance() {
	for {
		if _, ok := a.ahead[a.upTo+1]; !ok {
			return
		}
		a.upTo++
		delete(a.ahead, a.upTo)
	}
}

// known is up to where everything of a tenant's is answered.
func (h *answeredHere) known(tenant string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.of(tenant).upTo
}

// proven notes that everything of a tenant's before a sequence is answered.
func (h *answeredHere) proven(tenant string, before uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.of(tenant)
	if a.upTo+1 >= before {
		return
	}
	a.upTo = before - 1
	for s := range a.ahead {
		if s <= a.upTo {
			delete(a.ahead, s)
		}
	}
	a.advance()
}

// has tells whether this worker has answered a change that is further on.
func (h *answeredHere) has(tenant string, sequence uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.of(tenant).ahead[sequence]
	return ok
}

// reset forgets all: what came of changes is not in the cache any more.
func (h *answeredHere) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.tenants)
}

// settledHere tells whether this worker knows by itself that everything of a tenant's before a sequence is answered: it
// steps over what it has answered, from where it knows.
func (f *Facts) settledHere(ctx context.Context, tenant string, before uint64) bool {
	begun, upTo := f.follows.begun.Load(), f.here.known(tenant)
	for upTo > 0 {
		next, err := f.bus.nextOf(ctx, events.StreamPermissions, tenant, upTo+1)
		switch {
		case err != nil || next == nil:
			return false
		case next.Sequence >= before:
			return f.provenSince(begun, tenant, before)
		case !f.here.has(tenant, next.Sequence) || !f.provenSince(begun, tenant, next.Sequence+1):
			return false
		}
		upTo = next.Sequence
	}
	return false
}

// provenSince is proven, unless the cache was begun anew meanwhile.
func (f *Facts) provenSince(begun uint64, tenant string, before uint64) bool {
	if f.follows.begun.Load() != begun {
		return false
	}
	f.here.proven(tenant, before)
	return true
}

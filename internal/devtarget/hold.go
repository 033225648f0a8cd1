package devtarget

import (
	"net/http"
	"sync"
)

// Held is a request that waits for its answer: what else happens meanwhile is the test's to say.
type Held struct {
	arrived, released chan struct{}
	once              sync.Once
}

// Hold keeps back the answer to the next request with this Idempotency-Key, until Release. The credential
// is looked at afterwards.
func (t *Target) Hold(key string) *Held {
	h := &Held{arrived: make(chan struct{}), released: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holds[key] = h
	return h
}

// Arrived is closed as soon as the request is there.
func (h *Held) Arrived() <-chan struct{} { return h.arrived }

// Release lets the request have its answer. It may be called again.
func (h *Held) Release() { h.once.Do(func() { close(h.released) }) }

// held waits while a request is held; false when its client went away.
func (t *Target) held(r *http.Request) bool {
	key := r.Header.Get("Idempotency-Key")
	t.mu.Lock()
	h := t.holds[key]
	delete(t.holds, key)
	t.mu.Unlock()
	if h == nil {
		return true
	}
	close(h.arrived)
	select {
	case <-h.released:
		return true
	case <-r.Context().Done():
		return false
	}
}

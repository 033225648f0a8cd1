package devtarget

import "maps"

// Calls counts requests by resource ("basic", "echo") and by what became of their credential ("accepted").
func (t *Target) Calls() map[string]map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[string]map[string]int, len(t.calls))
	for resource, counts := range t.calls {
		out[resource] = maps.Clone(counts)
	}
	return out
}

// Effects says how often each Idempotency-Key was applied; "" is for requests without one. The target does
// not drop repeats: that a key is here once proves that it was sent once.
func (t *Target) Effects() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.effects)
}

// SetPassword changes what /basic wants from now on.
func (t *Target) SetPassword(user, password string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.user, t.password = user, password
}

// Reset forgets calls, effects and the fault; user and password stay.
func (t *Target) Reset() {
	t.resetCalls()
	t.resetEffects()
	t.SetFault(nil)
}

func (t *Target) resetCalls() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.calls)
}

func (t *Target) resetEffects() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.effects)
}

func (t *Target) count(resource, outcome string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls[resource] == nil {
		t.calls[resource] = make(map[string]int)
	}
	t.calls[resource][outcome]++
}

func (t *Target) apply(key string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.effects[key]++
	return t.effects[key]
}

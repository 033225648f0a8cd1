package handlers

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/internal/fault"
)

// strained are the connections whose target or provider keeps requests waiting until they are given up. Their
// requests together get some of a worker's places, and the rest of the places is for all others: what one system
// does not answer must hold up nobody else.
type strained struct {
	after time.Duration // how long is too long
	most  int64         // places for them all; 0: no bound

	busy atomic.Int64
	some atomic.Int64 // how many there may be: while there are none, nothing is looked up
	mu   sync.Mutex
	all  map[string]strain // by tenant/connection
}

// strain is why a connection is one of them, and until when it is believed.
type strain struct {
	why   fault.Reason
	until time.Time
}

// strainFor is how long a connection stays one of them after its last request that was given up.
const strainFor = time.Minute

// enter takes a place for a request of a connection. Fault: all that such connections may have are taken; it is the
// one that the connection's last request came to, so that what follows from it still does.
func (s *strained) enter(key string) (leave func(), f *fault.Fault) {
	if s.most == 0 || s.some.Load() == 0 {
		return func() {}, nil
	}
	s.mu.Lock()
	is, ok := s.all[key]
	s.mu.Unlock()
	if !ok || time.Now().After(is.until) {
		return func() {}, nil
	}
	if s.busy.Add(1) > s.most {
		s.busy.Add(-1)
		return nil, fault.New(is.why, "the connection's requests were given up after a long wait, and enough of them are waiting")
	}
	return func() { s.busy.Add(-1) }, nil
}

// note learns from a request: one that was given up after a long wait makes its connection one of them, and one that
// was answered takes it away.
func (s *strained) note(key string, took time.Duration, f *fault.Fault) {
	why := strainOf(f)
	add, gone := why != "" && took >= s.after, f == nil && s.some.Load() > 0
	if s.most == 0 || !add && !gone {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(s.all, func(k string, is strain) bool { return k == key || now.After(is.until) })
	if add {
		if s.all == nil {
			s.all = make(map[string]strain)
		}
		s.all[key] = strain{why, now.Add(strainFor)}
	}
	s.some.Store(int64(len(s.all)))
}

// strainOf is the reason why a request is put off whose connection came to f; empty where that says nothing about its
// target or provider. Vault's trouble is everybody's.
func strainOf(f *fault.Fault) fault.Reason {
	if f == nil {
		return ""
	}
	switch f.Reason {
	case fault.ProviderUnavailable, fault.ProviderThrottled, fault.ProviderUnclear, fault.TargetUnavailable, fault.TargetThrottled:
		return f.Reason
	case fault.EffectUnknown: // of an at-most-once request; the next one is put off before it begins
		return fault.TargetUnavailable
	default:
		return ""
	}
}

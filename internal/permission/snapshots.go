package permission

import (
	"sync"

	"holdfast/events"
)

// Snapshots are those of all tenants, as the facts say. The zero Snapshots is ready to use.
type Snapshots struct {
	applying sync.Mutex // one change at a time; a large group takes a while, and nobody waits for it to be asked
	mu       sync.RWMutex
	byTenant map[string]*Snapshot
}

// Of is a tenant's permissions at this moment. They never change; never nil.
func (s *Snapshots) Of(tenant string) *Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if found, ok := s.byTenant[tenant]; ok {
		return found
	}
	return nothing
}

// nothing is a tenant of which nothing was said: one for all, so that nothing having changed can be seen.
var nothing = new(Snapshot)

// Apply takes a change of one fact. Changes of one fact come in their order.
func (s *Snapshots) Apply(f events.Fact) {
	s.applying.Lock()
	defer s.applying.Unlock()
	next := s.Of(f.Tenant).Apply(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byTenant == nil {
		s.byTenant = make(map[string]*Snapshot)
	}
	s.byTenant[f.Tenant] = next
}

// Reset forgets everything: all of it comes anew.
func (s *Snapshots) Reset() {
	s.applying.Lock()
	defer s.applying.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byTenant)
}

package access

import (
	"sync"

	"holdfast/events"
)

// Directories are those of all tenants, as the facts say. The zero Directories is ready to use.
type Directories struct {
	applying sync.Mutex // one change at a time; a large group takes a while, and nobody waits for it to be asked
	mu       sync.RWMutex
	byTenant map[string]*Directory
}

// Of is a tenant's directory at this moment. It never changes; never nil.
func (d *Directories) Of(tenant string) *Directory {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if found, ok := d.byTenant[tenant]; ok {
		return found
	}
	return new(Directory)
}

// Apply takes a change of one fact. Changes of one fact come in their order.
func (d *Directories) Apply(f events.Fact) {
	d.applying.Lock()
	defer d.applying.Unlock()
	next := d.Of(f.Tenant).Apply(f)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byTenant == nil {
		d.byTenant = make(map[string]*Directory)
	}
	d.byTenant[f.Tenant] = next
}

// Reset forgets everything: all of it comes anew.
func (d *Directories) Reset() {
	d.applying.Lock()
	defer d.applying.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.byTenant)
}

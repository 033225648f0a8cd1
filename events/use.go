package events

import (
	"strings"
	"time"
)

// Use is how a step used a connection last, as far as the index of uses was told: to look at, never to decide
// from.
type Use struct {
	Tenant     string `json:"-"` // Tenant, Connection, Workflow and Step are the key's
	Connection string `json:"-"`
	Workflow   string `json:"-"`
	Step       string `json:"-"`
	// Process and ProcessVersion are those of the request, where it was a published process's.
	Process        string `json:"process_id,omitempty"`
	ProcessVersion string `json:"process_version,omitempty"`
	// LastUsed is by the bus's clock.
	LastUsed time.Time `json:"last_used_at"`
	// Outcome is what came of it: completed, failed, unknown or suspended.
	Outcome string `json:"outcome"`
}

// Key is where the use is in its bucket.
func (u Use) Key() string {
	return strings.Join([]string{u.Tenant, u.Connection, u.Workflow, u.Step}, ".")
}

// ParseUseKey reads which step of which workflow a key is about; ok is false for any other key.
func ParseUseKey(key string) (u Use, ok bool) {
	t := strings.Split(key, ".")
	if len(t) != 4 {
		return Use{}, false
	}
	for _, id := range t {
		if !ValidID(id) {
			return Use{}, false
		}
	}
	return Use{Tenant: t[0], Connection: t[1], Workflow: t[2], Step: t[3]}, true
}

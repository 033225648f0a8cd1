package top

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// connections are those that do not work, followed. The others are not kept.
type connections struct {
	followed

	broken map[string]Broken // by tenant.connection
	ends   map[string]time.Time
}

func newConnections() *connections {
	return &connections{broken: make(map[string]Broken), ends: make(map[string]time.Time)}
}

func (c *connections) follow(ctx context.Context, looks ops.Looks, tenant string) error {
	filter := "$KV." + events.BucketConnections + "." + cmp.Or(tenant, "*") + ".*"
	return c.followed.follow(ctx, looks, bus.Search{Stream: events.StreamRegistry, Filter: filter, LastOfEach: true}, c.take)
}

// take notes an entry of the registry; what is no entry is one that is gone.
func (c *connections) take(r bus.Stored) {
	tenant, id, ok := events.ParseRegistrySubject(r.Subject)
	if !ok {
		return
	}
	key := tenant + "." + id
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = c.read || r.Left == 0
	delete(c.broken, key)
	delete(c.ends, key)
	var e connection.Entry
	if json.Unmarshal(r.Raw, &e) != nil {
		return
	}
	if e.ExpiresAt != nil {
		c.ends[key] = *e.ExpiresAt
	}
	b := Broken{Tenant: tenant, Connection: id, State: string(e.State())}
	if e.Broken != nil {
		b.Reason, b.Since = string(e.Broken.Reason), &e.Broken.Since
	}
	if !e.Works() {
		c.broken[key] = b
	}
}

// worst are the n connections that the most requests wait for, and then those that have been broken for longest. One
// that was deleted or turned off, and that nothing waits for, is nobody's trouble.
func (c *connections) worst(n int, waiting map[string]int, now time.Time) (first []Broken, total int, read bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]Broken)
	for key, b := range c.broken {
		if b.Waiting = waiting[key]; b.Waiting > 0 || b.State == string(events.StateBroken) || b.State == string(events.StatePending) {
			all[key] = b
		}
	}
	for key, count := range waiting {
		if _, known := all[key]; !known {
			all[key] = c.working(key, count, now)
		}
	}
	first = slices.AppendSeq(make([]Broken, 0, len(all)), maps.Values(all))
	slices.SortFunc(first, worse)
	return first[:min(n, len(first))], len(first), c.read
}

// working is a connection that requests wait for although the registry says nothing against it.
func (c *connections) working(key string, count int, now time.Time) Broken {
	tenant, id, _ := strings.Cut(key, ".")
	b := Broken{Tenant: tenant, Connection: id, State: string(events.StateActive), Waiting: count}
	if end, ends := c.ends[key]; ends && !now.Before(end) {
		b.State, b.Reason, b.Since = string(events.StateBroken), string(fault.ConnectionExpired), &end
	}
	return b
}

func worse(a, b Broken) int {
	since := func(b Broken) time.Time {
		if b.Since == nil {
			return time.Time{}
		}
		return *b.Since
	}
	return cmp.Or(cmp.Compare(b.Waiting, a.Waiting), since(a).Compare(since(b)), cmp.Compare(a.Tenant, b.Tenant),
		cmp.Compare(a.Connection, b.Connection))
}

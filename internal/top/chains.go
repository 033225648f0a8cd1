package top

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
)

// chains are the suspensions that wait, followed.
type chains struct {
	followed

	waiting map[string]time.Time // the deadline, by the chain's subject
	by      map[string]int       // how many wait, by tenant.connection
}

func newChains() *chains {
	return &chains{waiting: make(map[string]time.Time), by: make(map[string]int)}
}

func (c *chains) follow(ctx context.Context, looks ops.Looks, filter string) error {
	return c.followed.follow(ctx, looks, bus.Search{Stream: events.StreamSuspensions, Filter: filter, LastOfEach: true}, c.take)
}

// take notes the last event of a chain.
func (c *chains) take(r bus.Stored) {
	chain, ok := events.ParseChain(r.Subject)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = c.read || r.Left == 0
	key := chain.Tenant + "." + chain.Connection
	if _, waits := c.waiting[r.Subject]; waits {
		delete(c.waiting, r.Subject)
		if c.by[key]--; c.by[key] == 0 {
			delete(c.by, key)
		}
	}
	if s, err := events.Payload[events.Suspension](r.Event); err == nil && r.Type.Waits() {
		c.waiting[strings.Clone(r.Subject)] = s.TerminatesAt
		c.by[key]++
	}
}

// next are the n suspensions that end first.
func (c *chains) next(n int) (first []Deadline, total int, read bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first = []Deadline{}
	for subject, at := range c.waiting {
		if len(first) == n && !at.Before(first[n-1].TerminatesAt) {
			continue
		}
		chain, _ := events.ParseChain(subject) // take has parsed it before
		d := Deadline{chain.Tenant, chain.Connection, chain.Run, chain.Request, at}
		i, _ := slices.BinarySearchFunc(first, d, sooner)
		first = slices.Insert(first, i, d)
		first = first[:min(len(first), n)]
	}
	return first, len(c.waiting), c.read
}

func sooner(a, b Deadline) int {
	return cmp.Or(a.TerminatesAt.Compare(b.TerminatesAt), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Connection, b.Connection),
		cmp.Compare(a.Run, b.Run), cmp.Compare(a.Request, b.Request))
}

// counts are how many wait for each connection, by tenant.connection.
func (c *chains) counts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int, len(c.by))
	for key, n := range c.by {
		all[key] = n
	}
	return all
}

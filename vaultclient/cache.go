package vaultclient

import (
	"context"
	"sync"
	"time"

	"holdfast/internal/fault"
)

// key names a connection.
type key struct{ tenant, connection string }

type fetchFunc func(ctx context.Context, k key) (Secret, error)

// cache holds config secrets for a short time and lets one read serve all who ask for the same connection.
type cache struct {
	ttl, stale time.Duration
	now        func() time.Time
	spawn      func(func(context.Context)) bool
	fetch      fetchFunc

	mu     sync.Mutex
	slots  map[key]*slot
	pruned time.Time
}

// slot is one connection's: the last good secret and the reads under way. Reads of a slot follow each other,
// so an older answer never replaces a newer one.
type slot struct {
	secret  Secret
	readAt  time.Time // when the read that gave secret began; zero: no secret
	running *read     // has begun: good for whoever takes a cached answer too
	waiting *read     // begins after running: good for those who asked for a fresh one meanwhile
}

// read is one read of Vault, for all who wait for it.
type read struct {
	done   chan struct{}
	secret Secret
	err    error
}

func newCache(ttl, stale time.Duration, now func() time.Time, spawn func(func(context.Context)) bool, fetch fetchFunc) *cache {
	return &cache{ttl: ttl, stale: stale, now: now, spawn: spawn, fetch: fetch, slots: make(map[key]*slot), pruned: now()}
}

// get is the secret of k, from a read younger than ttl or a new one; hit tells which. While Vault can not be
// reached, a secret up to stale old serves.
func (c *cache) get(ctx context.Context, k key) (s Secret, hit bool, err error) {
	c.mu.Lock()
	sl := c.slot(k)
	if sl.youngerThan(c.ttl, c.now()) {
		defer c.mu.Unlock()
		return sl.secret, true, nil
	}
	r := sl.running
	if r == nil {
		r = c.begin(k, sl)
	}
	c.mu.Unlock()
	s, err = r.wait(ctx)
	if fault.Is(err, fault.VaultUnavailable) && ctx.Err() == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if sl.youngerThan(c.stale, c.now()) {
			return sl.secret, true, nil
		}
	}
	return s, false, err
}

// fresh is the secret of k from a read that begins after the call.
func (c *cache) fresh(ctx context.Context, k key) (Secret, error) {
	c.mu.Lock()
	sl := c.slot(k)
	r := sl.waiting
	switch {
	case r != nil:
	case sl.running != nil:
		r = newRead()
		sl.waiting = r
	default:
		r = c.begin(k, sl)
	}
	c.mu.Unlock()
	return r.wait(ctx)
}

// forget drops what is held of k; reads under way serve those who wait, and leave nothing behind.
func (c *cache) forget(k key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.slots, k)
}

func (c *cache) slot(k key) *slot {
	sl := c.slots[k]
	if sl == nil {
		c.prune()
		sl = &slot{}
		c.slots[k] = sl
	}
	return sl
}

// prune drops secrets that can not serve any more, once in a while; the caller holds mu.
func (c *cache) prune() {
	keep := max(c.ttl, c.stale)
	if c.now().Sub(c.pruned) < keep {
		return
	}
	c.pruned = c.now()
	for k, sl := range c.slots {
		if sl.running == nil && !sl.youngerThan(keep, c.now()) {
			delete(c.slots, k)
		}
	}
}

func (sl *slot) youngerThan(age time.Duration, now time.Time) bool {
	return !sl.readAt.IsZero() && now.Sub(sl.readAt) < age
}

func newRead() *read { return &read{done: make(chan struct{})} }

// begin starts a read; the caller holds mu.
func (c *cache) begin(k key, sl *slot) *read {
	r := newRead()
	sl.running = r
	c.launch(k, sl)
	return r
}

// launch runs what sl.running announces, and then what waits behind it; the caller holds mu.
func (c *cache) launch(k key, sl *slot) {
	at := c.now()
	if !c.spawn(func(ctx context.Context) {
		s, err := c.fetch(ctx, k)
		c.finish(k, sl, at, s, err)
	}) {
		c.settle(sl, Secret{}, closed())
		if sl.running != nil {
			c.settle(sl, Secret{}, closed())
		}
	}
}

func (c *cache) finish(k key, sl *slot, at time.Time, s Secret, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sl.keep(at, s, err)
	c.settle(sl, s, err)
	if sl.running != nil {
		c.launch(k, sl)
	}
}

// keep notes a read's result. Only an absent or throttling Vault leaves what was known; any other failure
// says something about the secret, our right to it, or Vault's being closed: it must not be served again.
func (sl *slot) keep(at time.Time, s Secret, err error) {
	switch {
	case err == nil:
		sl.secret, sl.readAt = s, at
	case fault.Is(err, fault.VaultUnavailable), fault.Is(err, fault.VaultThrottled):
	default:
		sl.secret, sl.readAt = Secret{}, time.Time{}
	}
}

// settle gives the running read's result to those who wait, and moves up the one behind it.
func (c *cache) settle(sl *slot, s Secret, err error) {
	r := sl.running
	sl.running, sl.waiting = sl.waiting, nil
	r.secret, r.err = s, err
	close(r.done)
}

func (r *read) wait(ctx context.Context) (Secret, error) {
	select {
	case <-r.done:
		return r.secret, own(r.err)
	case <-ctx.Done():
		return Secret{}, gaveUp(ctx.Err())
	}
}

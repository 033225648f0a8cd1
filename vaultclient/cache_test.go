package vaultclient

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/fault"
)

// backend answers the cache's reads one by one, as the test lets it.
type backend struct {
	mu      sync.Mutex
	version int
	err     error
	reads   int
	gate    chan struct{} // each read waits for one; nil: none waits
}

func (b *backend) fetch(context.Context, key) (Secret, error) {
	b.mu.Lock()
	b.reads++
	s, err, gate := Secret{Version: b.version}, b.err, b.gate
	b.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return s, err
}

func (b *backend) set(version int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.version, b.err = version, err
}

func (b *backend) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reads
}

var crm = key{"acme", "crm"}

const (
	testTTL   = 30 * time.Second
	testStale = 15 * time.Minute
)

// withCache runs f in a bubble of its own time, with a cache over a backend that holds version 1.
func withCache(t *testing.T, f func(t *testing.T, c *cache, b *backend)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &backend{version: 1}
		life := newLifetime()
		defer life.end()
		f(t, newCache(testTTL, testStale, time.Now, life.spawn, b.fetch), b)
	})
}

// mustGet wants a version from the cache, and whether it was held.
func mustGet(t *testing.T, c *cache, version int, hit bool) {
	t.Helper()
	s, gotHit, err := c.get(t.Context(), crm)
	if err != nil || s.Version != version || gotHit != hit {
		t.Fatalf("version %d, hit %t, %v; want %d, %t", s.Version, gotHit, err, version, hit)
	}
}

func TestC4_ACachedSecretServesForItsShortLifeOnly(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, b *backend) {
		mustGet(t, c, 1, false)
		b.set(2, nil)
		<-time.After(testTTL - time.Second)
		mustGet(t, c, 1, true)
		<-time.After(time.Second)
		mustGet(t, c, 2, false)
	})
}

func TestO3_ForgettingMakesTheNextReadANewOne(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, b *backend) {
		mustGet(t, c, 1, false)
		b.set(2, nil)
		c.forget(crm)
		mustGet(t, c, 2, false)
	})
}

func TestO3_AReadUnderWayLeavesNothingBehindOnceForgotten(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, b *backend) {
		b.gate = make(chan struct{})
		old := make(chan int, 1)
		go func() {
			s, _, _ := c.get(t.Context(), crm)
			old <- s.Version
		}()
		synctest.Wait()
		c.forget(crm)
		b.set(2, nil)
		close(b.gate)
		if v := <-old; v != 1 {
			t.Fatalf("who waited got version %d", v)
		}
		mustGet(t, c, 2, false)
	})
}

func TestOneReadServesAllWhoAskMeanwhile(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, b *backend) {
		b.gate = make(chan struct{})
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if s, _, err := c.get(t.Context(), crm); err != nil || s.Version != 1 {
					t.Errorf("version %d, %v", s.Version, err)
				}
			})
		}
		synctest.Wait()
		close(b.gate)
		wg.Wait()
		if n := b.count(); n != 1 {
			t.Fatalf("%d reads", n)
		}
	})
}

// TestC4_AFreshReadNeverGetsAnAnswerFromBeforeItAsked: a read is under way with the old version when fresh
// readers come; they share one read that begins afterwards.
func TestC4_AFreshReadNeverGetsAnAnswerFromBeforeItAsked(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, b *backend) {
		b.gate = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = c.fresh(t.Context(), crm) })
		synctest.Wait()
		b.set(2, nil)
		for range 100 {
			wg.Go(func() {
				if s, err := c.fresh(t.Context(), crm); err != nil || s.Version != 2 {
					t.Errorf("version %d, %v", s.Version, err)
				}
			})
		}
		synctest.Wait()
		close(b.gate)
		wg.Wait()
		if n := b.count(); n != 2 {
			t.Fatalf("%d reads, want 2", n)
		}
		mustGet(t, c, 2, true)
	})
}

func TestO4_WhileVaultIsAwayAnOldSecretServesForAWhile(t *testing.T) {
	away := fault.New(fault.VaultUnavailable, "")
	withCache(t, func(t *testing.T, c *cache, b *backend) {
		mustGet(t, c, 1, false)
		b.set(0, away)
		<-time.After(testStale - time.Second)
		mustGet(t, c, 1, true)
		if _, err := c.fresh(t.Context(), crm); !fault.Is(err, fault.VaultUnavailable) {
			t.Fatalf("a fresh reader got an old secret: %v", err)
		}
		<-time.After(time.Second)
		if _, _, err := c.get(t.Context(), crm); !fault.Is(err, fault.VaultUnavailable) {
			t.Fatalf("too old, and served: %v", err)
		}
	})
}

func TestC12_WhatSpeaksAgainstASecretEndsItsServing(t *testing.T) {
	reasons := map[fault.Reason]bool{ // whether the secret still serves while Vault is away afterwards
		fault.VaultSealed: false, fault.VaultForbidden: false, fault.VaultNoMount: false, fault.VaultLogin: false,
		fault.SecretMissing: false, fault.SecretDeleted: false, fault.SecretDestroyed: false,
		fault.SecretMalformed: false, fault.VaultThrottled: true,
	}
	for reason, serves := range reasons {
		withCache(t, func(t *testing.T, c *cache, b *backend) {
			mustGet(t, c, 1, false)
			<-time.After(testTTL)
			b.set(0, fault.New(reason, ""))
			if _, _, err := c.get(t.Context(), crm); !fault.Is(err, reason) {
				t.Fatalf("%s: %v", reason, err)
			}
			b.set(0, fault.New(fault.VaultUnavailable, ""))
			if _, hit, _ := c.get(t.Context(), crm); hit != serves {
				t.Errorf("after %s a cached secret serves: %t", reason, hit)
			}
		})
	}
}

func TestACallerWhoLeavesDoesNotEndTheReadOfOthers(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, b *backend) {
		b.gate = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { _, _, err := c.get(ctx, crm); left <- err }()
		stays := make(chan error, 1)
		go func() { _, _, err := c.get(t.Context(), crm); stays <- err }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		close(b.gate)
		if err := <-stays; err != nil {
			t.Errorf("who stayed got %v", err)
		}
	})
}

func TestOldSecretsAreDropped(t *testing.T) {
	withCache(t, func(t *testing.T, c *cache, _ *backend) {
		mustGet(t, c, 1, false)
		<-time.After(testStale)
		if _, _, err := c.get(t.Context(), key{"acme", "other"}); err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.slots) != 1 {
			t.Errorf("%d secrets held, want 1", len(c.slots))
		}
	})
}

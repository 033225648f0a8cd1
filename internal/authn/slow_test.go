package authn_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"holdfast/internal/authn"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/testkit"
)

// lease is the shortest that an Authenticator takes.
const lease = 15 * time.Second

// behind puts a proxy before the provider.
func (s *stack) behind(t *testing.T) *testkit.Proxy {
	t.Helper()
	p := testkit.StartProxy(t, s.idp.Address)
	s.tokenURL = p.Address + "/token"
	return p
}

func anyRequest(*http.Request) bool { return true }

// leaseless is a worker whose leases are gone as soon as it has them, which it does not notice.
func leaseless(o *authn.Options) {
	real := o.Leases
	o.Leases = authn.LeasesFrom(func(ctx context.Context, key string, ttl time.Duration) (authn.Lease, error) {
		l, err := real.Acquire(ctx, key, ttl)
		if err != nil {
			return nil, err
		}
		return gone{}, l.Release(ctx)
	})
}

type gone struct{}

func (gone) Renew(context.Context, time.Duration) error { return nil }
func (gone) Release(context.Context) error              { return nil }

// within gives a worker's token requests another timeout.
func (s *stack) within(d time.Duration) func(*authn.Options) {
	return func(o *authn.Options) {
		o.OAuth = oauth.New(oauth.Options{Clock: s.clock, Timeout: d, Transport: &http.Transport{DisableKeepAlives: true}})
	}
}

// TestO5_AProviderSlowerThanTheLeaseIsAskedOnce: the lease is renewed while its holder waits, so that nobody
// else sends the token.
func TestO5_AProviderSlowerThanTheLeaseIsAskedOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	hold := s.behind(t).HoldAnswer(anyRequest)
	e := s.authorize(t, "crm")
	results := make(chan error, 8)
	for range cap(results) {
		w := s.worker(t, s.within(time.Minute))
		go func() { _, err := w.auth(t.Context(), e); results <- err }()
	}
	hold.Reached(t, 10*time.Second)
	began := time.Now()
	testkit.Eventually(t, 2*lease, "the lease's time to be over", func() bool { return time.Since(began) > lease+2*time.Second })
	hold.Release()
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if n := s.refreshes(t); n != 1 {
		t.Errorf("%d refresh requests", n)
	}
}

// TestC12_AnAnswerThatNeverComesIsARefreshTokenLost: a second request beside the first could cost the family.
func TestC12_AnAnswerThatNeverComesIsARefreshTokenLost(t *testing.T) {
	s := newStack(t)
	front := s.behind(t)
	hold := front.HoldAnswer(anyRequest)
	e := s.authorize(t, "crm")
	w, other := s.worker(t, s.within(time.Second)), s.worker(t)
	for range 3 {
		if _, err := w.auth(t.Context(), e); reason(err) != fault.RefreshTokenLost {
			t.Fatalf("got %v", err)
		}
		if _, err := other.auth(t.Context(), e); reason(err) != fault.RefreshTokenLost {
			t.Fatalf("got %v", err)
		}
	}
	hold.Drop()
	if n := s.refreshes(t); n != 1 {
		t.Errorf("%d refresh requests", n)
	}
	s.authorize(t, "crm")
	if _, err := other.auth(t.Context(), e); err != nil {
		t.Fatalf("authorized again: %v", err)
	}
}

// TestO5_NobodyTouchesATokenWhoseRequestIsOut: its sender has lost the lease, and lives.
func TestO5_NobodyTouchesATokenWhoseRequestIsOut(t *testing.T) {
	s := newStack(t)
	hold := s.behind(t).HoldAnswer(anyRequest)
	e := s.authorize(t, "crm")
	w, other := s.worker(t, s.within(time.Minute), leaseless), s.worker(t)
	done := make(chan error, 1)
	go func() { _, err := w.auth(t.Context(), e); done <- err }()
	hold.Reached(t, 10*time.Second)
	if _, err := other.auth(t.Context(), e); reason(err) != fault.LeaseHeld {
		t.Errorf("got %v", err)
	}
	hold.Release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := other.auth(t.Context(), e); err != nil || s.refreshes(t) != 1 {
		t.Fatalf("got %v", err)
	}
}

// TestC14_WhoAsksGetsAnotherTry: the account was unlocked at the provider, and nothing changed in Vault.
func TestC14_WhoAsksGetsAnotherTry(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w := s.worker(t)
	s.idp.Faults(t, map[string]testkit.IDPFault{"token": {Mode: "error", Error: "access_denied"}})
	if _, err := w.auth(t.Context(), e); reason(err) != fault.AccessDenied {
		t.Fatalf("got %v", err)
	}
	s.idp.NoFaults(t)
	config, err := w.vault.Config(t.Context(), e.Tenant, e.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	before := s.clock.Now().Add(-time.Second)
	if _, err := w.Authenticate(t.Context(), e, config, before); reason(err) != fault.AccessDenied {
		t.Errorf("who asked before the refusal has had it: %v", err)
	}
	if _, err := w.Authenticate(t.Context(), e, config, s.clock.Now()); err != nil {
		t.Error(err)
	}
}

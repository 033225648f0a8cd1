package authn_test

import (
	"context"
	"testing"

	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// mints makes a connection whose tokens are minted.
func (s *stack) mints(t *testing.T, id string) *connection.Entry {
	t.Helper()
	s.put(t, id, map[string]any{"client_secret": canarySecret})
	return s.entry(credential.ClientCredentials, id)
}

// minted is how many tokens the provider was asked for.
func (s *stack) minted(t *testing.T) int {
	t.Helper()
	return s.idp.Calls(t).Grants["client_credentials"]
}

// use gets a token.
func (w *worker) use(ctx context.Context, t *testing.T, e *connection.Entry) credential.Credential {
	t.Helper()
	c, err := w.auth(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refused drops a token that a target refused, and readies another try.
func (w *worker) refused(t *testing.T, e *connection.Entry, c credential.Credential) (ctx context.Context, release func()) {
	t.Helper()
	if !w.Reject(e, c) {
		t.Fatal("a refused token is not worth another try")
	}
	ctx, release, err := w.Alone(t.Context(), e, c)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, release
}

func (w *worker) wantPassed(ctx context.Context, t *testing.T, e *connection.Entry, c credential.Credential, want bool) {
	t.Helper()
	if passed, err := w.Passed(ctx, e, c); err != nil || passed != want {
		t.Errorf("passed: %t, %v, want %t", passed, err, want)
	}
}

// A target that refuses every token does not have the provider asked for ever, whoever else uses the token.
func TestC12_RejectEnds(t *testing.T) {
	s := newStack(t)
	w := s.worker(t)
	e := s.mints(t, "crm")
	w.use(t.Context(), t, e) // another action uses it too
	ctx, release := w.refused(t, e, w.use(t.Context(), t, e))
	defer release()
	w.wantPassed(ctx, t, e, w.use(ctx, t, e), false)
	if n := s.minted(t); n != 2 {
		t.Errorf("%d tokens", n)
	}
}

// While one worker finds out about the credentials, no other gets a token, which could end the one that is tried.
func TestC12_NobodyElseMintsWhileATokenIsTriedOnceMore(t *testing.T) {
	s := newStack(t)
	e := s.mints(t, "crm")
	w, other, late := s.worker(t), s.worker(t), s.worker(t)
	first, others := w.use(t.Context(), t, e), other.use(t.Context(), t, e)
	ctx, release := w.refused(t, e, first)
	second := w.use(ctx, t, e)
	if second.Value == first.Value {
		t.Error("the same token again")
	}
	other.Reject(e, others)
	if _, _, err := other.Alone(t.Context(), e, others); reason(err) != fault.LeaseHeld {
		t.Errorf("two try at the same time: %v", err)
	}
	if _, err := other.auth(t.Context(), e); reason(err) != fault.LeaseHeld {
		t.Errorf("a token meanwhile: %v", err)
	}
	started := make(chan error, 1)
	go func() { _, err := late.auth(t.Context(), e); started <- err }() // it has no token yet, and waits
	w.wantPassed(ctx, t, e, second, false)
	if n := s.minted(t); n != 3 {
		t.Errorf("%d tokens, want one for each worker and the one that is tried", n)
	}
	release()
	if err := <-started; err != nil {
		t.Errorf("nobody is at it any more: %v", err)
	}
}

// What was refused while others could get tokens says nothing.
func TestC12_ARefusalCountsOnlyWhereNobodyElseCanHaveMinted(t *testing.T) {
	s := newStack(t)
	e := s.mints(t, "crm")
	w := s.worker(t)
	first := w.use(t.Context(), t, e)
	ctx, release := w.refused(t, e, first)
	second := w.use(ctx, t, e)
	release()
	w.wantPassed(ctx, t, e, second, true) // the lease is gone
	third := w.use(t.Context(), t, e)
	ctx, release = w.refused(t, e, second) // third has come since
	defer release()
	if c := w.use(ctx, t, e); c.Value != third.Value {
		t.Error("a token was minted although there was a new one")
	}
	w.wantPassed(ctx, t, e, third, true)
}

package authn_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"holdfast/internal/authn"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// stampede lets callers authenticate at once, spread over workers and entries.
func stampede(t *testing.T, workers []*worker, entries []*connection.Entry, callers int) {
	t.Helper()
	var wg sync.WaitGroup
	failed := make(chan error, callers)
	for i := range callers {
		wg.Go(func() {
			if _, err := workers[i%len(workers)].auth(t.Context(), entries[i%len(entries)]); err != nil {
				failed <- err
			}
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
}

func TestO5_OneRefreshForManyCallers(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	var workers []*worker
	for range 16 {
		workers = append(workers, s.worker(t))
	}
	for round := 1; round <= 3; round++ {
		stampede(t, workers, []*connection.Entry{e}, 64)
		if n := s.refreshes(t); n != round {
			t.Fatalf("round %d: %d refresh requests", round, n)
		}
		s.clock.advance(59*time.Minute + 58*time.Second) // past renewal and use
	}
}

func TestO5_OneRefreshForEachOfManyConnections(t *testing.T) {
	s := newStack(t)
	var entries []*connection.Entry
	for i := range 200 {
		entries = append(entries, s.authorize(t, fmt.Sprintf("c%d", i)))
	}
	var workers []*worker
	for range 8 {
		workers = append(workers, s.worker(t))
	}
	stampede(t, workers, entries, 1600)
	if n := s.refreshes(t); n != 200 {
		t.Fatalf("%d refresh requests", n)
	}
}

func TestO5_ATokenIsKeptWhileVaultIsSealed(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w, other := s.worker(t), s.worker(t)
	s.onTokenWrite(1, 0, sealed) // the mark passes, the new token does not
	if _, err := w.auth(t.Context(), e); err != nil {
		t.Fatalf("the new token does not work: %v", err)
	}
	if _, err := w.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	s.front.Pass()
	if _, err := other.auth(t.Context(), e); err != nil {
		t.Fatalf("another worker: %v", err)
	}
	if n := s.refreshes(t); n != 1 {
		t.Fatalf("%d refresh requests", n)
	}
}

func TestO4_NothingIsSpentWhileVaultIsSealed(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w := s.worker(t)
	s.onTokenWrite(0, 0, sealed)
	if _, err := w.auth(t.Context(), e); reason(err) != fault.VaultSealed {
		t.Fatalf("got %v", err)
	}
	s.front.Pass()
	if _, err := w.auth(t.Context(), e); err != nil || s.refreshes(t) != 1 {
		t.Fatalf("got %v", err)
	}
}

// TestC12_ALostAnswerIsReportedOnce: the provider rotated, nobody heard the new token.
func TestC12_ALostAnswerIsReportedOnce(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w, other := s.worker(t), s.worker(t)
	s.loseAnswers(t, 1)
	if _, err := w.auth(t.Context(), e); reason(err) != fault.RefreshTokenLost {
		t.Fatalf("got %v", err)
	}
	for range 8 {
		if _, err := other.auth(t.Context(), e); reason(err) != fault.RefreshTokenLost {
			t.Fatalf("got %v", err)
		}
	}
	if n := s.idp.Calls(t).Grants["refresh_token"]; n != 2 {
		t.Errorf("%d refresh requests", n)
	}
	s.authorize(t, "crm") // W6: in place
	if _, err := other.auth(t.Context(), e); err != nil {
		t.Fatalf("authorized again: %v", err)
	}
}

// TestO4_AResetSpendsNothing: the provider never saw the request, so the second try works.
func TestO4_AResetSpendsNothing(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	s.idp.Faults(t, map[string]testkit.IDPFault{"token": {Mode: "reset", Count: pick(1)}})
	if _, err := s.worker(t).auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if n := s.refreshes(t); n != 2 {
		t.Errorf("%d refresh requests", n)
	}
}

// TestO4_TransientAnswersSuspendNothing: the family is alive afterwards.
func TestO4_TransientAnswersSuspendNothing(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w := s.worker(t)
	for mode, f := range map[string]testkit.IDPFault{
		"503": {Mode: "status", Status: 503}, "429": {Mode: "status", Status: 429}, "500": {Mode: "invalid_grant_500"},
		"404": {Mode: "status", Status: 404}, "page": {Mode: "html200"}, "empty": {Mode: "empty200"},
	} {
		s.idp.Faults(t, map[string]testkit.IDPFault{"token": f})
		if _, err := w.auth(t.Context(), e); err == nil || !fault.From(err).Class().Retries() {
			t.Errorf("%s: got %v", mode, err)
		}
	}
	s.idp.NoFaults(t)
	if _, err := w.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func TestC12_ARevokedFamilyIsRefusedOnce(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	s.idp.Revoke(t, "app", "ann")
	workers := []*worker{s.worker(t), s.worker(t), s.worker(t), s.worker(t)}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			if _, err := workers[i%4].auth(t.Context(), e); reason(err) != fault.InvalidGrant {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if n := s.idp.Calls(t).Grants["refresh_token"]; n != 1 {
		t.Errorf("%d refresh requests", n)
	}
	s.clock.advance(2 * time.Minute) // the account may have been unlocked
	if _, err := workers[0].auth(t.Context(), e); reason(err) != fault.InvalidGrant || s.idp.Calls(t).Grants["refresh_token"] != 2 {
		t.Errorf("not asked again: %v", err)
	}
}

// TestO5_ACrashBeforeTheStore cuts the worker off from Vault between the provider's answer and the write.
func TestO5_ACrashBeforeTheStore(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	dying := s.worker(t)
	s.onTokenWrite(1, 0, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := dying.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := dying.Close(ended); err == nil {
		t.Fatal("the store is not cut off")
	}
	s.front.Pass()
	s.clock.advance(time.Minute) // whatever the dead worker sent has ended
	if _, err := s.worker(t).auth(t.Context(), e); reason(err) != fault.RefreshTokenLost {
		t.Fatalf("got %v", err)
	}
}

// TestO5_AnUnansweredStoreIsFound: Vault wrote, its answer was lost.
func TestO5_AnUnansweredStoreIsFound(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w := s.worker(t)
	s.onTokenWrite(1, 1, func(_ http.ResponseWriter, r *http.Request) {
		forward(t, s.vault.Address, r)
		panic(http.ErrAbortHandler)
	})
	if _, err := w.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := w.Close(ctx); err != nil { // ends only when the write is settled
		t.Fatal(err)
	}
	s.front.Pass()
	if _, err := s.worker(t).auth(t.Context(), e); err != nil || s.refreshes(t) != 1 {
		t.Fatalf("got %v", err)
	}
}

func forward(t *testing.T, address string, r *http.Request) {
	req, err := http.NewRequestWithContext(t.Context(), r.Method, address+r.URL.Path, r.Body)
	if err != nil {
		t.Error(err)
		return
	}
	req.Header = r.Header.Clone()
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	_ = resp.Body.Close()
}

// TestO3_ANewClientSecretKeepsTheFamily: config is written again with the refresh token that was spent long ago.
func TestO3_ANewClientSecretKeepsTheFamily(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w := s.worker(t)
	if _, err := w.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	config, err := w.vault.Config(t.Context(), e.Tenant, e.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	origin, _ := config.Get("refresh_token")
	s.idp.Client(t, "app", testkit.IDPClient{Secret: "canary-second"})
	version := s.put(t, "crm", map[string]any{"client_secret": "canary-second", "refresh_token": origin.Reveal()})
	c, err := w.auth(t.Context(), e)
	if err != nil || c.SecretVersion != version {
		t.Fatalf("version %d: %v", c.SecretVersion, err)
	}
	if n := s.refreshes(t); n != 2 {
		t.Errorf("%d refresh requests: the new client secret was not tried", n)
	}
}

// TestC14_NewSettingsAreTried: a token of the old generation proves nothing about the new one.
func TestC14_NewSettingsAreTried(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w := s.worker(t)
	if _, err := w.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	changed := *e
	changed.Generation++
	changed.Auth.ClientID = "nobody"
	if _, err := w.auth(t.Context(), &changed); reason(err) != fault.InvalidClient {
		t.Fatalf("got %v", err)
	}
	changed.Generation++
	changed.Auth.ClientID = "app"
	if _, err := w.auth(t.Context(), &changed); err != nil {
		t.Fatal(err)
	}
}

func TestO5_ACallerThatGivesUpCutsNothingOff(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w := s.worker(t)
	s.idp.Faults(t, map[string]testkit.IDPFault{"token": testkit.Slow(500 * time.Millisecond)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := w.auth(ctx, e); done <- err }()
	testkit.Eventually(t, 5*time.Second, "the request is under way", func() bool { return s.refreshes(t) == 1 })
	cancel()
	if err := <-done; err == nil {
		t.Fatal("no error")
	}
	s.idp.NoFaults(t)
	if _, err := w.auth(t.Context(), e); err != nil || s.refreshes(t) != 1 {
		t.Fatalf("got %v", err)
	}
}

func TestARejectedTokenIsReplacedForAll(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w, other := s.worker(t), s.worker(t)
	first, err := w.auth(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if w.Reject(e, first) {
		t.Error("a token that was made for this request is worth no other try")
	}
	if !other.Reject(e, first) {
		t.Error("a token that another worker got is worth another try")
	}
	second, err := w.auth(t.Context(), e)
	if err != nil || second.Value == first.Value {
		t.Fatalf("the same token again, %v", err)
	}
	third, err := other.auth(t.Context(), e)
	if err != nil || third.Value != second.Value || s.refreshes(t) != 2 {
		t.Fatalf("not adopted, %v", err)
	}
}

// A token that was made for the very request that it was refused for says nothing where another worker has replaced
// it since, and nothing may be said where that can not be told.
func TestO4_ATokenThatWasReplacedMeanwhileHasPassed(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w, other := s.worker(t), s.worker(t)
	first, err := w.auth(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	passed := func(c credential.Credential) bool {
		t.Helper()
		is, err := w.Passed(t.Context(), e, c)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if passed(first) {
		t.Error("the token that all have has passed")
	}
	if _, err := other.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	other.Reject(e, first)
	second, err := other.auth(t.Context(), e)
	if err != nil || second.Value == first.Value {
		t.Fatalf("the same token again, %v", err)
	}
	if w.Reject(e, first) || !passed(first) {
		t.Error("a token that another worker has replaced has not passed")
	}
	if third, err := w.auth(t.Context(), e); err != nil || third.Value != second.Value || passed(third) {
		t.Errorf("the new token is not taken, or has passed: %v", err)
	}
	s.vault.Seal(t)
	if _, err := w.Passed(t.Context(), e, second); !fault.From(err).Class().Retries() {
		t.Errorf("Vault is sealed, and that is no reason to wait: %v", err)
	}
}

func TestRenewedAheadOfTime(t *testing.T) {
	for _, method := range []credential.Method{credential.ClientCredentials, credential.RefreshToken} {
		t.Run(string(method), func(t *testing.T) {
			s := newStack(t)
			e := s.authorize(t, "crm")
			e.Auth.Method = string(method)
			w := s.worker(t, func(o *authn.Options) { o.RenewAhead = time.Minute })
			first, err := w.auth(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			s.clock.advance(59*time.Minute + 30*time.Second)
			s.idp.Faults(t, map[string]testkit.IDPFault{"token": {Mode: "status", Status: 503}})
			if c, err := w.auth(t.Context(), e); err != nil || c.Value != first.Value {
				t.Fatalf("the old token still works, got %v", err)
			}
			s.idp.NoFaults(t)
			s.clock.advance(6 * time.Second)
			if c, err := w.auth(t.Context(), e); err != nil || c.Value == first.Value {
				t.Fatalf("not renewed, %v", err)
			}
		})
	}
}

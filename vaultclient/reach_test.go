package vaultclient

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"holdfast/internal/fault"
)

func TestO4_TheBreakerOpensForAnAbsentVaultAndClosesSoon(t *testing.T) {
	r := newRig(t)
	r.vault.Put(t, confPath, map[string]any{"password": "p"})
	r.vault.Kill()
	eventually(t, "the breaker opens", func() bool {
		_, err := r.client.Config(t.Context(), "acme", "crm", true)
		return fault.From(err).Reason == fault.VaultUnavailable && fault.From(err).RetryAfter == breakerPause
	})
	r.proxy.Reset()
	for range 50 {
		_, err := r.client.Config(t.Context(), "acme", "crm", true)
		wantReason(t, err, fault.VaultUnavailable)
	}
	if n := len(r.proxy.Calls()); n > 3 {
		t.Errorf("%d of 50 reads went out with the breaker open", n)
	}
	r.vault.Restart(t)
	back := time.Now()
	eventually(t, "reads work again", func() bool {
		_, err := r.client.Config(t.Context(), "acme", "crm", true)
		return err == nil
	})
	if took := time.Since(back); took > 4*breakerPause {
		t.Errorf("it took %s to notice that Vault is back", took)
	}
}

func TestO4_TheBreakerNeverTurnsSealedIntoUnreachable(t *testing.T) {
	r := newRig(t)
	r.vault.Seal(t)
	for range 4 * breakerTrips {
		_, err := r.client.Config(t.Context(), "acme", "crm", true)
		wantReason(t, err, fault.VaultSealed)
	}
}

func TestO4_CallersWhoGiveUpDoNotOpenTheBreaker(t *testing.T) {
	r := newRig(t)
	r.proxy.Intercept(nil, func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	for range 3 * breakerTrips {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := r.client.Token(ctx, "acme", "crm")
		cancel()
		wantReason(t, err, fault.VaultUnavailable)
	}
	r.proxy.Pass()
	if _, err := r.client.Token(t.Context(), "acme", "crm"); err != nil {
		t.Fatal(err)
	}
}

func TestAtMostMaxInFlightRequestsAreUnderWay(t *testing.T) {
	const limit = 4
	r := newRig(t, func(c *Config) { c.MaxInFlight = limit })
	var entered sync.WaitGroup
	entered.Add(limit)
	release := make(chan struct{})
	var once sync.Map
	r.proxy.Intercept(nil, func(w http.ResponseWriter, req *http.Request) {
		if _, again := once.LoadOrStore(req.URL.Path, true); !again {
			entered.Done()
		}
		<-release
		answers(404, nothing)(w, req)
	})
	r.proxy.Reset()
	var wg sync.WaitGroup
	for _, connection := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		wg.Go(func() {
			_, err := r.client.Config(t.Context(), "acme", connection, false)
			wantReason(t, err, fault.SecretMissing)
		})
		if connection == "d" {
			entered.Wait() // the first four are at the proxy: the others have to wait
			entered.Add(8)
		}
	}
	close(release)
	wg.Wait()
	if n := r.proxy.MostInFlight(); n != limit {
		t.Errorf("%d requests at once, want %d", n, limit)
	}
}

func TestReadyNamesWhatIsWrong(t *testing.T) {
	r := newRig(t)
	c := r.newClient(t)
	wantReason(t, c.Ready(t.Context()), fault.VaultLogin)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.vault.Seal(t)
	wantReason(t, c.Ready(t.Context()), fault.VaultSealed)
	r.vault.Kill()
	wantReason(t, c.Ready(t.Context()), fault.VaultUnavailable)
}

func TestANamespaceIsSentWithAllButSysHealth(t *testing.T) {
	r := newRig(t)
	c := r.start(t, asRootWith(r.vault.RootToken), func(c *Config) { c.Namespace = "team-a" })
	var mu sync.Mutex
	got := map[string]string{}
	r.proxy.Intercept(nil, func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[req.URL.Path] = req.Header.Get("X-Vault-Namespace")
		answers(404, nothing)(w, req)
	})
	_, _ = c.Config(t.Context(), "acme", "crm", true)
	_ = c.Ready(t.Context())
	mu.Lock()
	defer mu.Unlock()
	if got["/v1/secret/data/"+confPath] != "team-a" || got["/v1/sys/health"] != "" {
		t.Errorf("namespaces by path: %v", got)
	}
}

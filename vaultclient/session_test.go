package vaultclient

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

const loginPath = "/v1/auth/approle/login"

func TestO4_ARevokedTokenIsReplacedByOneLoginForAll(t *testing.T) {
	r := newRig(t, func(c *Config) { c.CacheTTL = 0 })
	r.vault.Put(t, confPath, map[string]any{"password": "p"})
	r.vault.RevokeLogins(t, "approle")
	r.proxy.Reset()
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if _, err := r.client.Token(t.Context(), "acme", "crm"); err != nil {
				t.Errorf("after a revoked token: %v", err)
			}
		})
	}
	wg.Wait()
	if n := r.proxy.Count(loginPath); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func TestO4_AMissingPolicyCostsNoLogin(t *testing.T) {
	r := newRig(t)
	r.vault.Policy(t, "worker", `path "auth/token/lookup-self" { capabilities = ["read"] }`)
	r.proxy.Reset()
	for range 3 {
		_, err := r.client.Config(t.Context(), "acme", "crm", true)
		wantReason(t, err, fault.VaultForbidden)
	}
	if n := r.proxy.Count(loginPath); n != 0 {
		t.Errorf("%d logins for a policy that is missing", n)
	}
}

func TestStartSaysThatThePolicyLacksLookupSelf(t *testing.T) {
	r := newRig(t)
	r.vault.Policy(t, "blind", `path "secret/*" { capabilities = ["read"] }`)
	role, id := r.vault.AppRole(t, "blind", []string{"blind"})
	c := r.newClient(t, func(c *Config) {
		c.Auth = AuthConfig{Method: MethodAppRole, RoleID: role, SecretID: secret.New(id)}
	})
	err := c.Start(t.Context())
	wantReason(t, err, fault.VaultForbidden)
	if !strings.Contains(err.Error(), "lookup-self") || fault.From(err).Hint == "" {
		t.Errorf("%v, hint %q", err, fault.From(err).Hint)
	}
}

func TestO4_TheTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	r := newRig(t)
	role, id := r.vault.AppRole(t, "short", []string{"worker"}, map[string]any{"token_ttl": "3s", "token_max_ttl": "1h"})
	c := r.start(t, func(c *Config) {
		c.Auth = AuthConfig{Method: MethodAppRole, RoleID: role, SecretID: secret.New(id)}
	})
	eventually(t, "two renewals", func() bool { return r.seen.count("renew_self/ok") >= 2 })
	if n := r.seen.count("login/ok"); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	if _, err := c.Token(t.Context(), "acme", "crm"); err != nil {
		t.Error(err)
	}
}

func TestO4_NearItsMaximumLifeTheTokenIsReplaced(t *testing.T) {
	r := newRig(t)
	role, id := r.vault.AppRole(t, "capped", []string{"worker"}, map[string]any{"token_ttl": "3s", "token_max_ttl": "4s"})
	c := r.start(t, func(c *Config) {
		c.Auth = AuthConfig{Method: MethodAppRole, RoleID: role, SecretID: secret.New(id)}
	})
	eventually(t, "a second login", func() bool { return r.seen.count("login/ok") >= 2 })
	if n := r.seen.count("renew_self/ok"); n < 1 || n > 3 {
		t.Errorf("%d renewals before the login, want 1 to 3", n)
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestO4_ASealedVaultIsNotHammered: the library's own watcher renews thousands of times a second there.
func TestO4_ASealedVaultIsNotHammered(t *testing.T) {
	r := newRig(t)
	role, id := r.vault.AppRole(t, "short", []string{"worker"}, map[string]any{"token_ttl": "2s"})
	c := r.start(t, func(c *Config) {
		c.Auth = AuthConfig{Method: MethodAppRole, RoleID: role, SecretID: secret.New(id)}
	})
	r.vault.Seal(t)
	wantReason(t, c.Ready(t.Context()), fault.VaultSealed)
	r.proxy.Reset()
	eventually(t, "a renewal is refused", func() bool { return r.seen.count("renew_self/vault_sealed") >= 1 })
	eventually(t, "the token ends", func() bool { return c.session.valid() != nil })
	if n := len(r.proxy.Calls()); n > 12 {
		t.Errorf("%d requests to a sealed Vault", n)
	}
	r.vault.Unseal(t)
	eventually(t, "ready again by itself", func() bool { return c.Ready(t.Context()) == nil })
}

func TestARefusedLoginIsNotTriedAtOnceAgain(t *testing.T) {
	r := newRig(t)
	r.vault.RevokeLogins(t, "approle")
	r.vault.Do(t, http.MethodDelete, "auth/approle/role/worker", nil, nil)
	r.proxy.Reset()
	for range 20 {
		_, err := r.client.Token(t.Context(), "acme", "crm")
		wantReason(t, err, fault.VaultLogin)
	}
	if n := len(r.proxy.Calls()); r.proxy.Count(loginPath) > 2 || n > 6 {
		t.Errorf("%d requests with credentials that were refused: %v", n, r.proxy.Calls())
	}
	wantReason(t, r.client.Ready(t.Context()), fault.VaultLogin)
}

func TestTheTokenFileIsReadAgainWhenItsTokenEnds(t *testing.T) {
	r := newRig(t)
	file := filepath.Join(t.TempDir(), "sink")
	issue := func() string {
		token := r.vault.Token(t, []string{"worker"})
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return token
	}
	old := issue()
	c := r.start(t, func(c *Config) { c.Auth = AuthConfig{Method: MethodTokenFile, TokenFile: file} })
	r.vault.Revoke(t, old)
	issue()
	if _, err := c.Token(t.Context(), "acme", "crm"); err != nil {
		t.Fatal(err)
	}
}

func TestLoginFilesThatAreMissingOrEmpty(t *testing.T) {
	r := newRig(t)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, filepath.Join(t.TempDir(), "missing")} {
		for _, auth := range []AuthConfig{
			{Method: MethodTokenFile, TokenFile: path},
			{Method: MethodAppRole, RoleID: "r", SecretIDFile: path},
			{Method: MethodJWT, Role: "r", JWTFile: path},
		} {
			err := r.newClient(t, func(c *Config) { c.Auth = auth }).Start(t.Context())
			wantReason(t, err, fault.VaultLogin)
			if fault.From(err).Field == "" {
				t.Errorf("%s: no field named", auth.Method)
			}
		}
	}
}

func TestAFailedStartMayBeRepeated(t *testing.T) {
	r := newRig(t)
	c := r.newClient(t)
	r.vault.Seal(t)
	wantReason(t, c.Start(t.Context()), fault.VaultSealed)
	r.vault.Unseal(t)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	_, err := c.Config(t.Context(), "acme", "crm", true)
	wantReason(t, err, fault.VaultUnavailable)
}

func TestCloseDoesNotWaitForAVaultThatHangs(t *testing.T) {
	r := newRig(t)
	hangs := make(chan struct{}, 10)
	r.proxy.Intercept(nil, func(_ http.ResponseWriter, req *http.Request) {
		hangs <- struct{}{}
		<-req.Context().Done()
	})
	done := make(chan error, 1)
	go func() {
		_, err := r.client.Config(t.Context(), "acme", "crm", true)
		done <- err
	}()
	<-hangs
	start := time.Now()
	r.client.Close()
	wantReason(t, <-done, fault.VaultUnavailable)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("closing took %s", took)
	}
}

package authn_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

// secrets are the fields of a config secret with a list of client secrets, and a refresh token of ann's.
func (s *stack) secrets(t *testing.T, list string) map[string]any {
	t.Helper()
	return map[string]any{"client_secrets": list, "refresh_token": s.idp.Grant(t, "app", "ann").RefreshToken}
}

// TestO3_AClientSecretIsRotatedWithoutARefusal: the provider forgets the old one while both are listed.
func TestO3_AClientSecretIsRotatedWithoutARefusal(t *testing.T) {
	for _, method := range []credential.Method{credential.ClientCredentials, credential.RefreshToken} {
		t.Run(string(method), func(t *testing.T) {
			s := newStack(t)
			s.put(t, "crm", s.secrets(t, fmt.Sprintf(`[%q, {"value":"canary-next"}]`, canarySecret)))
			e, w := s.entry(method, "crm"), s.worker(t)
			asked := func() int { return s.idp.Calls(t).Endpoints["token"] }
			renewed := func(want int) {
				t.Helper()
				before := asked()
				s.clock.advance(time.Hour)
				if _, err := w.auth(t.Context(), e); err != nil || asked()-before != want {
					t.Fatalf("%d token requests, want %d: %v", asked()-before, want, err)
				}
			}
			renewed(1)
			s.idp.Client(t, "app", testkit.IDPClient{Secret: "canary-next", AccessTokenTTL: "1h"})
			renewed(2)
			renewed(1) // the one that works is remembered
			if c, err := w.auth(t.Context(), e); err != nil || !slices.Contains(c.Secrets, secret.New("canary-next")) {
				t.Errorf("a listed secret is not masked where it comes back: %v", err)
			}
			if n := s.idp.Calls(t).RefreshReused; n != 0 {
				t.Errorf("%d refresh tokens were used twice", n)
			}
		})
	}
}

func TestO3_TheNumberOfClientSecretsTriedIsBounded(t *testing.T) {
	s := newStack(t)
	s.put(t, "crm", map[string]any{"client_secret": "canary-0", "client_secrets": `["canary-1","canary-2","canary-1","canary-0"]`})
	if _, err := s.worker(t).auth(t.Context(), s.entry(credential.ClientCredentials, "crm")); reason(err) != fault.InvalidClient {
		t.Fatalf("got %v", err)
	}
	if n := s.idp.Calls(t).Endpoints["token"]; n != 3 {
		t.Errorf("%d token requests", n)
	}
	s.put(t, "crm", map[string]any{"client_secret": "canary-0", "client_secrets": `["canary-1","canary-2","canary-3"]`})
	_, err := s.worker(t).auth(t.Context(), s.entry(credential.ClientCredentials, "crm"))
	if reason(err) != fault.SecretMalformed || fault.From(err).Field != "/client_secrets" {
		t.Errorf("four: got %v", err)
	}
	noCanary(t, err)
	if n := s.idp.Calls(t).Endpoints["token"]; n != 3 {
		t.Errorf("%d token requests: the provider is asked with four", n)
	}
}

// TestO3_ClientSecretsMayBeAListOfTheirOwn: Vault keeps JSON, so the list need not be text.
func TestO3_ClientSecretsMayBeAListOfTheirOwn(t *testing.T) {
	s := newStack(t)
	s.put(t, "crm", map[string]any{"client_secrets": []any{"canary-<old>&", map[string]any{"value": canarySecret, "expires_at": "2999-01-01T00:00:00Z"}}})
	c, err := s.worker(t).auth(t.Context(), s.entry(credential.ClientCredentials, "crm"))
	if err != nil {
		t.Fatal(err)
	}
	if n := s.idp.Calls(t).Endpoints["token"]; n != 2 || !slices.Contains(c.Secrets, secret.New("canary-<old>&")) {
		t.Errorf("%d token requests; all are masked: %t", n, slices.Contains(c.Secrets, secret.New("canary-<old>&")))
	}
}

func TestO3_AClientSecretPastItsEndIsNotTried(t *testing.T) {
	s := newStack(t)
	s.put(t, "crm", map[string]any{"client_secrets": fmt.Sprintf(
		`[{"value":"canary-old","expires_at":"2020-01-01T00:00:00Z"},{"value":%q,"expires_at":"2999-01-01T00:00:00Z"}]`, canarySecret)})
	if _, err := s.worker(t).auth(t.Context(), s.entry(credential.ClientCredentials, "crm")); err != nil {
		t.Fatal(err)
	}
	if n := s.idp.Calls(t).Endpoints["token"]; n != 1 {
		t.Errorf("%d token requests", n)
	}
}

func TestC1_AMalformedListOfClientSecretsIsNamed(t *testing.T) {
	s := newStack(t)
	w := s.worker(t)
	for name, list := range map[string]string{
		"no JSON": "canary-a,canary-b", "no value": `[{"secret":"canary"}]`, "a number": `[7]`, "nothing in it": `["canary",""]`,
	} {
		s.put(t, "crm", map[string]any{"client_secrets": list})
		_, err := w.auth(t.Context(), s.entry(credential.ClientCredentials, "crm"))
		if reason(err) != fault.SecretMalformed || fault.From(err).Field != "/client_secrets" {
			t.Errorf("%s: got %v", name, err)
		}
		noCanary(t, err)
	}
	s.put(t, "crm", map[string]any{"client_secrets": "[]"})
	if _, err := w.auth(t.Context(), s.entry(credential.ClientCredentials, "crm")); reason(err) != fault.SecretMalformed {
		t.Errorf("an empty list: got %v", err)
	}
}

package authn_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/authn"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
	"holdfast/vaultclient"
)

// noCanary looks at a value in every way that it may end up in a log.
func noCanary(t *testing.T, v any) {
	t.Helper()
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(asJSON), fmt.Sprintf("%v %+v %#v %s %q", v, v, v, v, v)} {
		if strings.Contains(text, "canary") {
			t.Errorf("leaks: %s", text)
		}
	}
}

func TestC5_MethodsAndTheirFields(t *testing.T) {
	s := newStack(t)
	w := s.worker(t)
	for name, c := range map[string]struct {
		method credential.Method
		secret map[string]any
		change func(*connection.Entry)
		want   fault.Reason
		field  string
		header string
		value  string
	}{
		"none":               {method: credential.None, secret: map[string]any{"x": "canary"}},
		"basic":              {method: credential.Basic, secret: map[string]any{"username": "ann", "password": "canary"}, header: "Authorization", value: "Basic YW5uOmNhbmFyeQ=="},
		"basic, no user":     {method: credential.Basic, secret: map[string]any{"password": "canary"}, want: fault.SecretMalformed, field: "/username"},
		"basic, no password": {method: credential.Basic, secret: map[string]any{"username": "canary"}, want: fault.SecretMalformed, field: "/password"},
		"basic, colon":       {method: credential.Basic, secret: map[string]any{"username": "canary:x", "password": "p"}, want: fault.SecretMalformed, field: "/username"},
		"basic, line break":  {method: credential.Basic, secret: map[string]any{"username": "u", "password": "canary\n"}, want: fault.SecretMalformed, field: "/password"},
		"api key":            {method: credential.APIKey, secret: map[string]any{"api_key": "canary"}, header: "X-Api-Key", value: "canary"},
		"api key, header":    {method: credential.APIKey, secret: map[string]any{"api_key": "canary"}, change: func(e *connection.Entry) { e.Auth.Header = "X-Token" }, header: "X-Token", value: "canary"},
		"api key, host":      {method: credential.APIKey, secret: map[string]any{"api_key": "canary"}, change: func(e *connection.Entry) { e.Auth.Header = "host" }, want: fault.SettingsInvalid, field: "/auth/header"},
		"api key, no header": {method: credential.APIKey, secret: map[string]any{"api_key": "canary"}, change: func(e *connection.Entry) { e.Auth.Header = "a b" }, want: fault.SettingsInvalid, field: "/auth/header"},
		"api key, missing":   {method: credential.APIKey, secret: map[string]any{"token": "canary"}, want: fault.SecretMalformed, field: "/api_key"},
		"bearer":             {method: credential.Bearer, secret: map[string]any{"token": "canary"}, header: "Authorization", value: "Bearer canary"},
		"bearer, line break": {method: credential.Bearer, secret: map[string]any{"token": "canary\n"}, want: fault.SecretMalformed, field: "/token"},
		"client credentials": {method: credential.ClientCredentials, secret: map[string]any{"client_secret": canarySecret}, header: "Authorization"},
		"id in the secret":   {method: credential.ClientCredentials, secret: map[string]any{"client_secret": canarySecret, "client_id": "app"}, change: func(e *connection.Entry) { e.Auth.ClientID = "other" }, header: "Authorization"},
		"no client secret":   {method: credential.ClientCredentials, secret: map[string]any{"x": "canary"}, want: fault.SecretMalformed, field: "/client_secret"},
		"no refresh token":   {method: credential.RefreshToken, secret: map[string]any{"client_secret": "canary"}, want: fault.SecretMalformed, field: "/refresh_token"},
		"no private key":     {method: credential.JWTBearer, secret: map[string]any{"x": "canary"}, want: fault.SecretMalformed, field: "/private_key"},
		"bad private key":    {method: credential.JWTBearer, secret: map[string]any{"private_key": "canary"}, want: fault.SecretMalformed, field: "/private_key"},
		"unknown":            {method: "canary-of-ours", secret: map[string]any{"x": "canary"}, want: fault.SettingsInvalid, field: "/auth/method"},
	} {
		t.Run(name, func(t *testing.T) {
			id := strings.NewReplacer(" ", "-", ",", "").Replace(name)
			version := s.put(t, id, c.secret)
			e := s.entry(c.method, id)
			if c.change != nil {
				c.change(e)
			}
			got, err := w.auth(t.Context(), e)
			if c.want != "" {
				if f := fault.From(err); err == nil || f.Reason != c.want || f.Field != c.field {
					t.Fatalf("got %v", err)
				}
				noCanary(t, fault.From(err))
				return
			}
			if err != nil || got.Header != c.header || got.SecretVersion != version {
				t.Fatalf("got %s v%d, %v", got.Header, got.SecretVersion, err)
			}
			if c.value != "" && got.Value.Reveal() != c.value {
				t.Error("another value")
			}
			noCanary(t, got)
			if isToken := c.method == credential.ClientCredentials; w.Reject(e, got) && !isToken {
				t.Error("Reject says that another try differs")
			}
		})
	}
}

// TestC2_FailuresTellNoSecret has the provider repeat everything that it was sent.
func TestC2_FailuresTellNoSecret(t *testing.T) {
	s := newStack(t)
	w := s.worker(t)
	s.put(t, "crm", map[string]any{"client_secret": canarySecret, "refresh_token": "canary-refresh"})
	for _, method := range []credential.Method{credential.ClientCredentials, credential.RefreshToken} {
		for _, style := range []string{"header", "params"} {
			for _, status := range []int{400, 401, 403, 429, 503} {
				s.idp.Faults(t, map[string]testkit.IDPFault{"token": {Mode: "echo", Status: status}})
				e := s.entry(method, "crm")
				e.Auth.AuthStyle, e.Generation = style, e.Generation+uint64(status)
				_, err := w.auth(t.Context(), e)
				if err == nil {
					t.Fatal("no error")
				}
				noCanary(t, err)
				noCanary(t, *fault.From(err))
				noCanary(t, err.Error())
			}
		}
	}
}

func TestC4_TokensAreReusedUntilSomethingChanges(t *testing.T) {
	s := newStack(t)
	w := s.worker(t)
	s.put(t, "crm", map[string]any{"client_secret": canarySecret})
	e := s.entry(credential.ClientCredentials, "crm")
	first, err := w.auth(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	stampede(t, []*worker{w}, []*connection.Entry{e}, 64)
	if n := s.idp.Calls(t).Endpoints["token"]; n != 1 {
		t.Fatalf("%d requests", n)
	}
	s.put(t, "crm", map[string]any{"client_secret": "canary-wrong"})
	if _, err := w.auth(t.Context(), e); reason(err) != fault.InvalidClient {
		t.Fatalf("the old token served a new secret: %v", err)
	}
	s.put(t, "crm", map[string]any{"client_secret": canarySecret})
	second, err := w.auth(t.Context(), e)
	if err != nil || second.Value == first.Value {
		t.Fatal(err)
	}
	again := *e
	again.Generation++
	third, err := w.auth(t.Context(), &again)
	if err != nil || third.Value == second.Value {
		t.Fatal(err)
	}
}

func TestC5_JWTBearer(t *testing.T) {
	s := newStack(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	s.idp.Client(t, "app", testkit.IDPClient{JWTKey: text("PUBLIC KEY", public)})
	s.put(t, "crm", map[string]any{"private_key": text("PRIVATE KEY", private)})
	e := s.entry(credential.JWTBearer, "crm")
	e.Auth.Algorithm, e.Auth.Subject = "ES256", "ann"
	if _, err := s.worker(t).auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if n := s.idp.Calls(t).Issued["urn:ietf:params:oauth:grant-type:jwt-bearer"]; n != 1 {
		t.Errorf("%d tokens", n)
	}
}

func TestAClosedAuthenticatorBeginsNothing(t *testing.T) {
	a := authn.New(authn.Options{Clock: &clock{}})
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := &connection.Entry{}
	e.Auth.Method = string(credential.ClientCredentials)
	if _, err := a.Authenticate(t.Context(), e, vaultclient.Secret{}, time.Time{}); reason(err) != fault.Draining {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := a.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

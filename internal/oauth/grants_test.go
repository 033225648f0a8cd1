package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
)

// asked is what a provider got.
type asked struct {
	form           url.Values
	user, password string
	basic          bool
}

func recorder(t *testing.T, body string) (string, *asked) {
	t.Helper()
	got := &asked{}
	url, _ := provider(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got.form = r.PostForm
		got.user, got.password, got.basic = r.BasicAuth()
		raw("application/json", body)(w, r)
	})
	return url, got
}

const fullAnswer = `{"access_token":"at","token_type":"bot","expires_in":"60","scope":"a b","refresh_token":"next"}`

func TestC5_WhatIsSent(t *testing.T) {
	id, sec := "id:1", secret.New("s&1")
	for name, c := range map[string]struct {
		endpoint       oauth.Endpoint
		basic          bool
		id, secretForm string
	}{
		"header":         {oauth.Endpoint{ClientID: id, ClientSecret: sec}, true, "", ""},
		"header by name": {oauth.Endpoint{ClientID: id, ClientSecret: sec, AuthStyle: "header"}, true, "", ""},
		"params":         {oauth.Endpoint{ClientID: id, ClientSecret: sec, AuthStyle: "params"}, false, id, "s&1"},
		"public client":  {oauth.Endpoint{ClientID: id, AuthStyle: "header"}, false, id, ""},
	} {
		t.Run(name, func(t *testing.T) {
			at, got := recorder(t, fullAnswer)
			c.endpoint.TokenURL, c.endpoint.Scopes = at, []string{"a", "b"}
			c.endpoint.Params = map[string]string{"audience": "x"}
			token, err := newClient(t).Refresh(t.Context(), c.endpoint, secret.New("rt"))
			if err != nil {
				t.Fatal(err)
			}
			if got.basic != c.basic || got.form.Get("client_id") != c.id || got.form.Get("client_secret") != c.secretForm {
				t.Errorf("sent %+v", got)
			}
			if c.basic && (got.user != url.QueryEscape(id) || got.password != url.QueryEscape("s&1")) {
				t.Errorf("header %q %q", got.user, got.password)
			}
			if got.form.Get("refresh_token") != "rt" || got.form.Get("audience") != "x" || got.form.Has("scope") {
				t.Errorf("sent %v", got.form)
			}
			want := oauth.Token{Access: secret.New("at"), Refresh: secret.New("next"), Expires: noon.Add(time.Minute), Scopes: []string{"a", "b"}}
			if !reflect.DeepEqual(token, want) {
				t.Errorf("token %+v", token)
			}
		})
	}
}

func TestRefreshKeepsATokenThatIsNotRotated(t *testing.T) {
	at, _ := recorder(t, `{"access_token":"at"}`)
	token, err := newClient(t).Refresh(t.Context(), oauth.Endpoint{TokenURL: at, ClientID: "id"}, secret.New("rt"))
	if err != nil || token.Refresh.Reveal() != "rt" || !token.Expires.IsZero() {
		t.Fatalf("%+v, %v", token, err)
	}
}

func TestExpiresIn(t *testing.T) {
	for in, want := range map[string]time.Duration{
		`60`: time.Minute, `"60"`: time.Minute, `60.0`: -1, `0`: 0, `-5`: 0, `"x"`: -1, `null`: 0, `9999999999999`: 10 * 365 * 24 * time.Hour,
	} {
		at, _ := recorder(t, `{"access_token":"at","expires_in":`+in+`}`)
		token, err := newClient(t).ClientCredentials(t.Context(), oauth.Endpoint{TokenURL: at, ClientID: "id"})
		switch {
		case want < 0: // the library takes no such answer
			if fault.From(err).Reason != fault.ProviderUnavailable {
				t.Errorf("%s: %v", in, err)
			}
		case err != nil:
			t.Errorf("%s: %v", in, err)
		case want == 0 && !token.Expires.IsZero(), want > 0 && token.Expires != noon.Add(want):
			t.Errorf("%s: %s", in, token.Expires)
		}
	}
}

// TestC1_SettingsAreRefused names the field.
func TestC1_SettingsAreRefused(t *testing.T) {
	ok := oauth.Endpoint{TokenURL: "http://127.0.0.1:1/", ClientID: "id"}
	with := func(change func(*oauth.Endpoint)) oauth.Endpoint { e := ok; change(&e); return e }
	for field, e := range map[string]oauth.Endpoint{
		"/auth/token_url":            with(func(e *oauth.Endpoint) { e.TokenURL = "canary-no-url" }),
		"/auth/client_id":            with(func(e *oauth.Endpoint) { e.ClientID = "" }),
		"/auth/auth_style":           with(func(e *oauth.Endpoint) { e.AuthStyle = "canary" }),
		"/auth/params/client_secret": with(func(e *oauth.Endpoint) { e.Params = map[string]string{"client_secret": "canary"} }),
	} {
		_, err := newClient(t).Refresh(t.Context(), e, secret.New(canaryRefresh))
		if f := fault.From(err); f.Reason != fault.SettingsInvalid || f.Field != field {
			t.Errorf("%s: %v at %q", field, err, f.Field)
		}
		noCanary(t, err)
	}
	for _, url := range []string{"http://canary:canary@host/", "http://host/#canary", "ftp://host/", "http://%zz/", ""} {
		_, err := newClient(t).ClientCredentials(t.Context(), with(func(e *oauth.Endpoint) { e.TokenURL = url }))
		if f := fault.From(err); f.Field != "/auth/token_url" {
			t.Errorf("%s: %v", url, err)
		}
		noCanary(t, err)
	}
}

func TestC5_AssertionsAreSigned(t *testing.T) {
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	p256 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range map[string]crypto.Signer{
		"": rsaKey, "RS256": rsaKey, "RS512": rsaKey, "PS256": rsaKey, "ES256": p256, "EdDSA": edKey,
	} {
		at, got := recorder(t, fullAnswer)
		token, err := newClient(t).JWTBearer(t.Context(), oauth.Endpoint{TokenURL: at, Scopes: []string{"a"}}, oauth.Assertion{
			PrivateKey: pemOf(t, key), KeyID: "k1", Algorithm: algorithm, Issuer: "iss", Subject: "sub",
		})
		if err != nil || !token.Refresh.Empty() {
			t.Fatalf("%s: %v", algorithm, err)
		}
		if got.basic || got.form.Has("client_id") || got.form.Get("scope") != "a" {
			t.Errorf("%s: sent %+v", algorithm, got)
		}
		parsed, err := jwt.ParseSigned(got.form.Get("assertion"), []jose.SignatureAlgorithm{"RS256", "RS512", "PS256", "ES256", "EdDSA"})
		if err != nil {
			t.Fatal(err)
		}
		var claims jwt.Claims
		if err := parsed.Claims(key.Public(), &claims); err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		want := jwt.Expected{Issuer: "iss", Subject: "sub", AnyAudience: jwt.Audience{at}, Time: noon}
		if err := claims.ValidateWithLeeway(want, 0); err != nil || claims.ID == "" || parsed.Headers[0].KeyID != "k1" {
			t.Errorf("%s: %v %+v", algorithm, err, claims)
		}
		var plain map[string]any
		if err := parsed.Claims(key.Public(), &plain); err != nil || plain["aud"] != at || plain["scope"] != "a" {
			t.Errorf("%s: %v, aud %v, scope %v", algorithm, err, plain["aud"], plain["scope"])
		}
	}
}

func TestC1_KeysAreRefused(t *testing.T) {
	key := pemOf(t, must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)))
	for name, c := range map[string]struct {
		a     oauth.Assertion
		want  fault.Reason
		field string
	}{
		"no PEM":       {oauth.Assertion{PrivateKey: secret.New("canary"), Issuer: "i"}, fault.SecretMalformed, "/private_key"},
		"other curve":  {oauth.Assertion{PrivateKey: key, Algorithm: "ES256", Issuer: "i"}, fault.SettingsInvalid, "/auth/algorithm"},
		"other family": {oauth.Assertion{PrivateKey: key, Issuer: "i"}, fault.SettingsInvalid, "/auth/algorithm"},
		"symmetric":    {oauth.Assertion{PrivateKey: key, Algorithm: "HS256", Issuer: "i"}, fault.SettingsInvalid, "/auth/algorithm"},
		"no issuer":    {oauth.Assertion{PrivateKey: key}, fault.SettingsInvalid, "/auth/issuer"},
	} {
		_, err := newClient(t).JWTBearer(t.Context(), oauth.Endpoint{TokenURL: "http://127.0.0.1:1/"}, c.a)
		if f := fault.From(err); f.Reason != c.want || f.Field != c.field {
			t.Errorf("%s: %v at %q", name, err, f.Field)
		}
		noCanary(t, err)
	}
}

func TestC2_TypesPrintNoSecret(t *testing.T) {
	canary := secret.New("canary-value")
	for _, v := range []any{
		oauth.Token{Access: canary, Refresh: canary}, oauth.Endpoint{ClientSecret: canary}, oauth.Assertion{PrivateKey: canary},
	} {
		noCanary(t, fmt.Errorf("%v %+v %#v %s", v, v, v, v))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func pemOf(t *testing.T, key any) secret.Value {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return secret.New(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

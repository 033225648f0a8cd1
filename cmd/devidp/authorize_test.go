package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v3"
	josejwt "github.com/go-jose/go-jose/v3/jwt"
)

const verifier = "a-verifier-of-at-least-forty-three-characters"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (p *idp) authorizeURL() string {
	return p.Address + "/authorize?" + values("response_type", "code", "client_id", "c",
		"redirect_uri", "http://127.0.0.1/callback", "scope", "openid offline", "state", "state-1234",
		"code_challenge", challenge(), "code_challenge_method", "S256").Encode()
}

// signIn posts the login form, and returns the parameters of the redirect.
func (p *idp) signIn(pairs ...string) url.Values {
	p.t.Helper()
	path := strings.TrimPrefix(p.authorizeURL(), p.Address)
	return p.redirected(p.form(path, "", "", values(pairs...)))
}

func (p *idp) redirected(a answer) url.Values {
	p.t.Helper()
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusSeeOther {
		p.t.Fatalf("no redirect: %d %s %v", a.status, a.raw, err)
	}
	if to.Query().Get("state") != "state-1234" {
		p.t.Errorf("state in %s", to)
	}
	return to.Query()
}

func (p *idp) exchange(code, proof string) answer {
	p.t.Helper()
	return p.token("grant_type", grantCode, "code", code, "redirect_uri", "http://127.0.0.1/callback", "code_verifier", proof)
}

func TestAuthorizationCode(t *testing.T) {
	p := serve(t).setup()
	page := p.send(p.request(http.MethodGet, p.authorizeURL(), nil))
	if page.status != http.StatusOK || !strings.Contains(page.raw, "<form") {
		t.Fatalf("no login page: %d %s", page.status, page.raw)
	}
	code := p.signIn("username", "eve", "password", "pw", "consent", "allow").Get("code")
	got := p.expect(p.exchange(code, verifier), http.StatusOK, "")
	p.expect(p.refresh(got.text("refresh_token")), http.StatusOK, "")
	p.checkIDToken(got.text("id_token"))
}

// checkIDToken verifies an ID token with what discovery leads to.
func (p *idp) checkIDToken(raw string) {
	p.t.Helper()
	metadata := p.send(p.request(http.MethodGet, p.Address+"/.well-known/openid-configuration", nil))
	var keys jose.JSONWebKeySet
	set := p.send(p.request(http.MethodGet, metadata.text("jwks_uri"), nil))
	if err := json.Unmarshal([]byte(set.raw), &keys); err != nil {
		p.t.Fatal(err)
	}
	token, err := josejwt.ParseSigned(raw)
	if err != nil {
		p.t.Fatal(err)
	}
	var claims josejwt.Claims
	if err := token.Claims(keys.Key(token.Headers[0].KeyID)[0], &claims); err != nil {
		p.t.Fatal(err)
	}
	if claims.Issuer != metadata.text("issuer") || claims.Subject != "eve" || !claims.Audience.Contains("c") {
		p.t.Errorf("claims: %+v", claims)
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	p := serve(t).setup()
	code := p.signIn("username", "eve", "password", "pw", "consent", "allow").Get("code")
	got := p.expect(p.exchange(code, verifier), http.StatusOK, "")
	p.expect(p.exchange(code, verifier), http.StatusBadRequest, "invalid_grant")
	p.expect(p.refresh(got.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
}

func TestPKCE(t *testing.T) {
	p := serve(t).setup()
	code := p.signIn("username", "eve", "password", "pw", "consent", "allow").Get("code")
	p.expect(p.exchange(code, strings.ToUpper(verifier)), http.StatusBadRequest, "invalid_grant")
	// A public client cannot do without.
	p.setup(func(c *clientSpec) { c.Secret = "" })
	bare := "/authorize?" + values("response_type", "code", "client_id", "c",
		"redirect_uri", "http://127.0.0.1/callback", "state", "state-1234").Encode()
	got := p.form(bare, "", "", values("username", "eve", "password", "pw", "consent", "allow"))
	if to := p.redirected(got); to.Get("error") != "invalid_request" {
		t.Errorf("without a challenge: %v", to)
	}
}

func TestSignInRefused(t *testing.T) {
	p := serve(t).setup()
	if to := p.signIn("consent", "deny"); to.Get("error") != "access_denied" {
		t.Errorf("denied: %v", to)
	}
	path := strings.TrimPrefix(p.authorizeURL(), p.Address)
	if got := p.form(path, "", "", values("username", "eve", "password", "no", "consent", "allow")); got.status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", got.status)
	}
	foreign := strings.Replace(path, "callback", "elsewhere", 1)
	if got := p.form(foreign, "", "", values("consent", "allow")); got.header.Get("Location") != "" {
		t.Errorf("sent to a foreign address: %s", got.header.Get("Location"))
	}
}

func TestAutoConsent(t *testing.T) {
	p := serve(t).setup(func(c *clientSpec) { c.AutoConsent = "eve" })
	code := p.redirected(p.send(p.request(http.MethodGet, p.authorizeURL(), nil))).Get("code")
	p.checkIDToken(p.expect(p.exchange(code, verifier), http.StatusOK, "").text("id_token"))
}

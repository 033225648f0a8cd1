package main

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestClientCredentials(t *testing.T) {
	p := serve(t).setup()
	got := p.expect(p.token("grant_type", grantClient, "scope", "api"), http.StatusOK, "")
	if got.text("access_token") == "" || got.text("token_type") != "bearer" || got.text("refresh_token") != "" || got.text("scope") != "api" {
		t.Errorf("answer: %s", got.raw)
	}
	p.expect(p.token("grant_type", grantClient, "scope", "root"), http.StatusBadRequest, "invalid_scope")
	wrong := p.expect(p.form("/token", "c", "wrong", values("grant_type", grantClient)), http.StatusUnauthorized, "invalid_client")
	if wrong.header.Get("WWW-Authenticate") == "" {
		t.Error("a 401 without WWW-Authenticate")
	}
	p.expect(p.form("/token", "nobody", "x", values("grant_type", grantClient)), http.StatusUnauthorized, "invalid_client")
	p.expect(p.token("grant_type", "telepathy"), http.StatusBadRequest, "unsupported_grant_type")
	p.expect(p.token("scope", "api"), http.StatusBadRequest, "invalid_request")
}

func TestGrantTypesOfClient(t *testing.T) {
	p := serve(t).setup(func(c *clientSpec) { c.GrantTypes = []string{grantPassword} })
	p.expect(p.token("grant_type", grantClient), http.StatusBadRequest, "unauthorized_client")
	p.expect(p.token("grant_type", grantRefresh, "refresh_token", "x"), http.StatusBadRequest, "unauthorized_client")
}

func TestPasswordGrant(t *testing.T) {
	p := serve(t).setup()
	got := p.expect(p.token("grant_type", grantPassword, "username", "eve", "password", "pw", "scope", "api offline"), http.StatusOK, "")
	if got.text("refresh_token") == "" {
		t.Errorf("no refresh token for offline: %s", got.raw)
	}
	got = p.token("grant_type", grantPassword, "username", "eve", "password", "pw", "scope", "api")
	if got.text("refresh_token") != "" {
		t.Error("a refresh token without offline")
	}
	p.expect(p.token("grant_type", grantPassword, "username", "eve", "password", "no"), http.StatusBadRequest, "invalid_grant")
	p.admin(http.MethodPut, "/users/eve", userSpec{Password: "new"})
	p.expect(p.token("grant_type", grantPassword, "username", "eve", "password", "pw"), http.StatusBadRequest, "invalid_grant")
}

func TestAuthStyleAndRotatedSecrets(t *testing.T) {
	p := serve(t).setup(func(c *clientSpec) { c.RotatedSecrets = []string{"older"} })
	inBody := values("grant_type", grantClient, "client_id", "c", "client_secret", "s3cret")
	p.expect(p.form("/token", "c", "older", values("grant_type", grantClient)), http.StatusOK, "")
	p.expect(p.form("/token", "", "", inBody), http.StatusOK, "")
	p.setup(func(c *clientSpec) { c.AuthStyle = "header" })
	p.expect(p.form("/token", "", "", inBody), http.StatusUnauthorized, "invalid_client")
	p.expect(p.token("grant_type", grantClient), http.StatusOK, "")
	p.expect(p.form("/token", "c", "older", values("grant_type", grantClient)), http.StatusUnauthorized, "invalid_client")
	p.setup(func(c *clientSpec) { c.AuthStyle = "params" })
	p.expect(p.form("/token", "", "", inBody), http.StatusOK, "")
	p.expect(p.token("grant_type", grantClient), http.StatusUnauthorized, "invalid_client")
}

// family makes tokens as if eve had signed in.
func (p *idp) family() answer {
	p.t.Helper()
	return p.expect(p.admin(http.MethodPost, "/grants", grantSpec{ClientID: "c", User: "eve"}), http.StatusOK, "")
}

func (p *idp) refresh(token string) answer {
	p.t.Helper()
	return p.token("grant_type", grantRefresh, "refresh_token", token)
}

func TestRefreshRotates(t *testing.T) {
	p := serve(t).setup()
	first := p.family()
	second := p.expect(p.refresh(first.text("refresh_token")), http.StatusOK, "")
	if second.text("refresh_token") == first.text("refresh_token") {
		t.Error("the refresh token stayed the same")
	}
	if p.active(first.text("access_token")) {
		t.Error("the old access token still counts")
	}
	p.expect(p.refresh(second.text("refresh_token")), http.StatusOK, "")
}

func TestReuseKillsTheFamily(t *testing.T) {
	p := serve(t).setup()
	first := p.family()
	second := p.refresh(first.text("refresh_token"))
	other := p.family()
	p.expect(p.refresh(first.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	p.expect(p.refresh(second.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	if p.active(second.text("access_token")) {
		t.Error("the family's access token still counts")
	}
	if n := p.calls().RefreshReused; n != 1 {
		t.Errorf("%d reuses counted, want 1", n)
	}
	p.expect(p.refresh(other.text("refresh_token")), http.StatusOK, "")
}

func TestOneOfManyRefreshesWins(t *testing.T) {
	p := serve(t).setup()
	token := p.family().text("refresh_token")
	const callers = 16
	statuses := make([]int, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			a, err := p.try(p.formRequest("/token", "c", "s3cret", values("grant_type", grantRefresh, "refresh_token", token)))
			if err != nil {
				t.Error(err)
			}
			statuses[i] = a.status
		})
	}
	wg.Wait()
	won := 0
	for _, status := range statuses {
		if status == http.StatusOK {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d refreshes of one token won", won)
	}
	if n := p.calls(); n.RefreshReused != callers-1 || n.Issued[grantRefresh] != 1 {
		t.Errorf("counts: %+v", n)
	}
}

func TestTokenLifetimes(t *testing.T) {
	p := serve(t).setup(func(c *clientSpec) {
		c.AccessTokenTTL, c.RefreshTokenTTL = ttl(42*time.Second), ttl(-2*time.Second)
	})
	family := p.family()
	if n := family.expiresIn(); n < 41 || n > 42 {
		t.Errorf("expires in %v", n)
	}
	p.expect(p.refresh(family.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	got := p.token("grant_type", grantClient)
	if n := got.expiresIn(); n < 40 || n > 42 {
		t.Errorf("expires in %v", n)
	}
}

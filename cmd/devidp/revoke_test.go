package main

import (
	"net/http"
	"testing"
)

// active asks the introspection endpoint whether a token counts.
func (p *idp) active(token string) bool {
	p.t.Helper()
	got := p.expect(p.form("/introspect", "c", "s3cret", values("token", token)), http.StatusOK, "")
	active, _ := got.body["active"].(bool)
	return active
}

func TestIntrospection(t *testing.T) {
	p := serve(t).setup()
	family := p.family()
	got := p.form("/introspect", "c", "s3cret", values("token", family.text("access_token")))
	if got.body["active"] != true || got.text("sub") != "eve" || got.text("client_id") != "c" || got.text("scope") == "" {
		t.Errorf("answer: %s", got.raw)
	}
	if p.active("made.up") {
		t.Error("a token that nobody issued counts")
	}
	p.expect(p.form("/introspect", "c", "wrong", values("token", "x")), http.StatusUnauthorized, "request_unauthorized")
	req := p.request(http.MethodGet, p.Address+"/userinfo", nil)
	req.Header.Set("Authorization", "Bearer "+family.text("access_token"))
	if got := p.send(req); got.text("sub") != "eve" {
		t.Errorf("userinfo: %s", got.raw)
	}
	req.Header.Set("Authorization", "Bearer x")
	p.expect(p.send(req), http.StatusUnauthorized, "invalid_token")
}

func TestRevocationEndpoint(t *testing.T) {
	p := serve(t).setup()
	family := p.family()
	p.expect(p.form("/revoke", "c", "s3cret", values("token", family.text("refresh_token"))), http.StatusOK, "")
	p.expect(p.refresh(family.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	if p.active(family.text("access_token")) {
		t.Error("the access token outlived its refresh token")
	}
	if n := p.calls().RefreshReused; n != 0 {
		t.Errorf("use of a revoked token counted as %d reuses", n)
	}
	p.expect(p.form("/revoke", "c", "s3cret", values("token", "made.up")), http.StatusOK, "")
	p.expect(p.form("/revoke", "c", "wrong", values("token", "x")), http.StatusUnauthorized, "invalid_client")
}

func TestAdminRevoke(t *testing.T) {
	cases := map[string]func(token string) revokeSpec{
		"by client":         func(string) revokeSpec { return revokeSpec{ClientID: "c"} },
		"by user":           func(string) revokeSpec { return revokeSpec{User: "eve"} },
		"by refresh token":  func(token string) revokeSpec { return revokeSpec{Token: token} },
		"by client and all": func(token string) revokeSpec { return revokeSpec{"c", "eve", token} },
	}
	for name, spec := range cases {
		t.Run(name, func(t *testing.T) {
			p := serve(t).setup()
			token := p.family().text("refresh_token")
			got := p.expect(p.admin(http.MethodPost, "/revoke", spec(token)), http.StatusOK, "")
			if got.body["revoked"] != 1.0 {
				t.Errorf("revoked: %s", got.raw)
			}
			p.expect(p.refresh(token), http.StatusBadRequest, "invalid_grant")
		})
	}
	p := serve(t).setup()
	token := p.family().text("refresh_token")
	if got := p.admin(http.MethodPost, "/revoke", revokeSpec{User: "adam"}); got.body["revoked"] != 0.0 {
		t.Errorf("somebody else's tokens: %s", got.raw)
	}
	if got := p.admin(http.MethodPost, "/revoke", revokeSpec{}); got.status != http.StatusBadRequest {
		t.Errorf("nothing named: %d", got.status)
	}
	p.expect(p.refresh(token), http.StatusOK, "")
}

func TestAClientWithOneTokenAtATime(t *testing.T) {
	p := serve(t).setup(func(c *clientSpec) { c.OneToken = true })
	next := func() string {
		return p.expect(p.token("grant_type", grantClient, "scope", "api"), http.StatusOK, "").text("access_token")
	}
	first := next()
	if !p.active(first) {
		t.Error("a new token does not count")
	}
	if second := next(); p.active(first) || !p.active(second) {
		t.Error("the first token counts, or the second does not")
	}
}

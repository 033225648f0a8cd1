package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// begin starts a device, and gives its code and what its person types.
func (p *idp) begin() (code, user string) {
	p.t.Helper()
	got := p.expect(p.form("/device_authorization", "c", "s3cret", values("scope", "openid offline")), http.StatusOK, "")
	if !strings.HasPrefix(got.text("verification_uri_complete"), p.Address+"/device?user_code=") {
		p.t.Fatalf("no page to go to: %s", got.raw)
	}
	return got.text("device_code"), got.text("user_code")
}

func (p *idp) poll(code string) answer {
	return p.token("grant_type", grantDevice, "device_code", code)
}

func TestDeviceIsAllowed(t *testing.T) {
	p := serve(t).setup()
	code, typed := p.begin()
	p.expect(p.poll(code), http.StatusBadRequest, "authorization_pending")
	p.expect(p.poll(code), http.StatusBadRequest, "slow_down")
	person := func(pairs ...string) answer { return p.form("/device", "", "", values(pairs...)) }
	if got := person("user_code", "WRNG-CODE", "consent", "allow"); got.status != http.StatusNotFound {
		t.Errorf("a wrong code: %d", got.status)
	}
	if got := person("user_code", typed, "username", "eve", "password", "no", "consent", "allow"); got.status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", got.status)
	}
	person("user_code", strings.ToLower(typed), "username", "eve", "password", "pw", "consent", "allow")
	<-time.After(2*deviceInterval + 100*time.Millisecond) // as it was told to: there is nothing else to wait for
	got := p.expect(p.poll(code), http.StatusOK, "")
	p.checkIDToken(got.text("id_token"))
	p.expect(p.refresh(got.text("refresh_token")), http.StatusOK, "")
	p.expect(p.poll(code), http.StatusBadRequest, "invalid_grant")
}

func TestDeviceIsRefused(t *testing.T) {
	p := serve(t).setup()
	code, typed := p.begin()
	p.form("/device", "", "", values("user_code", typed, "consent", "deny"))
	p.expect(p.poll(code), http.StatusBadRequest, "access_denied")
	p.expect(p.form("/device_authorization", "c", "s3cret", values("scope", "root")), http.StatusBadRequest, "invalid_scope")
	p.expect(p.form("/device_authorization", "c", "no", values()), http.StatusUnauthorized, "invalid_client")
	p.setup(func(c *clientSpec) { c.GrantTypes = []string{grantCode} })
	p.expect(p.poll(code), http.StatusBadRequest, "unauthorized_client")
}

func TestDeviceEnds(t *testing.T) {
	d := device{ends: time.Now(), interval: deviceInterval}
	if got := d.poll(time.Now().Add(time.Second)); got != "expired_token" {
		t.Errorf("after its end: %q", got)
	}
}

package testkit

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestVaultKeepsItsDataWhenItIsKilled(t *testing.T) {
	v := StartVault(t)
	if n := v.Put(t, "a/b", map[string]any{"k": "v"}); n != 1 {
		t.Fatalf("version %d", n)
	}
	before := v.Address
	v.Kill()
	v.Restart(t)
	if v.Address != before {
		t.Errorf("it moved from %s to %s", before, v.Address)
	}
	if n := v.Put(t, "a/b", map[string]any{"k": "w"}); n != 2 {
		t.Errorf("version %d after the restart, want 2", n)
	}
}

func TestVaultSealsAndOpens(t *testing.T) {
	v := StartVault(t)
	v.Seal(t)
	if status := v.Do(t, http.MethodGet, "secret/data/a", nil, nil); status != http.StatusServiceUnavailable {
		t.Errorf("sealed, and it answers %d", status)
	}
	v.Unseal(t)
	v.Put(t, "a", map[string]any{"k": "v"})
}

func TestIDPGivesAndRevokesTokens(t *testing.T) {
	p := StartIDP(t)
	p.Client(t, "crm", IDPClient{Secret: "s", AccessTokenTTL: "90s"})
	p.User(t, "ada", "pw")
	tokens := p.Grant(t, "crm", "ada")
	if tokens.AccessToken == "" || tokens.RefreshToken == "" || tokens.ExpiresIn < 80 {
		t.Fatalf("a sign-in gave expires_in %d and perhaps no token", tokens.ExpiresIn)
	}
	if n := p.Revoke(t, "crm", ""); n != 1 {
		t.Errorf("%d families revoked, want 1", n)
	}
	if status := refresh(t, p, tokens.RefreshToken); status < 400 {
		t.Errorf("a revoked refresh token gives %d", status)
	}
	if c := p.Calls(t); c.Endpoints["token"] != 1 || c.Grants["refresh_token"] != 1 || c.Issued["refresh_token"] != 0 {
		t.Errorf("counted %+v", c)
	}
	p.ResetCalls(t)
	once := 1
	p.Faults(t, map[string]IDPFault{"token": {Mode: "status", Status: 503, Count: &once}})
	if status := refresh(t, p, "x"); status != 503 {
		t.Errorf("the fault gives %d", status)
	}
	if c := p.Calls(t); c.Faults != 1 {
		t.Errorf("counted %+v", c)
	}
}

func refresh(t *testing.T, p *IDP, token string) int {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.TokenURL(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("crm", "s")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

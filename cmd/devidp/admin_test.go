package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAdminRefuses(t *testing.T) {
	p := serve(t).setup()
	cases := map[string]struct {
		method, path, body string
		status             int
	}{
		"unknown field":      {http.MethodPut, "/clients/x", `{"sekret":"x"}`, 400},
		"not JSON":           {http.MethodPut, "/clients/x", `{`, 400},
		"unknown grant type": {http.MethodPut, "/clients/x", `{"grant_types":["implicit"]}`, 400},
		"unknown style":      {http.MethodPut, "/clients/x", `{"secret":"x","auth_style":"cookie"}`, 400},
		"bad key":            {http.MethodPut, "/clients/x", `{"jwt_key":"x"}`, 400},
		"bad duration":       {http.MethodPut, "/clients/x", `{"access_token_ttl":"soon"}`, 400},
		"unknown client":     {http.MethodDelete, "/clients/x", ``, 404},
		"unknown user":       {http.MethodDelete, "/users/x", ``, 404},
		"grant to nobody":    {http.MethodPost, "/grants", `{"client_id":"c","user":"x"}`, 404},
		"grant for nothing":  {http.MethodPost, "/grants", `{"client_id":"x","user":"eve"}`, 404},
		"unknown mode":       {http.MethodPut, "/faults", `{"token":{"mode":"explode"}}`, 400},
		"unknown endpoint":   {http.MethodPut, "/faults", `{"door":{"mode":"none"}}`, 400},
		"impossible status":  {http.MethodPut, "/faults", `{"token":{"mode":"status","status":42}}`, 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := p.send(p.request(c.method, p.Admin+c.path, strings.NewReader(c.body)))
			if got.status != c.status || got.text("error") == "" {
				t.Errorf("got %d %s, want %d and why", got.status, got.raw, c.status)
			}
		})
	}
}

func TestDeletedClientAndUser(t *testing.T) {
	p := serve(t).setup()
	token := p.family().text("refresh_token")
	p.expect(p.admin(http.MethodDelete, "/users/eve", nil), http.StatusNoContent, "")
	p.expect(p.token("grant_type", grantPassword, "username", "eve", "password", "pw"), http.StatusBadRequest, "invalid_grant")
	p.expect(p.admin(http.MethodDelete, "/clients/c", nil), http.StatusNoContent, "")
	p.expect(p.refresh(token), http.StatusUnauthorized, "invalid_client")
}

func TestStateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"clients":{"c":{"secret":"s3cret","access_token_ttl":7}},"users":{"eve":{"password":"pw"}}}`)
	p := serve(t, "--state", path)
	got := p.expect(p.token("grant_type", grantPassword, "username", "eve", "password", "pw"), http.StatusOK, "")
	if n := got.expiresIn(); n < 5 || n > 7 {
		t.Errorf("expires in %v", n)
	}
	write(`{"clients":{"c":{"auth_style":"cookie"}}}`)
	err := run(t.Context(), []string{"--state", path}, os.Stdin, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `client "c"`) {
		t.Errorf("a bad state file: %v", err)
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "127.0.0.1"} {
		if _, err := parseOptions([]string{"--listen", listen}, io.Discard); err == nil {
			t.Errorf("%s was accepted", listen)
		}
	}
	if _, err := parseOptions([]string{"--listen", "0.0.0.0:80", "--allow-non-loopback"}, io.Discard); err != nil {
		t.Error(err)
	}
}

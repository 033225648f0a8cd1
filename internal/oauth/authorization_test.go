package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

const (
	redirect = "http://127.0.0.1:1/callback"
	verifier = "canary-verifier-of-at-least-forty-three-characters"
)

// web is a provider with a user, a client, and one authorization at it.
func web(t *testing.T) (*testkit.IDP, oauth.Endpoint, oauth.Authorization) {
	t.Helper()
	idp := testkit.StartIDP(t)
	idp.User(t, "ann", "pw")
	idp.Client(t, "app", testkit.IDPClient{Secret: canaryClient, RedirectURIs: []string{redirect}})
	e := oauth.Endpoint{TokenURL: idp.TokenURL(), ClientID: "app", ClientSecret: secret.New(canaryClient),
		Scopes: []string{"openid", "offline", "api"}}
	return idp, e, oauth.Authorization{AuthorizeURL: idp.AuthorizeURL(), RedirectURI: redirect, State: "state-of-a-browser",
		Verifier: secret.New(verifier), Params: map[string]string{"prompt": "login"}}
}

func TestW3_AnAccountIsAuthorized(t *testing.T) {
	idp, e, a := web(t)
	client := newClient(t)
	at, err := a.URL(e)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(at, verifier) || strings.Contains(at, canaryClient) {
		t.Error("a secret is in the URL")
	}
	back := idp.SignIn(t, at, "ann", "pw")
	code := secret.New(back.Query().Get("code"))
	if back.Query().Get("state") != a.State || !strings.HasPrefix(back.String(), redirect+"?") {
		t.Errorf("sent back to %s", back)
	}
	stolen := a
	stolen.Verifier = secret.New(strings.ToUpper(verifier))
	if _, err := client.Exchange(t.Context(), e, stolen, code); fault.From(err).Reason != fault.InvalidGrant {
		t.Errorf("with another verifier: %v", err)
	}
	code = secret.New(idp.SignIn(t, at, "ann", "pw").Query().Get("code"))
	token, err := client.Exchange(t.Context(), e, a, code)
	if err != nil {
		t.Fatal(err)
	}
	if token.Refresh.Empty() || token.Account != "ann" || strings.Join(token.Scopes, " ") != "openid offline api" {
		t.Errorf("token %+v", token)
	}
	if _, err := client.Exchange(t.Context(), e, a, code); fault.From(err).Reason != fault.InvalidGrant {
		t.Errorf("the code works twice: %v", err)
	}
}

func TestW3_WhatAProviderSaysOnTheWayBack(t *testing.T) {
	idp, e, a := web(t)
	at, err := a.URL(e)
	if err != nil {
		t.Fatal(err)
	}
	if f := oauth.Refused(idp.Cancel(t, at).Query().Get("error")); f.Reason != fault.AccessDenied || f.Hint == "" {
		t.Errorf("cancelled: %v", f)
	}
	for code, want := range map[string]fault.Reason{
		"consent_required": fault.AccessDenied, "invalid_scope": fault.InvalidScope, "server_error": fault.ProviderUnavailable,
		"unauthorized_client": fault.UnauthorizedClient, "canary-word": fault.ProviderUnclear, "": fault.ProviderUnclear,
	} {
		f := oauth.Refused(code)
		if f.Reason != want || f.Detail == "" || f.Hint == "" {
			t.Errorf("%q: %+v", code, f)
		}
		noCanary(t, f)
	}
}

func TestC1_AuthorizationSettingsAreRefused(t *testing.T) {
	good := oauth.Endpoint{ClientID: "id"}
	for field, a := range map[string]oauth.Authorization{
		"/auth/authorize_url":        {AuthorizeURL: "canary"},
		"/auth/params/redirect_uri":  {AuthorizeURL: "https://p/a", Params: map[string]string{"redirect_uri": "canary"}},
		"/auth/params/client_secret": {AuthorizeURL: "https://p/a", Params: map[string]string{"client_secret": "canary"}},
	} {
		_, err := a.URL(good)
		if f := fault.From(err); f == nil || f.Reason != fault.SettingsInvalid || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
		noCanary(t, err)
	}
}

func TestW3_ADeviceIsAuthorized(t *testing.T) {
	idp, e, _ := web(t)
	client := newClient(t)
	for name, style := range map[string]string{"header": "header", "params": "params"} {
		t.Run(name, func(t *testing.T) {
			idp.Client(t, "app", testkit.IDPClient{Secret: canaryClient, AuthStyle: style})
			e.AuthStyle = style
			d, err := client.StartDevice(t.Context(), e, idp.DeviceURL())
			if err != nil {
				t.Fatal(err)
			}
			if d.VerificationURL == "" || !strings.Contains(d.Complete, url.QueryEscape(d.UserCode)) || d.Ends.IsZero() {
				t.Errorf("device %+v", d)
			}
			idp.AllowDevice(t, d.UserCode, "ann", "pw")
			token, err := client.AwaitDevice(t.Context(), e, d)
			if err != nil || token.Refresh.Empty() || token.Account != "ann" {
				t.Fatalf("%+v, %v", token, err)
			}
		})
	}
}

func TestW3_ADeviceIsRefused(t *testing.T) {
	idp, e, _ := web(t)
	client := newClient(t)
	d, err := client.StartDevice(t.Context(), e, idp.DeviceURL())
	if err != nil {
		t.Fatal(err)
	}
	d.Ends = time.Now() // as if it had waited for so long
	if _, err := client.AwaitDevice(t.Context(), e, d); fault.From(err).Reason != fault.AccessDenied {
		t.Errorf("after its end: %v", err)
	}
	d.Ends = time.Now().Add(time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.AwaitDevice(gone, e, d); err == nil {
		t.Error("nobody waits for it, and it goes on")
	}
	idp.AllowDevice(t, d.UserCode, "", "")
	if _, err := client.AwaitDevice(t.Context(), e, d); fault.From(err).Reason != fault.AccessDenied {
		t.Errorf("refused: %v", err)
	}
	e.ClientSecret = secret.New("canary-other")
	_, err = client.StartDevice(t.Context(), e, idp.DeviceURL())
	if fault.From(err).Reason != fault.InvalidClient {
		t.Errorf("another secret: %v", err)
	}
	noCanary(t, err)
}

// TestW3_AnIssuerBelongsToTheAddressThatWasAsked (RFC 9207), on another host of the provider's too.
func TestW3_AnIssuerBelongsToTheAddressThatWasAsked(t *testing.T) {
	for _, c := range []struct {
		asked, issuer string
		want          bool
	}{
		{"https://login.example.com/authorize", "", true},
		{"https://login.example.com/authorize", "https://login.example.com", true},
		{"https://login.example.com/authorize", "https://Example.com/realms/a", true},
		{"https://login.example.com/authorize", "https://example.org", false},
		{"https://login.example.com/authorize", "https://login.example.com.evil.org", false},
		{"https://a.co.uk/authorize", "https://b.co.uk", false},
		{"http://127.0.0.1:1/authorize", "http://127.0.0.1:1", true},
		{"http://127.0.0.1:1/authorize", "http://10.0.0.1", false},
		{"http://localhost/authorize", "http://provider", false},
		{"https://login.example.com/authorize", "%", false},
		{"https://login.example.com/authorize", "no-url", false},
	} {
		if got := (oauth.Authorization{AuthorizeURL: c.asked}).From(c.issuer); got != c.want {
			t.Errorf("asked %s, issuer %s: %v", c.asked, c.issuer, got)
		}
	}
}

// TestW3_ADeviceNeverPollsWithoutAPause, whatever interval the provider names.
func TestW3_ADeviceNeverPollsWithoutAPause(t *testing.T) {
	token, polls := provider(t, answering(400, "authorization_pending"))
	device, _ := provider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"device_code":"canary-device","user_code":"A","verification_uri":"https://example.com","interval":-5}`))
	})
	client, e := newClient(t), oauth.Endpoint{TokenURL: token, ClientID: "app"}
	d, err := client.StartDevice(t.Context(), e, device)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := client.AwaitDevice(ctx, e, d); err == nil || polls.Load() > 0 {
		t.Errorf("%d polls at once, %v", polls.Load(), err)
	}
}

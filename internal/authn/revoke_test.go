package authn_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

func TestC10_ADeletedConnectionsTokenIsRevokedOnce(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	e.Auth.RevokeURL = s.idp.Address + "/revoke"
	workers := []*worker{s.worker(t), s.worker(t)}
	if _, err := workers[0].auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		done, err := workers[i%2].Revoke(t.Context(), e)
		if err != nil || done != (i == 0) {
			t.Fatalf("try %d: done %t, %v", i, done, err)
		}
	}
	if n := s.idp.Calls(t).Endpoints["revoke"]; n != 1 {
		t.Errorf("%d revocations", n)
	}
	s.clock.advance(time.Hour)
	if _, err := workers[1].auth(t.Context(), e); reason(err) != fault.InvalidGrant {
		t.Errorf("after it came back: %v", err)
	}
}

func TestC10_WhatCanNotBeRevokedIsSaid(t *testing.T) {
	s := newStack(t)
	w := s.worker(t)
	for name, c := range map[string]struct {
		status int
		body   string
		want   fault.Reason
	}{
		"down":          {503, "", fault.ProviderUnavailable},
		"throttled":     {429, "", fault.ProviderThrottled},
		"no such token": {400, `{"error":"invalid_token"}`, ""},
		"refused":       {400, `{"error":"unsupported_token_type"}`, fault.ProviderUnclear},
		"wrong client":  {401, `{"error":"invalid_client"}`, fault.InvalidClient},
	} {
		provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		e := s.authorize(t, "crm")
		e.Auth.RevokeURL = provider.URL
		_, err := w.Revoke(t.Context(), e)
		if reason(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		noCanary(t, err)
		provider.Close()
	}
	if done, err := w.Revoke(t.Context(), s.entry(credential.RefreshToken, "crm")); done || err != nil {
		t.Errorf("without a revoke URL: %t, %v", done, err)
	}
	gone := s.entry(credential.RefreshToken, "never")
	gone.Auth.RevokeURL = s.idp.Address + "/revoke"
	if done, err := w.Revoke(t.Context(), gone); done || err != nil {
		t.Errorf("without a secret: %t, %v", done, err)
	}
}

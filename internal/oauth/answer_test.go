package oauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
)

const (
	canaryClient  = "canary-client-secret-7f1c"
	canaryRefresh = "canary-refresh-token-93ab"
)

// provider is a token endpoint on a real socket that gives one answer, and counts.
func provider(t *testing.T, answer http.HandlerFunc) (url string, calls *atomic.Int32) {
	t.Helper()
	calls = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/token?canary-query=1", calls
}

// answering repeats, as careless providers do, everything that was sent.
func answering(status int, code string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = r.ParseForm()
		_, password, _ := r.BasicAuth()
		body := map[string]string{"error_description": "got " + r.PostForm.Encode() + password, "error_uri": password}
		if code != "" {
			body["error"] = code
		}
		_ = json.NewEncoder(w).Encode(body)
	}
}

func html(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, "<html>maintenance</html>")
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// stall reads the body first: only then does the server notice that the client has gone.
func stall(_ http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	<-r.Context().Done()
}

func raw(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = fmt.Fprint(w, body)
	}
}

// TestO4_ProviderAnswers goes through every row of the table, and what has no row.
func TestO4_ProviderAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer    http.HandlerFunc
		want      fault.Reason
		ambiguous bool
		after     time.Duration
	}{
		"invalid_grant":              {answering(400, "invalid_grant"), fault.InvalidGrant, false, 0},
		"invalid_grant with 401":     {answering(401, "invalid_grant"), fault.InvalidGrant, false, 0},
		"invalid_grant with 200":     {answering(200, "invalid_grant"), fault.InvalidGrant, false, 0},
		"access_denied":              {answering(403, "access_denied"), fault.AccessDenied, false, 0},
		"bare 401":                   {answering(401, ""), fault.BadCredentials, false, 0},
		"401 with a word of its own": {answering(401, "canary_word"), fault.BadCredentials, false, 0},
		"401 HTML":                   {html(401), fault.BadCredentials, false, 0},
		"invalid_client":             {answering(401, "invalid_client"), fault.InvalidClient, false, 0},
		"invalid_client with 400":    {answering(400, "invalid_client"), fault.InvalidClient, false, 0},
		"unauthorized_client":        {answering(400, "unauthorized_client"), fault.UnauthorizedClient, false, 0},
		"invalid_scope":              {answering(400, "invalid_scope"), fault.InvalidScope, false, 0},
		"invalid_request":            {answering(400, "invalid_request"), fault.InvalidTokenRequest, false, 0},
		"unsupported_grant_type":     {answering(400, "unsupported_grant_type"), fault.UnsupportedGrantType, false, 0},
		"temporarily_unavailable":    {answering(400, "temporarily_unavailable"), fault.ProviderUnavailable, false, 0},
		"server_error":               {answering(400, "server_error"), fault.ProviderUnavailable, false, 0},
		"500":                        {answering(500, ""), fault.ProviderUnavailable, true, 0},
		"500 with invalid_grant":     {answering(500, "invalid_grant"), fault.ProviderUnavailable, true, 0},
		"502 HTML":                   {html(502), fault.ProviderUnavailable, true, 0},
		"503 with Retry-After":       {answering(503, "", "Retry-After", "7"), fault.ProviderUnavailable, true, 7 * time.Second},
		"408":                        {answering(408, ""), fault.ProviderUnavailable, true, 0},
		"425":                        {answering(425, "invalid_grant"), fault.ProviderUnavailable, false, 0},
		"429":                        {answering(429, ""), fault.ProviderThrottled, false, 0},
		"429 with invalid_grant":     {answering(429, "invalid_grant"), fault.ProviderThrottled, false, 0},
		"429 seconds":                {answering(429, "", "Retry-After", "30"), fault.ProviderThrottled, false, 30 * time.Second},
		"429 date":                   {answering(429, "", "Retry-After", noon.Add(90*time.Second).Format(http.TimeFormat)), fault.ProviderThrottled, false, 90 * time.Second},
		"429 date in the past":       {answering(429, "", "Retry-After", noon.Add(-time.Hour).Format(http.TimeFormat)), fault.ProviderThrottled, false, 0},
		"429 for ever":               {answering(429, "", "Retry-After", "4000000000"), fault.ProviderThrottled, false, time.Hour},
		"429 nonsense":               {answering(429, "", "Retry-After", "soon"), fault.ProviderThrottled, false, 0},
		"404":                        {answering(404, ""), fault.ProviderUnclear, false, 0},
		"403 HTML":                   {html(403), fault.ProviderUnclear, false, 0},
		"400 with a word of its own": {answering(400, "canary_word"), fault.ProviderUnclear, false, 0},
		"200 with a word of its own": {answering(200, "canary_word"), fault.ProviderUnclear, true, 0},
		"redirect":                   {answering(307, "", "Location", "/elsewhere"), fault.ProviderUnclear, true, 0},
		"200 HTML":                   {html(200), fault.ProviderUnavailable, true, 0},
		"200 empty":                  {raw("application/json", ""), fault.ProviderUnavailable, true, 0},
		"200 without a token":        {raw("application/json", `{"token_type":"bearer"}`), fault.ProviderUnavailable, true, 0},
		"200 endless":                {raw("application/json", `{"access_token":"`+strings.Repeat("x", 1<<20)+`"}`), fault.ProviderUnavailable, true, 0},
		"token that fits no header":  {raw("application/json", `{"access_token":"a\nb"}`), fault.ProviderUnclear, true, 0},
		"connection cut":             {cut, fault.ProviderUnavailable, true, 0},
		"no answer in time":          {stall, fault.ProviderUnavailable, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, c.answer)
			client := oauth.New(oauth.Options{Clock: at(noon), Timeout: 300 * time.Millisecond})
			t.Cleanup(client.Close)
			_, err := client.Refresh(t.Context(), oauth.Endpoint{TokenURL: url, ClientID: "id", ClientSecret: secret.New(canaryClient)}, secret.New(canaryRefresh))
			f := fault.From(err)
			if err == nil || f.Reason != c.want || f.RetryAfter != c.after {
				t.Fatalf("got %v after %s, want %s after %s", err, f.RetryAfter, c.want, c.after)
			}
			if got := errors.Is(err, oauth.ErrAmbiguous); got != c.ambiguous {
				t.Errorf("ambiguous: %t", got)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("%d requests", n)
			}
			noCanary(t, err)
		})
	}
}

// noCanary looks at an error in every way that one may end up in a log.
func noCanary(t *testing.T, err error) {
	t.Helper()
	asJSON, jsonErr := json.Marshal(fault.From(err))
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	texts := []string{string(asJSON), fmt.Sprintf("%#v", *fault.From(err))}
	for e := err; e != nil; e = errors.Unwrap(e) {
		texts = append(texts, e.Error(), fmt.Sprintf("%+v %#v %q", e, e, e))
	}
	for _, text := range texts {
		if strings.Contains(text, "canary") || strings.Contains(text, "/token?") {
			t.Errorf("leaks: %s", text)
		}
	}
}

func TestO4_RefusedConnectionSpendsNothing(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = newClient(t).Refresh(t.Context(), oauth.Endpoint{TokenURL: url, ClientID: "id"}, secret.New(canaryRefresh))
	if fault.From(err).Reason != fault.ProviderUnavailable || errors.Is(err, oauth.ErrAmbiguous) {
		t.Fatalf("got %v", err)
	}
	noCanary(t, err)
}

// TestC1_RefusedAddressIsASetting proves that a dial guard may be put in.
func TestC1_RefusedAddressIsASetting(t *testing.T) {
	guard := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, fault.New(fault.AddressRefused, "loopback")
	}}
	client := oauth.New(oauth.Options{Clock: at(noon), Transport: guard})
	t.Cleanup(client.Close)
	_, err := client.ClientCredentials(t.Context(), oauth.Endpoint{TokenURL: "http://127.0.0.1:1/", ClientID: "id"})
	if f := fault.From(err); f.Reason != fault.SettingsInvalid || f.Field != "/auth/token_url" {
		t.Fatalf("got %v", err)
	}
}

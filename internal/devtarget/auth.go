package devtarget

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Introspection is an RFC 7662 endpoint and the client that may ask it.
type Introspection struct{ URL, ClientID, ClientSecret string }

// Outcomes of a credential check, as Calls counts them.
const (
	Accepted    = "accepted"
	Missing     = "missing"     // no credential of the kind that the resource wants
	Refused     = "refused"     // a wrong one
	Unavailable = "unavailable" // the introspection endpoint gave no answer
	Faulted     = "faulted"     // answered by a fault before the credential was looked at
)

// check says how a request's credential does and what WWW-Authenticate would be.
type check func(*http.Request) (outcome, challenge string)

func (t *Target) basic(r *http.Request) (outcome, challenge string) {
	challenge = `Basic realm="devtarget", charset="UTF-8"`
	user, password, ok := r.BasicAuth()
	if !ok {
		return Missing, challenge
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return verdict(same(user, t.user) && same(password, t.password)), challenge
}

func (t *Target) key(r *http.Request) (outcome, challenge string) {
	challenge = `ApiKey realm="devtarget"`
	given := r.Header.Get("X-Api-Key")
	if given == "" {
		return Missing, challenge
	}
	return verdict(same(given, t.options.APIKey)), challenge
}

// bearer follows RFC 6750 section 3: the error is named only where a token was sent.
func (t *Target) bearer(r *http.Request) (outcome, challenge string) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return Missing, `Bearer realm="devtarget"`
	}
	active, err := t.options.Introspection.active(r.Context(), t.client, token)
	if err != nil {
		return Unavailable, ""
	}
	return verdict(active), `Bearer realm="devtarget", error="invalid_token"`
}

func verdict(ok bool) string {
	if ok {
		return Accepted
	}
	return Refused
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// maxIntrospection bounds the endpoint's answer, in bytes.
const maxIntrospection = 64 << 10

// active asks whether a token is active (RFC 7662 section 2).
func (i Introspection) active(ctx context.Context, client *http.Client, token string) (bool, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return false, fmt.Errorf("introspection request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(i.ClientID), url.QueryEscape(i.ClientSecret)) // RFC 6749 section 2.3.1
	resp, err := client.Do(req)
	if err != nil {
		return false, fmt.Errorf("introspection: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("introspection answered %d", resp.StatusCode)
	}
	var answer struct {
		Active bool `json:"active"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxIntrospection)).Decode(&answer); err != nil {
		return false, fmt.Errorf("introspection answer: %w", err)
	}
	return answer.Active, nil
}

package oauth

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"holdfast/internal/secret"
)

// Revoke takes a refresh token back at the provider, and with it, as far as the provider does so, the access
// tokens that came from it (RFC 7009 section 2). A token that the provider does not know is revoked: it may be
// asked again after an error. Faults are those of the table in answer.go.
func (c *Client) Revoke(ctx context.Context, e Endpoint, revokeURL string, refresh secret.Value) error {
	if err := checkURL(revokeURL, "/auth/revoke_url", "revocation URL"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var sent progress
	r, err := e.revocation(sent.watch(ctx), revokeURL, refresh)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return c.explain(err, sent.sent())
	}
	defer func() { _ = answer.Body.Close() }()
	code := errorCode(answer.Body)
	if answer.StatusCode == http.StatusOK || answer.StatusCode < 500 && unknownToken(code) {
		return nil
	}
	return c.explain(&oauth2.RetrieveError{Response: answer, ErrorCode: code}, true)
}

// revocation is the request, with the client authenticated as at the token endpoint (RFC 7009 section 2.1).
func (e Endpoint) revocation(ctx context.Context, revokeURL string, refresh secret.Value) (*http.Request, error) {
	style, err := e.style()
	if err != nil {
		return nil, err
	}
	form := url.Values{"token": {refresh.Reveal()}, "token_type_hint": {"refresh_token"}}
	if style == oauth2.AuthStyleInParams {
		form.Set("client_id", e.ClientID)
		if !e.ClientSecret.Empty() {
			form.Set("client_secret", e.ClientSecret.Reveal())
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, revokeURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, wrong("/auth/revoke_url", "the revocation URL can not be asked")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if style == oauth2.AuthStyleInHeader { // form-encoded first: RFC 6749 section 2.3.1
		r.SetBasicAuth(url.QueryEscape(e.ClientID), url.QueryEscape(e.ClientSecret.Reveal()))
	}
	return r, nil
}

// errorCode is the error of a body as RFC 6749 section 5.2 has it; empty where there is none.
func errorCode(body io.Reader) string {
	var answer struct {
		Error string `json:"error"`
	}
	if raw, err := io.ReadAll(body); err != nil || json.Unmarshal(raw, &answer) != nil {
		return ""
	}
	return answer.Error
}

// unknownToken tells whether the provider does not know the token. RFC 7009 section 2.2 has 200 for that; some
// say it.
func unknownToken(code string) bool { return code == "invalid_token" || code == "invalid_grant" }

package oauth

import (
	"context"
	"strings"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// ClientCredentials asks for a token in the client's own name (RFC 6749 section 4.4).
func (c *Client) ClientCredentials(ctx context.Context, e Endpoint) (Token, error) {
	if err := e.needClientID(); err != nil {
		return Token{}, err
	}
	t, err := c.request(ctx, e, map[string]secret.Value{
		"grant_type": secret.New("client_credentials"),
		"scope":      e.scope(),
	})
	t.Refresh = secret.Value{} // RFC 6749 section 4.4.3: there should be none, and none is needed
	return t, err
}

// Refresh spends a refresh token (RFC 6749 section 6). After an error for which errors.Is(err, ErrAmbiguous)
// holds, the provider may or may not have spent it; after any other it has not.
func (c *Client) Refresh(ctx context.Context, e Endpoint, refresh secret.Value) (Token, error) {
	if err := e.needClientID(); err != nil {
		return Token{}, err
	}
	t, err := c.request(ctx, e, map[string]secret.Value{
		"grant_type":    secret.New("refresh_token"),
		"refresh_token": refresh,
	})
	if err == nil && t.Refresh.Empty() {
		t.Refresh = refresh
	}
	return t, err
}

// JWTBearer asks for a token with an assertion signed here (RFC 7523 section 2.1). Without a client secret no
// client is named: the assertion says who we are, and a bare id would be taken for a failed authentication.
func (c *Client) JWTBearer(ctx context.Context, e Endpoint, a Assertion) (Token, error) {
	if err := e.check(); err != nil {
		return Token{}, err
	}
	signed, err := a.sign(e, c.clock.Now())
	if err != nil {
		return Token{}, err
	}
	if e.ClientSecret.Empty() {
		e.ClientID = ""
	}
	t, err := c.request(ctx, e, map[string]secret.Value{
		"grant_type": secret.New("urn:ietf:params:oauth:grant-type:jwt-bearer"),
		"assertion":  signed,
		"scope":      e.scope(),
	})
	t.Refresh = secret.Value{} // a new assertion is as good as a refresh token, RFC 7521 section 4.1
	return t, err
}

func (e Endpoint) scope() secret.Value { return secret.New(strings.Join(e.Scopes, " ")) }

func (e Endpoint) needClientID() error {
	if e.ClientID == "" {
		return fault.New(fault.SettingsInvalid, "no client id in the settings or the secret").WithField("/auth/client_id")
	}
	return nil
}

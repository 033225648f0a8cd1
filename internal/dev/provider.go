package dev

import (
	"context"
	"net/http"
)

// Provider is the stack's OAuth 2.0 provider, as its administrator.
type Provider struct {
	Address string

	api *jsonAPI
}

func newProvider(address string) *Provider {
	return &Provider{Address: address, api: newAPI(address+"/admin/", nil)}
}

// Client is a client to register. Without a secret and without a key it is a public one.
type Client struct {
	Secret         string   `json:"secret,omitempty"`
	GrantTypes     []string `json:"grant_types,omitempty"` // empty: all
	Scopes         []string `json:"scopes,omitempty"`      // empty: openid, offline, api
	AccessTokenTTL string   `json:"access_token_ttl,omitempty"`
	RedirectURIs   []string `json:"redirect_uris,omitempty"` // on the loopback interface, the port does not matter
	JWTKey         string   `json:"jwt_key,omitempty"`       // PEM, the public key of its assertions
}

// Tokens are what a user's sign-in gave.
type Tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// TokenURL is the token endpoint.
func (p *Provider) TokenURL() string { return p.Address + "/token" }

// AuthorizeURL is where people sign in, DeviceURL where machines without a browser begin.
func (p *Provider) AuthorizeURL() string { return p.Address + "/authorize" }

// DeviceURL is the device authorization endpoint (RFC 8628).
func (p *Provider) DeviceURL() string { return p.Address + "/device_authorization" }

// IntrospectionURL is the introspection endpoint (RFC 7662).
func (p *Provider) IntrospectionURL() string { return p.Address + "/introspect" }

// PutClient registers a client, or changes it.
func (p *Provider) PutClient(ctx context.Context, id string, c Client) error {
	return p.api.do(ctx, http.MethodPut, "clients/"+id, c, nil)
}

// PutUser registers a user.
func (p *Provider) PutUser(ctx context.Context, name, password string) error {
	return p.api.do(ctx, http.MethodPut, "users/"+name, map[string]string{"password": password}, nil)
}

// Grant gives what a client has after a user signed in with it.
func (p *Provider) Grant(ctx context.Context, client, user string) (Tokens, error) {
	var t Tokens
	err := p.api.do(ctx, http.MethodPost, "grants", map[string]string{"client_id": client, "user": user}, &t)
	return t, err
}

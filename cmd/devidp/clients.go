package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/storage"
)

// clientSpec is a client as the admin API and the state file say it.
type clientSpec struct {
	// Secret may be empty: the client is public then, and must use PKCE.
	Secret string `json:"secret"`
	// RotatedSecrets are older secrets that still work.
	RotatedSecrets []string `json:"rotated_secrets"`
	// GrantTypes that the client may use; all by default.
	GrantTypes []string `json:"grant_types"`
	// Scopes that the client may ask for; openid, offline and api by default.
	Scopes       []string `json:"scopes"`
	RedirectURIs []string `json:"redirect_uris"`
	// AuthStyle holds the client to one way to authenticate: "header" or
	// "params"; either will do by default.
	AuthStyle string `json:"auth_style"`
	// AccessTokenTTL and RefreshTokenTTL are rounded to seconds by the engine;
	// an hour and thirty days by default.
	AccessTokenTTL  ttl `json:"access_token_ttl"`
	RefreshTokenTTL ttl `json:"refresh_token_ttl"`
	// JWTKey is a public key (PEM) that checks the client's assertions.
	JWTKey string `json:"jwt_key"`
	// AutoConsent names a user that /authorize signs in without asking.
	AutoConsent string `json:"auto_consent"`
	// OneToken ends the client's access tokens when it gets another.
	OneToken bool `json:"one_token"`
}

type userSpec struct {
	Password string `json:"password"`
}

// ttl is a duration, written as "90s" or as a number of seconds.
type ttl time.Duration

// MarshalJSON writes what UnmarshalJSON reads.
func (t ttl) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(t).String()) }

// UnmarshalJSON reads either way to write a duration.
func (t *ttl) UnmarshalJSON(raw []byte) error {
	var seconds float64
	if err := json.Unmarshal(raw, &seconds); err == nil {
		*t = ttl(seconds * float64(time.Second))
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("a duration is a string or a number of seconds: %w", err)
	}
	d, err := time.ParseDuration(text)
	*t = ttl(d)
	return err
}

// lifespans gives a client's tokens their own length of life.
type lifespans struct{ access, refresh time.Duration }

// GetEffectiveLifespan implements the engine's ClientWithCustomTokenLifespans.
func (l lifespans) GetEffectiveLifespan(_ fosite.GrantType, kind fosite.TokenType, fallback time.Duration) time.Duration {
	switch {
	case kind == fosite.AccessToken && l.access != 0:
		return l.access
	case kind == fosite.RefreshToken && l.refresh != 0:
		return l.refresh
	default:
		return fallback
	}
}

// client authenticates either way; strictClient in one way only. The engine
// tells them apart by their methods.
type client struct {
	*fosite.DefaultClient
	lifespans
}

type strictClient struct {
	*fosite.DefaultOpenIDConnectClient
	lifespans
}

var authMethods = map[string]string{"header": "client_secret_basic", "params": "client_secret_post"}

// putClient creates or replaces a client. Grants that it has stay as they are.
func (p *provider) putClient(ctx context.Context, id string, spec *clientSpec) error {
	built, err := p.buildClient(ctx, id, spec)
	if err != nil {
		return err
	}
	var key *jose.JSONWebKey
	if spec.JWTKey != "" {
		if key, err = parsePublicKey(spec.JWTKey); err != nil {
			return fmt.Errorf("jwt_key: %w", err)
		}
	}
	p.deleteClient(id)
	p.store.Clients[id] = built
	if key != nil {
		p.store.keys[id] = key
	}
	if spec.AutoConsent != "" {
		p.store.auto[id] = spec.AutoConsent
	}
	if spec.OneToken {
		p.store.single[id] = true
	}
	return nil
}

func (p *provider) deleteClient(id string) {
	delete(p.store.Clients, id)
	delete(p.store.keys, id)
	delete(p.store.auto, id)
	delete(p.store.single, id)
}

func (p *provider) buildClient(ctx context.Context, id string, spec *clientSpec) (fosite.Client, error) {
	for _, grant := range spec.GrantTypes {
		if !slices.Contains(grantTypes, grant) {
			return nil, fmt.Errorf("grant_types: %q is not one of %v", grant, grantTypes)
		}
	}
	base := &fosite.DefaultClient{
		ID:            id,
		RedirectURIs:  spec.RedirectURIs,
		GrantTypes:    orElse(spec.GrantTypes, grantTypes),
		ResponseTypes: []string{"code"},
		Scopes:        orElse(spec.Scopes, []string{"openid", "offline", "api"}),
		Audience:      []string{p.config.TokenURL}, // what an assertion is addressed to
		Public:        spec.Secret == "" && spec.JWTKey == "",
	}
	if err := p.hashSecrets(ctx, base, spec); err != nil {
		return nil, err
	}
	life := lifespans{access: time.Duration(spec.AccessTokenTTL), refresh: time.Duration(spec.RefreshTokenTTL)}
	if spec.AuthStyle == "" {
		return &client{base, life}, nil
	}
	method, ok := authMethods[spec.AuthStyle]
	if !ok {
		return nil, fmt.Errorf("auth_style: %q is neither header nor params", spec.AuthStyle)
	}
	return &strictClient{&fosite.DefaultOpenIDConnectClient{DefaultClient: base, TokenEndpointAuthMethod: method}, life}, nil
}

func (p *provider) hashSecrets(ctx context.Context, c *fosite.DefaultClient, spec *clientSpec) (err error) {
	hasher := p.config.GetSecretsHasher(ctx)
	if spec.Secret != "" {
		if c.Secret, err = hasher.Hash(ctx, []byte(spec.Secret)); err != nil {
			return fmt.Errorf("secret: %w", err)
		}
	}
	for _, old := range spec.RotatedSecrets {
		hash, err := hasher.Hash(ctx, []byte(old))
		if err != nil {
			return fmt.Errorf("rotated_secrets: %w", err)
		}
		c.RotatedSecrets = append(c.RotatedSecrets, hash)
	}
	return nil
}

func (p *provider) putUser(name string, spec userSpec) {
	p.store.Users[name] = storage.MemoryUserRelation{Username: name, Password: spec.Password}
}

func orElse(list, fallback []string) []string {
	if len(list) == 0 {
		return fallback
	}
	return list
}

func parsePublicKey(text string) (*jose.JSONWebKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("not PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	return &jose.JSONWebKey{Key: key, KeyID: keyID, Use: "sig"}, nil
}

// loadState reads clients and users from a file.
func (p *provider) loadState(ctx context.Context, path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	var state struct {
		Clients map[string]*clientSpec `json:"clients"`
		Users   map[string]userSpec    `json:"users"`
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return fmt.Errorf("--state %s: %w", path, err)
	}
	for id, spec := range state.Clients {
		if spec == nil {
			return fmt.Errorf("--state %s: client %q is null", path, id)
		}
		if err := p.putClient(ctx, id, spec); err != nil {
			return fmt.Errorf("--state %s: client %q: %w", path, id, err)
		}
	}
	for name, spec := range state.Users {
		p.putUser(name, spec)
	}
	return nil
}

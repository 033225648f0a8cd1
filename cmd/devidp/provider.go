package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/token/jwt"
	"golang.org/x/crypto/bcrypt"
)

// The grant types that the token endpoint knows.
const (
	grantCode     = "authorization_code"
	grantClient   = "client_credentials"
	grantRefresh  = "refresh_token"
	grantPassword = "password"
	grantJWT      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantDevice   = "urn:ietf:params:oauth:grant-type:device_code"
)

var grantTypes = []string{grantCode, grantClient, grantRefresh, grantPassword, grantJWT, grantDevice}

// keyID names the one key that signs ID tokens.
const keyID = "devidp"

// provider is the OAuth engine with its store and signing key.
type provider struct {
	issuer   string
	engine   *fosite.Fosite
	store    *store
	strategy *compose.CommonStrategy
	config   *fosite.Config
	key      *rsa.PrivateKey
}

func newProvider(issuer string, c *calls) (*provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	p := &provider{issuer: issuer, store: newStore(c), key: key, config: newConfig(issuer, secret)}
	keyGetter := func(context.Context) (any, error) { return p.key, nil }
	p.strategy = &compose.CommonStrategy{
		CoreStrategy:               compose.NewOAuth2HMACStrategy(p.config),
		OpenIDConnectTokenStrategy: compose.NewOpenIDConnectStrategy(keyGetter, p.config),
		Signer:                     &jwt.DefaultSigner{GetPrivateKey: keyGetter},
	}
	engine := compose.Compose(p.config, p.store, p.strategy,
		compose.OAuth2AuthorizeExplicitFactory,
		compose.OAuth2ClientCredentialsGrantFactory,
		compose.OAuth2RefreshTokenGrantFactory,
		compose.OAuth2ResourceOwnerPasswordCredentialsFactory, //nolint:staticcheck // discouraged, and still met
		compose.RFC7523AssertionGrantFactory,
		compose.OpenIDConnectExplicitFactory,
		compose.OpenIDConnectRefreshFactory,
		compose.OAuth2TokenIntrospectionFactory,
		compose.OAuth2TokenRevocationFactory,
		compose.OAuth2PKCEFactory,
	)
	f, ok := engine.(*fosite.Fosite)
	if !ok {
		return nil, errors.New("the engine is not the one this was written for")
	}
	p.engine = f
	p.config.ClientAuthenticationStrategy = p.authenticateClient
	return p, nil
}

func newConfig(issuer string, secret []byte) *fosite.Config {
	return &fosite.Config{
		AccessTokenLifespan:         time.Hour,
		RefreshTokenLifespan:        30 * 24 * time.Hour,
		AuthorizeCodeLifespan:       10 * time.Minute,
		IDTokenLifespan:             time.Hour,
		IDTokenIssuer:               issuer,
		AccessTokenIssuer:           issuer,
		TokenURL:                    issuer + "/token",
		HashCost:                    bcrypt.MinCost, // tests count on speed, and hide nothing here
		ScopeStrategy:               fosite.ExactScopeStrategy,
		GlobalSecret:                secret,
		EnforcePKCEForPublicClients: true,
		// Common JWT libraries send no jti.
		GrantTypeJWTBearerIDOptional:  true,
		GrantTypeJWTBearerMaxDuration: 24 * time.Hour,
		// Without one of these a client gets no refresh token.
		RefreshTokenScopes: []string{"offline", "offline_access"},
	}
}

// authenticateClient lets an assertion stand for the client that issued it,
// where no other authentication is sent (RFC 7521, section 4.1). The grant's
// handler checks the signature.
func (p *provider) authenticateClient(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
	_, _, basic := r.BasicAuth()
	if form.Get("grant_type") != grantJWT || basic || form.Get("client_id") != "" {
		return p.engine.DefaultClientAuthenticationStrategy(ctx, r, form)
	}
	client, err := p.store.GetClient(ctx, assertionIssuer(form.Get("assertion")))
	if err != nil {
		return nil, fosite.ErrInvalidGrant.WithHint("The assertion's issuer is unknown.").WithWrap(err)
	}
	return client, nil
}

// newSession begins a session of the user, or of nobody in particular.
func (p *provider) newSession(user string, at time.Time) *openid.DefaultSession {
	return &openid.DefaultSession{
		Username: user,
		Subject:  user,
		Claims: &jwt.IDTokenClaims{Subject: user, Issuer: p.issuer, AuthTime: at, RequestedAt: at,
			Extra: map[string]any{"preferred_username": user}},
		Headers: &jwt.Headers{Extra: map[string]any{"kid": keyID}},
	}
}

func (p *provider) publicKeys() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
		Key: &p.key.PublicKey, KeyID: keyID, Algorithm: "RS256", Use: "sig",
	}}}
}

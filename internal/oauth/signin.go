package oauth

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// SignIn lets people sign in at an OpenID Connect provider with an authorization code, PKCE and a nonce (OpenID
// Connect Core section 3.1). It reads the provider's metadata at the first use, and again after a failure.
type SignIn struct {
	client      *Client
	issuer      string
	id          string
	secret      secret.Value
	redirectURI string

	mu       sync.Mutex
	provider *oidc.Provider
}

// NewSignIn is for one client at one provider; issuer is the URL that its ID tokens name.
func NewSignIn(c *Client, issuer, clientID string, clientSecret secret.Value, redirectURI string) *SignIn {
	return &SignIn{client: c, issuer: issuer, id: clientID, secret: clientSecret, redirectURI: redirectURI}
}

// discover gives the provider, asked for its metadata once.
func (s *SignIn) discover(ctx context.Context) (*oidc.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.provider != nil {
		return s.provider, nil
	}
	p, err := oidc.NewProvider(s.calling(ctx), s.issuer)
	if err != nil {
		return nil, fault.Wrap(fault.ProviderUnavailable, "the identity provider's metadata can not be read", err).
			WithHint("is console.issuer right, and does it serve /.well-known/openid-configuration?")
	}
	s.provider = p
	return p, nil
}

// calling makes the library use our client, and bounds what it asks for.
func (s *SignIn) calling(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Transport: s.client.http.Transport, CheckRedirect: noRedirect, Timeout: s.client.timeout})
}

func (s *SignIn) authorization(p *oidc.Provider, state string, verifier secret.Value) (Authorization, Endpoint) {
	at := p.Endpoint()
	return Authorization{AuthorizeURL: at.AuthURL, RedirectURI: s.redirectURI, State: state, Verifier: verifier},
		Endpoint{TokenURL: at.TokenURL, ClientID: s.id, ClientSecret: s.secret, Scopes: s.scopes(p)}
}

// URL is where to send the person's browser.
func (s *SignIn) URL(ctx context.Context, state string, verifier secret.Value, nonce string) (string, error) {
	p, err := s.discover(ctx)
	if err != nil {
		return "", err
	}
	a, e := s.authorization(p, state, verifier)
	a.Params = map[string]string{"nonce": nonce}
	return a.URL(e)
}

// Issued tells whether an answer that names its issuer (RFC 9207; empty: it does not) is this provider's.
func (s *SignIn) Issued(issuer string) bool { return issuer == "" || issuer == s.issuer }

// scopes are openid, and of the others those that the provider says it knows.
func (s *SignIn) scopes(p *oidc.Provider) []string {
	var known struct {
		Scopes []string `json:"scopes_supported"`
	}
	scopes := []string{oidc.ScopeOpenID}
	if p.Claims(&known) != nil {
		return scopes
	}
	for _, scope := range known.Scopes {
		if scope == "profile" || scope == "email" {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// Finish exchanges the code, verifies the ID token, and gives its claims.
func (s *SignIn) Finish(ctx context.Context, code, verifier secret.Value, nonce string) (map[string]any, error) {
	p, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	a, e := s.authorization(p, "", verifier)
	t, err := s.client.Exchange(ctx, e, a, code)
	if err != nil {
		return nil, err
	}
	verify := p.VerifierContext(s.calling(ctx), &oidc.Config{ClientID: s.id})
	token, err := verify.Verify(ctx, t.identity.Reveal())
	if err != nil {
		return nil, unproven(err)
	}
	if nonce == "" || token.Nonce != nonce {
		return nil, unproven(nil)
	}
	claims := make(map[string]any)
	if err := token.Claims(&claims); err != nil {
		return nil, unproven(err)
	}
	return claims, nil
}

func unproven(err error) error {
	return fault.Wrap(fault.BadCredentials, "the identity provider's ID token does not prove who signed in", err).
		WithHint("sign in again; check console.client_id and the clocks")
}

// Claim is a claim that is text; a dot leads into an object. An e-mail address that the provider says nobody has
// verified is none: whoever has the account may have written any.
func Claim(claims map[string]any, name string) string {
	if verified := claims["email_verified"]; name == "email" && (verified == false || verified == "false") {
		return ""
	}
	first, rest, nested := strings.Cut(name, ".")
	if whole, ok := claims[name].(string); ok || !nested {
		return whole
	}
	inner, _ := claims[first].(map[string]any)
	return Claim(inner, rest)
}

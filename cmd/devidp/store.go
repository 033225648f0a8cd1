package main

import (
	"context"
	"maps"

	"github.com/go-jose/go-jose/v3"
	josejwt "github.com/go-jose/go-jose/v3/jwt"
	"github.com/ory/fosite"
	"github.com/ory/fosite/storage"
)

// store is the engine's memory store with clients and users that can be
// changed, and an eye on refresh tokens that are used twice. Its callers take
// turns, so it has no lock of its own.
type store struct {
	*storage.MemoryStore
	calls   *calls
	keys    map[string]*jose.JSONWebKey // by client, to check its assertions
	auto    map[string]string           // by client, the user signed in without asking
	single  map[string]bool             // clients that have one access token at a time
	rotated map[string]bool             // signatures of refresh tokens that were exchanged
	devices map[string]*device          // by device code
}

func newStore(c *calls) *store {
	return &store{
		MemoryStore: storage.NewMemoryStore(),
		calls:       c,
		keys:        map[string]*jose.JSONWebKey{},
		auto:        map[string]string{},
		single:      map[string]bool{},
		rotated:     map[string]bool{},
		devices:     map[string]*device{},
	}
}

// Authenticate checks a user's password. The engine takes what it returns for
// the subject.
func (s *store) Authenticate(_ context.Context, name, password string) (string, error) {
	user, ok := s.Users[name]
	if !ok || user.Password != password {
		return "", fosite.ErrNotFound.WithDebug("no such user, or another password")
	}
	return name, nil
}

// RotateRefreshToken remembers the token that was exchanged, to tell its reuse
// from the use of a revoked one.
func (s *store) RotateRefreshToken(ctx context.Context, requestID, signature string) error {
	s.rotated[signature] = true
	return s.MemoryStore.RotateRefreshToken(ctx, requestID, signature)
}

// DeleteRefreshTokenSession is what the engine does with an inactive token that
// somebody tried to use, before it ends the whole family. The token stays, so
// that a second reuse is told from an unknown token too.
func (s *store) DeleteRefreshTokenSession(_ context.Context, signature string) error { //nolint:unparam // the engine asks for an error
	if s.rotated[signature] {
		s.calls.reused()
	}
	return nil
}

// CreateAccessTokenSession keeps a new access token, in place of the others where its client may have but one.
func (s *store) CreateAccessTokenSession(ctx context.Context, signature string, r fosite.Requester) error {
	if id := r.GetClient().GetID(); s.single[id] {
		maps.DeleteFunc(s.AccessTokens, func(_ string, old fosite.Requester) bool { return old.GetClient().GetID() == id })
	}
	return s.MemoryStore.CreateAccessTokenSession(ctx, signature, r)
}

// The keys that assertions are checked with belong to clients: the issuer is
// the client's id, the subject anybody, the key id whatever the library sent.

func (s *store) GetPublicKey(_ context.Context, issuer, _, _ string) (*jose.JSONWebKey, error) {
	if key, ok := s.keys[issuer]; ok {
		return key, nil
	}
	return nil, fosite.ErrNotFound
}

func (s *store) GetPublicKeys(ctx context.Context, issuer, subject string) (*jose.JSONWebKeySet, error) {
	key, err := s.GetPublicKey(ctx, issuer, subject, "")
	if err != nil {
		return nil, err
	}
	return &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{*key}}, nil
}

func (s *store) GetPublicKeyScopes(ctx context.Context, issuer, _, _ string) ([]string, error) {
	client, err := s.GetClient(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return client.GetScopes(), nil
}

// assertionIssuer reads who says to have signed the assertion, unchecked.
func assertionIssuer(assertion string) string {
	token, err := josejwt.ParseSigned(assertion)
	if err != nil {
		return ""
	}
	var claims josejwt.Claims
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return ""
	}
	return claims.Issuer
}

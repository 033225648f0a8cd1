package authn

import (
	"context"
	"time"

	"holdfast/internal/connection"
	"holdfast/internal/credential"
)

// Reject drops the access token that a target refused, so that the next call gets another. False where
// another try would be the same: the credential is no token, or a refreshed one that was made for this very request
// or as the replacement of a refused one. Alone has to come before the other try.
func (a *Authenticator) Reject(e *connection.Entry, c credential.Credential) bool {
	if !credential.Method(e.Auth.Method).AsksProvider() {
		return false
	}
	sl, ok := a.slots.Peek(key{e.Tenant, e.ID, e.Generation, c.SecretVersion})
	again := !ok || sl.reject(fingerprint(c.Value), a.o.Clock.Now())
	return again || minted(e)
}

// coarse is by how much a provider's word for a token's end may be off: it is said in whole seconds.
const coarse = time.Second

// Passed tells whether an access token that a target refused has ended, or gave way to another one: providers may end
// the old one when they are asked for a new one. Such a refusal says nothing about the credentials, however new the
// token was, and the next call gets another. What is minted is not kept where all workers see it: such a token may have
// given way unless ctx is of Alone and no other worker can have got one since. An error: it can not be told now.
func (a *Authenticator) Passed(ctx context.Context, e *connection.Entry, c credential.Credential) (bool, error) {
	if !credential.Method(e.Auth.Method).AsksProvider() {
		return false, nil
	}
	passed := !c.Expires.IsZero() && a.o.Clock.Now().Add(coarse).After(c.Expires)
	if !passed {
		var err error
		if passed, err = a.gaveWay(ctx, e, c); err != nil {
			return false, err
		}
	}
	if passed {
		a.Reject(e, c)
	}
	return passed, nil
}

func (a *Authenticator) gaveWay(ctx context.Context, e *connection.Entry, c credential.Credential) (bool, error) {
	if minted(e) {
		alone, err := a.wasAlone(ctx, e)
		return !alone, err
	}
	return a.replaced(ctx, e, c)
}

// replaced tells whether another worker has refreshed the token, or is at it.
func (a *Authenticator) replaced(ctx context.Context, e *connection.Entry, c credential.Credential) (bool, error) {
	s, err := a.o.Tokens.Token(ctx, e.Tenant, e.ID)
	if err != nil {
		return false, err
	}
	f := parseFamily(s)
	return fingerprint(f.access) != fingerprint(c.Value) || f.unfinished(f.refresh), nil
}

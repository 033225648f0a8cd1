package authn

import (
	"context"

	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
)

// Revoke takes the refresh token of a deleted connection back at its provider, where the settings name a
// revoke URL (RFC 7009). done tells that there was something to take back. It is noted in the token secret, so
// that no worker does it again for the same token; the lease keeps a refresh from getting another meanwhile.
//
// Faults say that it was not done: VaultUnavailable and its like, LeaseHeld, the provider's. Those of a secret
// that is gone are none: there is nothing left to take back.
func (a *Authenticator) Revoke(ctx context.Context, e *connection.Entry) (done bool, err error) {
	if e.Auth.RevokeURL == "" || credential.Method(e.Auth.Method) != credential.RefreshToken {
		return false, nil
	}
	err = fault.New(fault.Draining, "the worker is stopping")
	a.life.run(ctx, func(ctx context.Context) { done, err = a.revoke(ctx, e) })
	if f := fault.From(err); f != nil && gone(f.Reason) {
		return false, nil
	}
	return done, err
}

// gone are the reasons for which there is no secret to read.
func gone(r fault.Reason) bool {
	return r == fault.SecretMissing || r == fault.SecretDeleted || r == fault.SecretDestroyed || r == fault.SecretMalformed
}

func (a *Authenticator) revoke(ctx context.Context, e *connection.Entry) (bool, error) {
	lease, err := a.o.Leases.Acquire(ctx, leaseKey(e), leaseTTL)
	if err != nil {
		return false, err
	}
	defer a.release(ctx, lease)
	config, err := a.o.Tokens.Config(ctx, e.Tenant, e.ID, true)
	if err != nil {
		return false, err
	}
	s, err := a.o.Tokens.Token(ctx, e.Tenant, e.ID)
	if err != nil {
		return false, err
	}
	origin, _ := config.Get(fieldRefresh)
	f := parseFamily(s)
	token := f.next(origin)
	if token.Empty() || f.revoked == fingerprint(token) {
		return false, nil
	}
	o := order{entry: e, secret: config, method: credential.RefreshToken}
	if _, err := a.asClient(o, config, func(at oauth.Endpoint) (oauth.Token, error) {
		return oauth.Token{}, a.o.OAuth.Revoke(ctx, at, e.Auth.RevokeURL, token)
	}); err != nil {
		return false, err
	}
	fields := values(fieldRevoked, fingerprint(token))
	fields[fieldAccess] = secret.Value{} // so that nobody adopts it should the connection come back
	_, err = a.o.Tokens.PutToken(ctx, e.Tenant, e.ID, f.version, fields)
	return true, err
}

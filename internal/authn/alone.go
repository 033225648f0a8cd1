package authn

import (
	"context"
	"sync"

	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// turn is a connection's token lease, kept while a target is asked what it thinks of a token.
type turn struct {
	key   string
	lease Lease
	// stop ends its renewing.
	stop func()
}

type turnKey struct{}

// turnOf is the turn that ctx has for the connection, nil where it has none.
func turnOf(ctx context.Context, e *connection.Entry) *turn {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok && t.key == leaseKey(e) {
		return t
	}
	return nil
}

// Alone readies another try after Reject. Providers may end a client's token when it is asked for the next one, so a token
// that is to say something about the credentials is minted, and used, while no other worker gets any: Authenticate mints
// one with the context that Alone gives, until release. Where a token has come since the refused one, that is tried as it
// is. LeaseHeld: another worker is getting a token, or finds out about the credentials.
func (a *Authenticator) Alone(ctx context.Context, e *connection.Entry, refused credential.Credential) (_ context.Context, release func(), err error) {
	if !minted(e) || a.hasAnother(e, refused) {
		return ctx, func() {}, nil
	}
	lease, err := a.o.Leases.Acquire(ctx, leaseKey(e), leaseTTL)
	if err != nil {
		return ctx, nil, err
	}
	t := &turn{key: leaseKey(e), lease: lease, stop: sync.OnceFunc(a.renewing(ctx, lease))}
	return context.WithValue(ctx, turnKey{}, t), func() { t.stop(); a.release(ctx, lease) }, nil
}

// minted tells whether the connection's tokens cost nothing but the request.
func minted(e *connection.Entry) bool {
	m := credential.Method(e.Auth.Method)
	return m == credential.ClientCredentials || m == credential.JWTBearer
}

func (a *Authenticator) hasAnother(e *connection.Entry, refused credential.Credential) bool {
	sl, ok := a.slots.Peek(key{e.Tenant, e.ID, e.Generation, refused.SecretVersion})
	if !ok {
		return false
	}
	h, _ := sl.current()
	return h.good(a.o.Clock.Now()) && fingerprint(h.access) != fingerprint(refused.Value)
}

// wasAlone tells whether no other worker can have got a token since ctx has its turn.
func (a *Authenticator) wasAlone(ctx context.Context, e *connection.Entry) (bool, error) {
	t := turnOf(ctx, e)
	if t == nil {
		return false, nil
	}
	t.stop()
	err := t.lease.Renew(ctx, leaseTTL)
	if fault.Is(err, fault.LeaseHeld) {
		return false, nil // it was lost
	}
	return err == nil, err
}

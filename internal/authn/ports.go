package authn

import (
	"context"
	"time"

	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// TokenStore is Vault, as far as refreshing needs it; a vaultclient.Client is one.
type TokenStore interface {
	// Config is the connection's config secret; fresh goes past caches.
	Config(ctx context.Context, tenant, connection string, fresh bool) (vaultclient.Secret, error)
	// Token is the connection's worker-owned secret; the zero Secret where nothing was ever written.
	Token(ctx context.Context, tenant, connection string) (vaultclient.Secret, error)
	// PutToken writes the named fields, the others stay, if the version still is cas; else Conflict.
	PutToken(ctx context.Context, tenant, connection string, cas int, fields map[string]secret.Value) (int, error)
}

// Leases let one worker at a time do something.
type Leases interface {
	// Acquire takes the lease for ttl (whole seconds); LeaseHeld where somebody has it.
	Acquire(ctx context.Context, key string, ttl time.Duration) (Lease, error)
}

// Lease is held until it is released or its time is over.
type Lease interface {
	// Renew lets it end ttl from now; an error means that it may be somebody else's by now.
	Renew(ctx context.Context, ttl time.Duration) error
	// Release gives it back if it is still ours.
	Release(ctx context.Context) error
}

// LeasesFrom makes Leases of an Acquire that gives a type of its own.
func LeasesFrom[L Lease](acquire func(context.Context, string, time.Duration) (L, error)) Leases {
	return leasesFunc(func(ctx context.Context, key string, ttl time.Duration) (Lease, error) {
		l, err := acquire(ctx, key, ttl)
		if err != nil {
			return nil, err
		}
		return l, nil
	})
}

type leasesFunc func(context.Context, string, time.Duration) (Lease, error)

func (f leasesFunc) Acquire(ctx context.Context, key string, ttl time.Duration) (Lease, error) {
	return f(ctx, key, ttl)
}

// Clock is the time that all workers share: what one writes down as a token's end, the others read.
type Clock interface{ Now() time.Time }

// Observer counts what happens.
type Observer interface {
	// TokenLookup is one look for an access token in memory.
	TokenLookup(hit bool)
	// TokenRequest begins one request to a provider; answered is called with why it gave no token, nil where it did.
	TokenRequest(ctx context.Context, method credential.Method) (answered func(*fault.Fault))
	// TokenStoreFailed is a new refresh token that could not be stored at once; it is tried again.
	TokenStoreFailed(reason fault.Reason)
}

type unobserved struct{}

func (unobserved) TokenLookup(bool)              {}
func (unobserved) TokenStoreFailed(fault.Reason) {}
func (unobserved) TokenRequest(context.Context, credential.Method) func(*fault.Fault) {
	return func(*fault.Fault) {}
}

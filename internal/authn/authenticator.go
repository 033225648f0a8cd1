package authn

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/vaultclient"
)

// Options are what an Authenticator works with. OAuth, Tokens, Leases and Clock are needed.
type Options struct {
	OAuth    *oauth.Client
	Tokens   TokenStore
	Leases   Leases
	Clock    Clock
	Observer Observer // may be nil
	// RenewAhead is how long before its end an access token is renewed: 90 s when zero, a fifth of the
	// token's life at most, give or take a quarter.
	RenewAhead time.Duration
	// RefreshLife is how long a refresh token lives by the connection's type, 0 where that is not known: for
	// providers that do not say. May be nil.
	RefreshLife func(*connection.Entry) time.Duration
	// LearnEnds hears when the credentials of a connection's generation end, all that are known. May be nil.
	LearnEnds func(ctx context.Context, tenant, connection string, generation uint64, ends []connection.End) error
}

// slots bounds the access tokens in memory; the least used go first.
const slots = 100_000

const (
	defaultRenewAhead = 90 * time.Second
	// leaseTTL is the life of a refresh lease. It is renewed while a refresh lasts, so it says how long a worker that
	// died holds the others up.
	leaseTTL = 15 * time.Second
	// storeFor is how long a new refresh token is tried to be stored before it is given up.
	storeFor = 24 * time.Hour
)

// Authenticator makes credentials. Its methods may be called from many goroutines. Close it at the end.
type Authenticator struct {
	o       Options
	slots   *lru.Cache[key, *slot]
	flights singleflight.Group
	life    *lifetime
	storing *storing
	looks   *rate.Limiter // of KeepAlive at Vault
}

// New makes an Authenticator.
func New(o Options) *Authenticator {
	if o.Observer == nil {
		o.Observer = unobserved{}
	}
	if o.RenewAhead <= 0 {
		o.RenewAhead = defaultRenewAhead
	}
	cache, err := lru.New[key, *slot](slots)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Authenticator{o: o, slots: cache, life: newLifetime(), storing: newStoring(),
		looks: rate.NewLimiter(looksPerSecond, looksPerSecond)}
}

// Authenticate gives a credential for the connection's settings and this version of its secret, from the
// access tokens in memory where there is a good one. Faults of class Auth and Settings mean that these
// credentials do not work; SecretMalformed and SettingsInvalid name the field. Others mean that it could not
// be tried. The credential's SecretVersion is later than s's where a refresh found the secret changed.
//
// asked is when somebody asked for another try (zero: nobody did): refusals noted before that do not count.
func (a *Authenticator) Authenticate(ctx context.Context, e *connection.Entry, s vaultclient.Secret, asked time.Time) (credential.Credential, error) {
	switch method := credential.Method(e.Auth.Method); method {
	case credential.None:
		return credential.Credential{SecretVersion: s.Version}, nil
	case credential.Basic, credential.APIKey, credential.Bearer:
		return static(e.Auth, s)
	case credential.ClientCredentials, credential.JWTBearer, credential.RefreshToken:
		return a.token(ctx, order{entry: e, secret: s, method: method, asked: asked})
	default:
		return credential.Credential{}, fault.New(fault.SettingsInvalid, "the authentication method is unknown").
			WithField("/auth/method")
	}
}

// Close waits until the refreshes under way are stored, or ctx ends; nothing runs on after it. The tokens
// of those cut off are lost, and found to be so.
func (a *Authenticator) Close(ctx context.Context) error { return a.life.end(ctx) }

package console

import (
	"context"
	"iter"
	"time"

	"holdfast/internal/catalog"
	"holdfast/internal/connection"
	"holdfast/internal/oauth"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// Registry is the current state of every connection.
type Registry interface {
	// Fresh is an entry and its revision as the leader has it; (nil, 0) where there is none.
	Fresh(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error)
	// All gives every entry.
	All() iter.Seq[*connection.Entry]
}

// Permissions are permission sets, and the users, groups, roles and places that they stand on.
type Permissions interface {
	Of(tenant string) *permission.Snapshot
}

// Secrets is Vault, as far as an exchange needs it; what is written goes through Changes.
type Secrets interface {
	// Config is the connection's secret; fresh goes past the cache.
	Config(ctx context.Context, tenant, id string, fresh bool) (vaultclient.Secret, error)
}

// Changes carries changes of connections out: the secret to Vault, the event to the bus, and a worker's answer.
type Changes interface {
	Do(ctx context.Context, c ops.Change) (ops.ChangeView, error)
}

// SignIns are the sign-ins that were used.
type SignIns interface {
	// Use notes that a sign-in is used. Conflict: it was used before.
	Use(ctx context.Context, id string, note []byte) (revision uint64, err error)
	// End replaces the note.
	End(ctx context.Context, id string, note []byte, revision uint64) error
	// Note is what was noted last; nil where there is nothing.
	Note(ctx context.Context, id string) ([]byte, error)
}

// Provider exchanges codes for tokens.
type Provider interface {
	Exchange(ctx context.Context, e oauth.Endpoint, a oauth.Authorization, code secret.Value) (oauth.Token, error)
	StartDevice(ctx context.Context, e oauth.Endpoint, deviceURL string) (oauth.Device, error)
	AwaitDevice(ctx context.Context, e oauth.Endpoint, d oauth.Device) (oauth.Token, error)
}

// People signs people in to the console itself.
type People interface {
	URL(ctx context.Context, state string, verifier secret.Value, nonce string) (string, error)
	Finish(ctx context.Context, code, verifier secret.Value, nonce string) (claims map[string]any, err error)
	// Issued tells whether an answer that names its issuer (empty: it does not) is the provider's.
	Issued(issuer string) bool
}

// Usage tells when each of a tenant's connections was last used, where that is known.
type Usage interface {
	LastUses(ctx context.Context, tenant string) (map[string]time.Time, error)
}

// Clock is the bus's time.
type Clock interface{ Now() time.Time }

// Types is the catalog of connection types.
type Types interface {
	Lookup(name string) (*catalog.Type, bool)
}

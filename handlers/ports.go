package handlers

import (
	"context"
	"iter"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/vaultclient"
)

// Every port returns *fault.Fault errors: BusUnavailable where the bus did not answer (the caller retries
// the whole delivery), Conflict where somebody else was first (the caller looks again).

// Journal is the ledgers and the chains: streams in which a subject's last message is its state. The
// publish that lands is the decision.
type Journal interface {
	// Last is the subject's last record as the stream's leader has it; the zero Record where there is none.
	Last(ctx context.Context, subject string) (events.Record, error)
	// Append publishes e, expecting the subject's last sequence to be after (0: none), and waits until it
	// is stored. Conflict: somebody was first. A publish whose answer was lost is found again by its event
	// id, so Conflict never means "it was us".
	Append(ctx context.Context, subject string, after uint64, e events.Event) (sequence uint64, err error)
	// Each gives the last record of every chain that matches filter (events.ChainsFilter), as the stream
	// held them when it was asked; it ends with an error when the bus fails in the middle.
	Each(ctx context.Context, filter string) iter.Seq2[events.ChainRecord, error]
}

// Timers are the alarms of suspensions: one for each deciding event that leaves a chain waiting.
type Timers interface {
	// Set makes sure that the alarm of the chain's event at sequence rings once ttl has passed (whole
	// seconds, rounded up, one at least). One that is there already is left as it is.
	Set(ctx context.Context, c events.Chain, sequence uint64, ttl time.Duration) error
	// SetAgain sets an alarm that has rung. One that was set again already is left as it is.
	SetAgain(ctx context.Context, c events.Chain, sequence uint64, ttl time.Duration) error
	// Cancel takes the alarm away; none there is no error.
	Cancel(ctx context.Context, c events.Chain, sequence uint64) error
}

// Registry is the current state of every connection.
type Registry interface {
	// Get is the entry and its revision, from a cache fed by a watch, read through on a miss. (nil, 0) for
	// a connection that has no entry. The entry is shared: do not change it.
	Get(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error)
	// Fresh is Get as the leader has it.
	Fresh(ctx context.Context, tenant, id string) (*connection.Entry, uint64, error)
	// Put stores the entry, expecting revision to be the last (0: no entry). Conflict: somebody was first.
	Put(ctx context.Context, e *connection.Entry, revision uint64) (uint64, error)
	// All gives every entry of the cache.
	All() iter.Seq[*connection.Entry]
}

// Runs knows the runs that were terminated: their later requests are denied.
type Runs interface {
	Terminated(tenant, run string) bool
	Terminate(ctx context.Context, tenant, run string) error
}

// Notices publishes what people should know and nothing is decided from.
type Notices interface {
	// Notify publishes once for each event id within the stream's duplicate window.
	Notify(ctx context.Context, tenant string, e events.Event) error
}

// Leases let one worker do what all could: poll, sweep.
type Leases interface {
	// Hold takes the lease for ttl (whole seconds, one at least) unless somebody holds it. It is not given
	// back: it ends by itself.
	Hold(ctx context.Context, key string, ttl time.Duration) (bool, error)
}

// Clock is the bus's time: workers' own clocks may be minutes apart.
type Clock interface {
	Now() time.Time
}

// Secrets is Vault, as far as handlers look at it.
type Secrets interface {
	// Config is the connection's secret; fresh goes past the cache.
	Config(ctx context.Context, tenant, id string, fresh bool) (vaultclient.Secret, error)
	// ConfigVersion reads metadata only.
	ConfigVersion(ctx context.Context, tenant, id string) (vaultclient.Version, error)
	// Forget drops what is cached.
	Forget(tenant, id string)
}

// Authenticator turns a connection and its secret into a credential. Failures of class Auth and Settings
// mean that these credentials do not work; others mean that it could not be tried.
type Authenticator interface {
	// Authenticate gives a credential for the connection's current settings and this version of its
	// secret, from its cache of access tokens where there is a good one.
	Authenticate(ctx context.Context, e *connection.Entry, s vaultclient.Secret) (credential.Credential, error)
	// Reject drops the cached access token that a target refused, so that the next call gets another;
	// false when the credential did not come from a cache and another try would be the same.
	Reject(e *connection.Entry, c credential.Credential) bool
}

// Connectors finds the connector that an action names.
type Connectors interface {
	Lookup(name string) (connector.Connector, bool)
}

package handlers

import (
	"context"
	"iter"
	"time"

	"holdfast/events"
	"holdfast/internal/catalog"
	"holdfast/internal/connection"
	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/internal/permission"
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
	// Answered tells whether every event of the chains up to a sequence was answered for good, by whichever worker:
	// none has it in hand, and it does not come again.
	Answered(ctx context.Context, sequence uint64) (bool, error)
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
	// Current is the entry from the cache, once that shows everything that was stored when it was called: a leader
	// that was just elected may be behind. nil where there is none. Conflict: it does not show that yet.
	Current(ctx context.Context, tenant, id string) (*connection.Entry, error)
	// Put stores the entry, expecting revision to be the last (0: no entry). Conflict: somebody was first.
	Put(ctx context.Context, e *connection.Entry, revision uint64) (uint64, error)
	// Settled tells whether every connection event of a tenant before the one at sequence was answered, by
	// whichever worker.
	Settled(ctx context.Context, tenant string, sequence uint64) (bool, error)
	// Known is until when, by the bus's clock, everything that was stored is known here, as it was last proven.
	Known() time.Time
	// Drop takes an entry away that says no more than that there is none. Conflict: revision is not the last.
	Drop(ctx context.Context, tenant, id string, revision uint64) error
	// All gives every entry of the cache.
	All() iter.Seq[*connection.Entry]
}

// Facts are the users, groups, role holders, places, processes and permission sets of every tenant, as upstream systems last
// described them. A worker begins when all of them are read.
type Facts interface {
	// Get is a fact and its revision, from a cache fed by a watch, read through on a miss. The zero Fact and 0
	// where there is none; one that was removed is there and says so. Do not change its Data.
	Get(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error)
	// Fresh is Get as the leader has it.
	Fresh(ctx context.Context, tenant string, kind events.FactKind, id string) (events.Fact, uint64, error)
	// Put stores a fact, expecting revision to be the last (0: none). Conflict: somebody was first.
	Put(ctx context.Context, f events.Fact, revision uint64) (uint64, error)
	// Settled makes sure that every change of a tenant's that was published before t, by the bus's clock, is
	// known here. Conflict: some of it is still on its way.
	Settled(ctx context.Context, tenant string, t time.Time) error
	// Known is until when, by the bus's clock, everything that was stored is known here, as it was last proven.
	Known() time.Time
	// SettledBefore is Settled for what was published before one of these changes itself, by its sequence.
	SettledBefore(ctx context.Context, tenant string, sequence uint64) error
}

// Permissions say who may do what, from the facts.
type Permissions interface {
	// Of is a tenant's permission sets, and the users, groups, roles and places that they stand on, at this moment. It
	// never changes; never nil.
	Of(tenant string) *permission.Snapshot
}

// Names are who has which name among the shared connections of a tenant: one key for each name.
type Names interface {
	// Claimed is who has the name of a connection.NameKey, and the claim's revision; the zero Claim and 0 where
	// nobody has.
	Claimed(ctx context.Context, tenant, key string) (connection.Claim, uint64, error)
	// Claim gives the name away, expecting revision to be the last (0: nobody had it). Conflict: somebody was
	// first.
	Claim(ctx context.Context, tenant, key string, c connection.Claim, revision uint64) (uint64, error)
	// Release takes the claim away. Conflict: it is not the last.
	Release(ctx context.Context, tenant, key string, revision uint64) error
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
	// Keep takes the lease unless somebody holds it, and renews it until release, which is to be called when ok.
	// The lease of a worker that dies ends after ttl.
	Keep(ctx context.Context, key string, ttl time.Duration) (release func(), ok bool, err error)
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
	// secret, from its cache of access tokens where there is a good one. A refusal that was noted before
	// asked, when somebody asked for another try (zero: nobody did), does not count.
	Authenticate(ctx context.Context, e *connection.Entry, s vaultclient.Secret, asked time.Time) (credential.Credential, error)
	// Reject drops the cached access token that a target refused, so that the next call gets another;
	// false when another try would be the same.
	Reject(e *connection.Entry, c credential.Credential) bool
	// Alone readies the other try: where it takes a new token to tell, Authenticate gives one with the context that
	// comes from it, and no other worker gets any until release, which is to be called unless there is an error.
	// LeaseHeld: another worker is at it.
	Alone(ctx context.Context, e *connection.Entry, refused credential.Credential) (_ context.Context, release func(), err error)
	// Passed tells whether an access token that a target refused has ended since, or may have given way to another
	// one: then that says nothing about the credentials. It drops such a token. ctx is that of Alone. An error: it
	// can not be told now.
	Passed(ctx context.Context, e *connection.Entry, c credential.Credential) (bool, error)
}

// Grants are the refresh tokens that connections live on; an Authenticator has them.
type Grants interface {
	// KeepAlive refreshes the token of a connection that nobody used for long, if that is due, and says when to
	// look again; zero where no end of its refresh token is known. Faults are those of Authenticate.
	KeepAlive(ctx context.Context, e *connection.Entry) (next time.Time, err error)
	// Revoke takes a deleted connection's token back at its provider; done is false where there is nothing to
	// take back, or it was done before.
	Revoke(ctx context.Context, e *connection.Entry) (done bool, err error)
}

// Types is the catalog of connection types.
type Types interface {
	Lookup(name string) (*catalog.Type, bool)
}

// Usage remembers which steps use which connection, for people to look at. It may be nil.
type Usage interface {
	// Used notes a use some time soon. It neither waits nor fails.
	Used(u events.Use)
}

// Connectors finds the connector that an action names.
type Connectors interface {
	Lookup(name string) (connector.Connector, bool)
}

package ops

import (
	"cmp"
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/catalog"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// SecretStore is where credentials go.
type SecretStore interface {
	// StoreConfig makes a connection's secret hold fields, once however often it is repeated; with keep, fields
	// that are not named stay. Faults are those of Vault; Conflict: somebody else wrote meanwhile.
	StoreConfig(ctx context.Context, tenant, connection string, fields map[string]secret.Value, keep bool) (vaultclient.Stored, error)
}

// Manager changes connections as people do: the secret goes to Vault first, the event to the bus afterwards,
// and a worker answers. Whoever is interrupted in between does the same again.
type Manager struct {
	Connections Connections
	Chains      Chains
	Uses        Uses
	Records     Records
	Publisher   Publisher
	Clock       Clock
	Checker     *Checker
	Secrets     Secrets
	// Types is the catalog that workers have, too.
	Types *catalog.Catalog
	// Permissions gives users, roles, places and permission sets of all tenants.
	Permissions func(context.Context) (*permission.Snapshots, error)
	// Vault is needed where a secret changes; nil: it does not.
	Vault SecretStore
	// Source is what its events name as theirs; empty: Source.
	Source string
	// Wait is how long to wait for a worker's answer; 0: not at all.
	Wait time.Duration
}

// Change is one change of one connection.
type Change struct {
	Tenant, Connection string
	Type               events.Type
	// Payload is the event's: events.Connection or events.ConnectionRef. nil: no event is published.
	Payload any
	// Secret goes to Vault before the event; nil: nothing does. Keep leaves the fields that it does not name.
	Secret SecretFields
	Keep   bool
	// Whole says that Secret is all that the method needs: a login that may not read what is there, and so can
	// keep nothing, writes it as the whole.
	Whole bool
}

// What became of a change.
const (
	AnswerApplied    = "applied"
	AnswerRejected   = "rejected"
	AnswerTested     = "tested"
	AnswerSuperseded = "superseded" // a later event was applied before it
	AnswerUnchanged  = "unchanged"  // there was nothing to do, and nothing was published
)

// ChangeView is what became of a change, as far as it got.
type ChangeView struct {
	Tenant     string `json:"tenant"`
	Connection string `json:"connection_id"`
	Event      string `json:"event"` // created, updated, deleted, undeleted, secret_rotated, test_requested
	// SecretVersion is the version in Vault that the change left, SecretWritten whether it made it.
	SecretVersion int    `json:"secret_version,omitempty"`
	SecretWritten bool   `json:"secret_written"`
	Sequence      uint64 `json:"sequence,omitempty"` // of the event in HF_CONNECTIONS; 0: none was published
	Answer        string `json:"answer,omitempty"`   // empty: none was waited for, or none came

	Revision  uint64                 `json:"revision,omitempty"`
	State     events.ConnectionState `json:"state,omitempty"`
	Previous  events.ConnectionState `json:"previous_state,omitempty"`
	Changed   []string               `json:"changed,omitempty"`
	Overwrote uint64                 `json:"overwrote,omitempty"`
	Reason    string                 `json:"reason,omitempty"` // rejected, or the test failed
	Rule      string                 `json:"rule,omitempty"`
	Field     string                 `json:"field,omitempty"`
	Detail    string                 `json:"detail,omitempty"`
}

// Works tells whether a test has succeeded.
func (v ChangeView) Works() bool { return v.Answer == AnswerTested && v.Reason == "" }

// Do carries a change out. The view tells how far it got, also beside an error: Refused where a worker rejected
// it, Waiting where none answered in time.
func (m *Manager) Do(ctx context.Context, c Change) (ChangeView, error) {
	v := ChangeView{Tenant: c.Tenant, Connection: c.Connection, Event: c.Type.What()}
	event, err := m.encode(ctx, c)
	if err != nil {
		return v, err
	}
	if err := m.permitted(ctx, c); err != nil {
		return v, err
	}
	if c.Secret != nil {
		stored, err := m.store(ctx, c)
		if err != nil {
			return v, err
		}
		v.SecretVersion, v.SecretWritten = stored.Version, stored.Written
	}
	if c.Payload == nil {
		return v, nil
	}
	before := m.Clock.Now()
	v.Sequence, err = m.Publisher.PublishEvent(ctx, event.Subject, event.ID, event.raw)
	if err != nil {
		return v, unpublished(v, err)
	}
	if m.Wait <= 0 {
		return v, nil
	}
	return m.follow(ctx, v, before)
}

func (m *Manager) store(ctx context.Context, c Change) (vaultclient.Stored, error) {
	stored, err := m.Vault.StoreConfig(ctx, c.Tenant, c.Connection, c.Secret, c.Keep)
	if f := fault.From(err); f != nil && f.Reason == fault.VaultForbidden && c.Keep && c.Whole {
		return m.Vault.StoreConfig(ctx, c.Tenant, c.Connection, c.Secret, false)
	}
	return stored, err
}

type encoded struct {
	Checked

	raw []byte
}

// encode makes the event, and holds it against all that a worker holds it against: before a secret is written
// for nothing.
func (m *Manager) encode(ctx context.Context, c Change) (encoded, error) {
	if c.Payload == nil {
		return encoded{}, nil
	}
	e, err := events.New(c.Type, m.Clock.Now(), c.Payload)
	if err != nil {
		return encoded{}, err
	}
	e.Source = cmp.Or(m.Source, Source)
	raw, err := e.Encode()
	if err != nil {
		return encoded{}, err
	}
	checked, f := m.Checker.Check(ctx, raw, c.Tenant)
	if con, ok := c.Payload.(events.Connection); ok && f == nil {
		f = m.Types.Check(con)
	}
	if f != nil {
		return encoded{}, refusal(f)
	}
	return encoded{checked, raw}, nil
}

// refusal is a fault of an event in words for who made it.
func refusal(f *fault.Fault) error {
	if f.Field == "" {
		return problem(Unclear, f.Hint, "%s", f.Detail)
	}
	return problem(Unclear, f.Hint, "%s: %s", f.Field, f.Detail)
}

// unpublished tells that the secret is in Vault and the event is not on the bus, where that is so.
func unpublished(v ChangeView, err error) error {
	f := *fault.From(err)
	if v.SecretVersion > 0 {
		f.Detail = "the secret is in Vault and the event is not on the bus: " + f.Detail
		f.Hint = "run the same command again: it goes on from here"
	}
	return &f
}

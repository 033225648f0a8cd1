package events

import (
	"encoding/json"
	"time"
)

// Kind says whose a connection is.
type Kind string

// The kinds of connection.
const (
	Shared   Kind = "shared"
	Personal Kind = "personal"
)

// ResumePolicy says how runs go on once a connection works again.
type ResumePolicy string

// The resume policies; auto is the default.
const (
	ResumeAuto   ResumePolicy = "auto"
	ResumeManual ResumePolicy = "manual"
)

// Availability says where a shared connection may be used; a personal one ignores it.
type Availability struct {
	Level          string `json:"level"` // tenant, site_collection or site
	SiteCollection string `json:"site_collection_id,omitempty"`
	Site           string `json:"site_id,omitempty"`
}

// AuthSettings say how a connection authenticates. They hold no secret: the secret is in Vault, under a
// path made of tenant and connection id.
type AuthSettings struct {
	Method    string   `json:"method"`               // a credential.Method
	Header    string   `json:"header,omitempty"`     // api_key: the header's name, X-Api-Key when empty
	TokenURL  string   `json:"token_url,omitempty"`  // oauth2_*: the provider's token endpoint
	ClientID  string   `json:"client_id,omitempty"`  // oauth2_*; may be in the secret instead
	AuthStyle string   `json:"auth_style,omitempty"` // oauth2_*: header (default) or params
	Scopes    []string `json:"scopes,omitempty"`
	// What people sign in at, what machines without a browser use, and what revokes: the type's own when empty.
	AuthorizeURL string            `json:"authorize_url,omitempty"`
	DeviceURL    string            `json:"device_url,omitempty"`
	RevokeURL    string            `json:"revoke_url,omitempty"`
	Params       map[string]string `json:"params,omitempty"`    // oauth2_*: further token request parameters
	Issuer       string            `json:"issuer,omitempty"`    // oauth2_jwt_bearer: iss, the client id when empty
	Subject      string            `json:"subject,omitempty"`   // oauth2_jwt_bearer: sub
	Audience     string            `json:"audience,omitempty"`  // oauth2_jwt_bearer: aud, the token URL when empty
	Algorithm    string            `json:"algorithm,omitempty"` // oauth2_jwt_bearer: RS256 (default), ES256, …
}

// Connection is the full state of a connection, as connection.created and connection.updated carry it.
type Connection struct {
	Tenant       string       `json:"tenant,omitempty"`
	ID           string       `json:"connection_id"`
	Name         string       `json:"name"`
	Type         string       `json:"type"` // catalog entry; http is built in
	Kind         Kind         `json:"kind"`
	Availability Availability `json:"availability,omitzero"` // zero: as it was; of a new shared one, by its creator's role
	Owners       []string     `json:"owners"`
	// Users and Groups may use a shared connection beside its owners; both absent: whoever is where it is
	// available.
	Users  []string `json:"users,omitempty"`
	Groups []string `json:"groups,omitempty"`
	Actor  string   `json:"actor"` // ActorSystem where no person did it
	// BasedOn is the revision that the change was made from; 0: the upstream system keeps none, and the last
	// writer wins.
	BasedOn uint64 `json:"based_on,omitempty"`
	// DesignerSite is the site in whose designer the connection was created; empty: not in a designer.
	DesignerSite string          `json:"designer_site_id,omitempty"`
	Disabled     bool            `json:"disabled,omitempty"`
	Account      string          `json:"account,omitempty"` // whom it signs in as, for people to read
	Auth         AuthSettings    `json:"auth"`
	Settings     json.RawMessage `json:"settings,omitempty"` // as the type's connector reads them
	Resume       ResumePolicy    `json:"resume,omitempty"`
	SuspendFor   Seconds         `json:"suspend_for_seconds,omitempty"` // 0: the worker's default, ten days
	ExpiresAt    *time.Time      `json:"expires_at,omitempty"`
	// CredentialsEnd is when the password or client secret ends, as far as its owner knows: announced ahead.
	CredentialsEnd *time.Time `json:"credentials_expire_at,omitempty"`
}

// ActorSystem acts where no person does: the upstream system itself, which its bus permissions vouch for.
const ActorSystem = "system"

// ConnectionRef is the payload of connection.deleted, undeleted, secret_rotated and test_requested.
type ConnectionRef struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"connection_id"`
	Actor  string `json:"actor"`
	// BasedOn is the revision that the change was made from; 0: whatever is there.
	BasedOn uint64 `json:"based_on,omitempty"`
}

// ConnectionState is where a connection is in its life.
type ConnectionState string

// The states of a connection. Missing is that of one which requests name and nobody has created.
const (
	StatePending  ConnectionState = "pending" // there is no secret yet
	StateActive   ConnectionState = "active"
	StateBroken   ConnectionState = "broken"
	StateDisabled ConnectionState = "disabled"
	StateDeleted  ConnectionState = "deleted"
	StateMissing  ConnectionState = "missing"
)

// ConnectionNotice is the payload of all notices about connections. Which members are there follows from the
// event's type.
type ConnectionNotice struct {
	Tenant        string `json:"tenant"`
	ID            string `json:"connection_id"`
	Reason        string `json:"reason,omitempty"`
	Detail        string `json:"detail,omitempty"`
	Field         string `json:"field,omitempty"`
	Rule          string `json:"rule,omitempty"`
	Generation    uint64 `json:"generation"`
	SecretVersion int    `json:"secret_version"`
	// Revision is the connection's after the event: what the next change is based on.
	Revision uint64 `json:"revision,omitempty"`
	// State and Previous are where the connection is now and where it was before.
	State    ConnectionState `json:"state,omitempty"`
	Previous ConnectionState `json:"previous_state,omitempty"`
	Actor    string          `json:"actor,omitempty"`
	// Changed names the members that an applied event changed; Overwrote is the revision that it did not know.
	Changed   []string `json:"changed,omitempty"`
	Overwrote uint64   `json:"overwrote,omitempty"`
	// Ending is what ends (connection, credentials, refresh_token, client_secret), and EndsAt when.
	Ending string     `json:"ending,omitempty"`
	EndsAt *time.Time `json:"ends_at,omitempty"`
	// Origin is the event that was applied, rejected or answered.
	Origin *Origin `json:"origin,omitempty"`
}

// Origin names a message on the bus.
type Origin struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
}

// Seconds is a duration in whole seconds, as JSON carries it.
type Seconds int64

// Duration is s as a time.Duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

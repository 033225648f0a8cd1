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
	Method    string            `json:"method"`               // a credential.Method
	Header    string            `json:"header,omitempty"`     // api_key: the header's name, X-Api-Key when empty
	TokenURL  string            `json:"token_url,omitempty"`  // oauth2_*: the provider's token endpoint
	ClientID  string            `json:"client_id,omitempty"`  // oauth2_*; may be in the secret instead
	AuthStyle string            `json:"auth_style,omitempty"` // oauth2_*: header (default) or params
	Scopes    []string          `json:"scopes,omitempty"`
	Params    map[string]string `json:"params,omitempty"`    // oauth2_*: further token request parameters
	Issuer    string            `json:"issuer,omitempty"`    // oauth2_jwt_bearer: iss, the client id when empty
	Subject   string            `json:"subject,omitempty"`   // oauth2_jwt_bearer: sub
	Audience  string            `json:"audience,omitempty"`  // oauth2_jwt_bearer: aud, the token URL when empty
	Algorithm string            `json:"algorithm,omitempty"` // oauth2_jwt_bearer: RS256 (default), ES256, …
}

// Connection is the full state of a connection, as connection.created and connection.updated carry it.
type Connection struct {
	Tenant       string          `json:"tenant,omitempty"`
	ID           string          `json:"connection_id"`
	Name         string          `json:"name"`
	Type         string          `json:"type"` // catalog entry; http is built in
	Kind         Kind            `json:"kind"`
	Availability Availability    `json:"availability,omitzero"` // a shared connection has one
	Owners       []string        `json:"owners"`
	Actor        string          `json:"actor"`
	Auth         AuthSettings    `json:"auth"`
	Settings     json.RawMessage `json:"settings,omitempty"` // as the type's connector reads them
	Resume       ResumePolicy    `json:"resume,omitempty"`
	SuspendFor   Seconds         `json:"suspend_for_seconds,omitempty"` // 0: the worker's default, ten days
	ExpiresAt    *time.Time      `json:"expires_at,omitempty"`
}

// ConnectionRef is the payload of connection.deleted and connection.secret_rotated.
type ConnectionRef struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"connection_id"`
	Actor  string `json:"actor"`
}

// ConnectionNotice is the payload of connection.broken, connection.restored and connection.rejected.
type ConnectionNotice struct {
	Tenant        string `json:"tenant"`
	ID            string `json:"connection_id"`
	Reason        string `json:"reason,omitempty"`
	Detail        string `json:"detail,omitempty"`
	Field         string `json:"field,omitempty"`
	Rule          string `json:"rule,omitempty"`
	Generation    uint64 `json:"generation"`
	SecretVersion int    `json:"secret_version"`
	// Origin is the event that was rejected.
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

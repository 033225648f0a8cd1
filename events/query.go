package events

import (
	"encoding/json"
	"time"
)

// Ask is what a permission.query wants to know.
type Ask string

// What can be asked.
const (
	AskDecision Ask = "decision" // may the user do this?
	AskSets     Ask = "sets"     // which sets does the user hold, and which attributes has the user?
	AskFields   Ask = "fields"   // which fields of an object may the user read and write, and how are they shown?
	AskLanding  Ask = "landing"  // where does the user land, and what else can the user reach?
	AskFormulas Ask = "formulas" // what do these formulas say of the user and a record?
)

// PermissionQuestion is the payload of permission.query.
type PermissionQuestion struct {
	Tenant string `json:"tenant,omitempty"`
	Ask    Ask    `json:"ask"`
	User   string `json:"user_id"` // PermissionPublic: whoever is not signed in
	App    string `json:"app_id,omitempty"`
	// Decision and fields: of what.
	Connection string `json:"connection_id,omitempty"`
	Object     string `json:"object,omitempty"`
	// Operation is a DataOp, which needs an Object, or raw; empty, with neither Object nor Fields: whether the
	// connection can be reached at all.
	Operation string   `json:"operation,omitempty"`
	Fields    []string `json:"fields,omitempty"`
	// Site and SiteCollection are where it is to happen: decision.
	Site           string `json:"site_id,omitempty"`
	SiteCollection string `json:"site_collection_id,omitempty"`
	// Record is the record in question, for conditions and formulas.
	Record json.RawMessage `json:"record,omitempty"`
	// LastVisited is the app that the user was in last: landing.
	LastVisited string   `json:"last_visited_app_id,omitempty"`
	Formulas    []string `json:"formulas,omitempty"`
}

// PermissionReply is the payload of permission.answer. Which members are there follows from what was asked; Error
// alone where there is no answer.
type PermissionReply struct {
	Tenant     string                     `json:"tenant"`
	Ask        Ask                        `json:"ask,omitempty"`
	User       string                     `json:"user_id,omitempty"`
	App        string                     `json:"app_id,omitempty"`
	Decision   *DecisionView              `json:"decision,omitempty"`
	Sets       []HeldSet                  `json:"permission_sets,omitempty"`
	Attributes map[string]json.RawMessage `json:"attributes,omitempty"`
	Fields     []FieldGrant               `json:"fields,omitempty"`
	Landing    string                     `json:"landing_app_id,omitempty"` // empty: there is no app that the user can reach
	Apps       []string                   `json:"app_ids,omitempty"`        // those that the user can reach, in order
	Workspaces []string                   `json:"workspaces,omitempty"`
	Formulas   []FormulaResult            `json:"formulas,omitempty"`
	Error      *QueryError                `json:"error,omitempty"`
	// AsOf is until when, by the bus's clock, everything that was stored is in the answer.
	AsOf time.Time `json:"as_of,omitzero"`
}

// DecisionView is a decision, with the chain of reasons.
type DecisionView struct {
	// Allowed: by the permission sets, and by the connection itself.
	Allowed bool   `json:"allowed"`
	Rule    string `json:"rule"` // of the permission sets
	Detail  string `json:"detail,omitempty"`
	Field   string `json:"field,omitempty"` // the field that is not granted
	// Conditional: it depends on the record, and none was given.
	Conditional bool     `json:"conditional,omitempty"`
	Deprecated  bool     `json:"deprecated,omitempty"`
	Sets        []SetUse `json:"permission_sets,omitempty"` // those that grant it
	// Connection is what the connection itself says; nil where it was not asked.
	Connection *ConnectionScope `json:"connection,omitempty"`
}

// ConnectionScope is whether a connection may be used in a place at all, whatever permission sets say.
type ConnectionScope struct {
	Allowed bool   `json:"allowed"`
	Rule    string `json:"rule"`
	Detail  string `json:"detail,omitempty"`
	State   string `json:"state"` // a ConnectionState, or StateUnknown
}

// StateUnknown is the state of a connection that there is not.
const StateUnknown = "unknown"

// HeldSet is a set that a user holds, and through what.
type HeldSet struct {
	Set     string  `json:"set_id"`
	Through string  `json:"through"`            // as in SetUse
	Group   string  `json:"group_id,omitempty"` // as in SetUse
	AssetID string  `json:"ntx_asset_id,omitempty"`
	Name    string  `json:"name"`
	Kind    SetKind `json:"kind"`
}

// FormulaResult is what one formula says.
type FormulaResult struct {
	Formula string          `json:"formula"`
	Value   json.RawMessage `json:"value,omitempty"` // a JSON scalar; null is blank
	Error   string          `json:"error,omitempty"` // what is wrong with it, and where
}

// QueryError is why there is no answer.
type QueryError struct {
	Reason string `json:"reason"`
	Field  string `json:"field,omitempty"` // JSON pointer into the question
	Detail string `json:"detail,omitempty"`
	// RetryAfterMS is how long to wait before asking again; 0: asking again does not help.
	RetryAfterMS int64 `json:"retry_after_ms,omitempty"`
}

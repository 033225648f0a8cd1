package events

import (
	"encoding/json"
	"time"
)

// StepKind says what a step is: only action steps may use a connection.
type StepKind string

// The kinds of step.
const (
	ActionStep StepKind = "action"
	FormStep   StepKind = "form"
)

// Delivery says what may happen when nobody can tell whether an effect happened.
type Delivery string

// AtLeastOnce repeats the action (targets see the same Idempotency-Key); AtMostOnce never does and ends as
// action.unknown.
const (
	AtLeastOnce Delivery = "at_least_once"
	AtMostOnce  Delivery = "at_most_once"
)

// Action is one operation of one connector.
type Action struct {
	Connector string          `json:"connector"`
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input,omitempty"`
}

// Request is the payload of action.requested: do this step of this run, as this connection.
type Request struct {
	Tenant   string   `json:"tenant,omitempty"`
	ID       string   `json:"request_id"`
	Workflow string   `json:"workflow_id"`
	Run      string   `json:"run_id"`
	Step     string   `json:"step_id"`
	StepKind StepKind `json:"step_kind"`
	// Connection is what to act as. A step of a published process may leave it out: its own is used then.
	Connection     string     `json:"connection_id,omitempty"`
	Process        string     `json:"process_id,omitempty"`
	ProcessVersion string     `json:"process_version,omitempty"` // Process needs it
	RunStarted     *time.Time `json:"run_started_at,omitempty"`  // nil: with this request
	ActingUser     string     `json:"acting_user,omitempty"`     // empty: nobody, the run acts as system
	App            string     `json:"app_id,omitempty"`
	Site           string     `json:"site_id,omitempty"`
	SiteCollection string     `json:"site_collection_id,omitempty"`
	Action         Action     `json:"action"`
	Deadline       *time.Time `json:"deadline,omitempty"`
	Delivery       Delivery   `json:"delivery,omitempty"`
	// When is a formula; where it is not true, the request ends as skipped. Model is the record that it may look at,
	// as the page or form shows it.
	When  string          `json:"when,omitempty"`
	Model json.RawMessage `json:"model,omitempty"`
	// ReplayOf is the request that an operator has done again with this one, although it has an end; why, and who
	// that is. Empty: nobody asked for that.
	ReplayOf     string `json:"replay_of,omitempty"`
	ReplayReason string `json:"replay_reason,omitempty"`
	ReplayedBy   string `json:"replayed_by,omitempty"`
}

// Chain is where the suspensions of the request are.
func (r Request) Chain() Chain {
	return Chain{Tenant: r.Tenant, Connection: r.Connection, Run: r.Run, Request: r.ID}
}

// SetUse is a permission set that granted something, and how the acting user came to hold it.
type SetUse struct {
	Set     string `json:"set_id"`
	Through string `json:"through"`            // user, group, public or site
	Group   string `json:"group_id,omitempty"` // through a group: which
}

// Outcome is the payload of every event on a request's ledger.
type Outcome struct {
	Tenant         string `json:"tenant"`
	Request        string `json:"request_id"`
	Workflow       string `json:"workflow_id"`
	Run            string `json:"run_id"`
	Step           string `json:"step_id"`
	Connection     string `json:"connection_id,omitempty"` // empty: denied before one was found
	ActingUser     string `json:"acting_user"`             // system when the request named nobody
	Reason         string `json:"reason,omitempty"`
	Detail         string `json:"detail,omitempty"`
	Rule           string `json:"rule,omitempty"`    // the rule that let it run; denied: that said no
	Account        string `json:"account,omitempty"` // whom the connection signs in as
	Process        string `json:"process_id,omitempty"`
	ProcessVersion string `json:"process_version,omitempty"`
	Field          string `json:"field,omitempty"` // failed and denied: JSON pointer into the request
	App            string `json:"app_id,omitempty"`
	// Sets are the permission sets that let it through, in the app's; Deprecated: without a site set among them it
	// had been denied.
	Sets          []SetUse        `json:"permission_sets,omitempty"`
	Deprecated    bool            `json:"deprecated,omitempty"`
	Response      json.RawMessage `json:"response,omitempty"`
	Generation    uint64          `json:"generation"`
	SecretVersion int             `json:"secret_version"`
	// Cause is why a suspended request was terminated.
	Cause Cause `json:"cause,omitempty"`
	// Origin is the message that was being handled: the request, or the chain's resumed event.
	Origin Origin `json:"origin"`
	// Chained is true from the request's first suspension on: look at the chain, too.
	Chained bool `json:"chained,omitempty"`
	// Idempotent is what was sent as Idempotency-Key: the request's id.
	IdempotencyKey string `json:"idempotency_key,omitempty"`
	// ReplayOf, ReplayReason and ReplayedBy are the request's.
	ReplayOf     string `json:"replay_of,omitempty"`
	ReplayReason string `json:"replay_reason,omitempty"`
	ReplayedBy   string `json:"replayed_by,omitempty"`
}

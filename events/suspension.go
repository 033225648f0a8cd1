package events

import (
	"encoding/json"
	"time"
)

// Suspension is the payload of every event on a chain; each carries the full state.
type Suspension struct {
	Tenant     string `json:"tenant"`
	Connection string `json:"connection_id"`
	Run        string `json:"run_id"`
	Request    string `json:"request_id"`
	Workflow   string `json:"workflow_id"`
	Step       string `json:"step_id"`
	// Reason and Detail say why the run was suspended.
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	// Generation and SecretVersion are the credentials that failed.
	Generation    uint64 `json:"generation"`
	SecretVersion int    `json:"secret_version"`
	// SuspendedAt and TerminatesAt are in the bus's time.
	SuspendedAt  time.Time `json:"suspended_at"`
	TerminatesAt time.Time `json:"terminates_at"`
	// Previous is the sequence of the chain's event before this one; 0 for the first.
	Previous uint64 `json:"previous_sequence"`
	// Cause says why the chain moved: for extended, resumed and terminated.
	Cause Cause `json:"cause,omitempty"`
	// Actor is who asked, where a person did.
	Actor string `json:"actor,omitempty"`
	// AskedAt is when they asked, by the bus's clock: credentials that failed after that are not tried again
	// for it.
	AskedAt time.Time `json:"asked_at,omitzero"`
	// Original is the request's payload: resuming runs it again from here.
	Original json.RawMessage `json:"original"`
	// OriginalAt is where the request was on the bus.
	OriginalAt Origin `json:"original_at"`
}

// Cause says why a chain moved.
type Cause string

// The causes.
const (
	CauseRestored      Cause = "connection_restored" // the new credentials were seen to work
	CauseProbe         Cause = "probe"               // goes first, to see whether they do
	CauseOperator      Cause = "operator"            // somebody asked
	CauseReconciled    Cause = "reconciled"          // the request had its outcome already
	CauseDeadline      Cause = "deadline"            // the time to wait is over
	CauseRunTerminated Cause = "run_terminated"      // another suspension of the run was terminated
)

// Chain is where the event belongs.
func (s Suspension) Chain() Chain {
	return Chain{Tenant: s.Tenant, Connection: s.Connection, Run: s.Run, Request: s.Request}
}

// SuspensionCommand is the payload of suspension.resume_requested, extend_requested and
// terminate_requested: it names one suspension (request), those of a run, or those of a connection.
type SuspensionCommand struct {
	Tenant     string  `json:"tenant,omitempty"`
	Connection string  `json:"connection_id,omitempty"`
	Run        string  `json:"run_id,omitempty"`
	Request    string  `json:"request_id,omitempty"`
	Actor      string  `json:"actor"`
	Reason     string  `json:"reason,omitempty"`
	ExtendFor  Seconds `json:"extend_for_seconds,omitempty"` // extend: from now
	// GivenUp, of a resume: the sequence of the last event of one chain, resumed or terminated, that workers gave up
	// (it is a dead letter). That event is handled again, and nothing else is resumed.
	GivenUp uint64 `json:"given_up,omitempty"`
}

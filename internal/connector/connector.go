// Package connector is what runs actions on target systems: one small interface, one registry. Each
// connector lives in a package of its own below this one.
package connector

import (
	"context"
	"encoding/json"
	"errors"

	"holdfast/internal/credential"
)

// ErrNoTest means that a connection has nothing to test its credentials with.
var ErrNoTest = errors.New("the connection has no test")

// Request is one operation on one connected system.
type Request struct {
	// Operation is one of the connector's Operations.
	Operation string
	// Input is the connector's own input document, from the action request; empty means {}.
	Input json.RawMessage
	// Settings are the connection's settings; empty means {}.
	Settings json.RawMessage
	// Credential is what to authenticate with; the zero value for none.
	Credential credential.Credential
	// IdempotencyKey is the request's id, the same on every attempt.
	IdempotencyKey string
	// Fenced is set where the version that Input names is the one that was looked at, and not one that the action
	// named: that the record has changed since is a Conflict, without effect.
	Fenced bool
}

// Result is a connector's answer, fit for the outcome: declared, bounded, and free of the credential.
type Result struct {
	// Response is the connector's own response document, a JSON object.
	Response json.RawMessage
}

// Connector runs operations on one kind of target system. It is safe for concurrent use. All its errors but
// ErrNoTest are *fault.Fault.
type Connector interface {
	// Name is the word that actions and connection types use.
	Name() string
	// Operations are the operations that Execute knows.
	Operations() []string
	// CheckSettings checks a connection's settings alone: SettingsInvalid, with Field relative to them.
	CheckSettings(settings json.RawMessage) error
	// Validate checks input, settings and credential header without touching the network. The fault is
	// InputInvalid or SettingsInvalid, with Field; pointers are relative to the document that is wrong.
	Validate(Request) error
	// Execute performs the operation, once, and tells the target the W3C trace context of ctx, where it speaks HTTP. Where the target refused (Forbidden, TargetRejected) the Result
	// is filled in beside the error, so that the outcome can carry the answer. NoEffect is set where it is
	// proven that the target did nothing.
	Execute(context.Context, Request) (Result, error)
	// Test asks the target, without side effects, whether the credential authenticates now; nil means that
	// it does. ErrNoTest when the connection has no means to find out.
	Test(context.Context, Request) error
}

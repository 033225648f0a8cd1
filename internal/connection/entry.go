// Package connection is the registry's domain: the state of one connection, what changes it, and who may
// use it. Pure rules, no network.
package connection

import (
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Entry is one connection in the registry.
type Entry struct {
	events.Connection

	// Sequence is the HF_CONNECTIONS message applied last: older ones are ignored.
	Sequence uint64 `json:"sequence"`
	// Generation is the HF_CONNECTIONS sequence of the last change of credentials or settings; 0 for a
	// connection that nobody has created.
	Generation uint64 `json:"generation"`
	// Deleted is a tombstone, so that a late update can not bring the connection back.
	Deleted bool `json:"deleted,omitempty"`
	// Missing marks a connection that requests name and nobody has created.
	Missing bool `json:"missing,omitempty"`
	// Broken says since when, and with which credentials, authentication fails; nil while it works.
	Broken *Broken `json:"broken,omitempty"`
	// Verified is the credentials last seen to work after a repair; nil when it never broke.
	Verified *Fence `json:"verified,omitempty"`
	// Probe is the suspended request that went first to try new credentials; nil when none is on its way.
	Probe *Probe `json:"probe,omitempty"`
	// DeletedAt is when the bus stored the event that deleted the connection; zero while it is there.
	DeletedAt time.Time `json:"deleted_at,omitzero"`
	// Applied is what the event at Sequence did; nil where none was applied.
	Applied *Applied `json:"applied,omitempty"`
	// Recent are the events applied last, Sequence among them: one of them that comes again was not overtaken.
	Recent []uint64 `json:"recent,omitempty"`
	// Moved is how this very revision came about where no event made it; nil where one did, or nothing moved.
	Moved *Moved `json:"moved,omitempty"`
	// Ends are the ends that were learned by using the credentials; the connection's own members name others.
	Ends []End `json:"ends,omitempty"`
	// Announced are the ends that were announced, each as closely as it was last.
	Announced []Announced `json:"announced,omitempty"`
}

// Fence names credentials: the connection's generation, the Vault version of its secret, and when Vault
// stored that version, because a secret that is deleted whole and written anew starts at version 1 again.
// Two fences are compared for equality only: none of the numbers orders anything across the others.
type Fence struct {
	Generation    uint64 `json:"generation"`
	SecretVersion int    `json:"secret_version"`
	SecretCreated int64  `json:"secret_created,omitempty"` // Unix time in ns, by Vault's clock; 0: no version
}

// Broken is the mark of a connection whose credentials do not work.
type Broken struct {
	Fence

	Reason fault.Reason `json:"reason"`
	Detail string       `json:"detail,omitempty"`
	Since  time.Time    `json:"since"`
	// Failed is when these credentials were last seen to fail: who asked before that for another try has
	// had it.
	Failed time.Time `json:"failed"`
}

// Probe is one run that tries new credentials before the others follow.
type Probe struct {
	Fence

	Request string    `json:"request_id"`
	At      time.Time `json:"at"`
}

package connection

import (
	"time"

	"holdfast/events"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// State is where the connection is in its life. A pending one is broken for want of a secret: nothing was
// ever written, all of it was taken away, or nobody has signed in yet.
func (e *Entry) State() events.ConnectionState {
	switch {
	case e.Deleted:
		return events.StateDeleted
	case e.Missing:
		return events.StateMissing
	case e.Disabled:
		return events.StateDisabled
	case e.Broken == nil:
		return events.StateActive
	case e.Broken.Reason == fault.SecretMissing:
		return events.StatePending
	default:
		return events.StateBroken
	}
}

// NeedsSecret tells whether the connection authenticates with anything.
func (e *Entry) NeedsSecret() bool { return credential.Method(e.Auth.Method) != credential.None }

// Moved is a change of state that no event made: credentials were seen to fail, or to work.
type Moved struct {
	Type     events.Type            `json:"type"` // connection.broken or connection.restored
	Previous events.ConnectionState `json:"previous_state"`
}

// Disable marks a connection that is turned off as such, whatever is known of its credentials: they are
// verified once it is turned on again.
func Disable(e *Entry, now time.Time) *Entry {
	next := e.clone()
	next.Probe, next.Verified = nil, nil
	next.Broken = next.brokenBy(fault.ConnectionDisabled, "", now)
	return next
}

// WithoutSecret marks a connection as having nothing to authenticate with at f.
func WithoutSecret(e *Entry, f Fence, why *fault.Fault, now time.Time) *Entry {
	next := e.clone()
	next.Broken = next.brokenBy(why.Reason, why.Detail, now)
	next.Broken.Fence = f
	return next
}

func (e *Entry) brokenBy(why fault.Reason, detail string, now time.Time) *Broken {
	return &Broken{Fence: Fence{Generation: e.Generation}, Reason: why, Detail: detail, Since: now.UTC(), Failed: now.UTC()}
}

// Refused tells whether the connection's credentials were tried and refused. Where they were only absent, or
// the connection was, nothing speaks against those that are there now.
func (b *Broken) Refused() bool {
	switch b.Reason {
	case fault.SecretMissing, fault.SecretDeleted, fault.SecretDestroyed, fault.ConnectionMissing,
		fault.ConnectionDeleted, fault.ConnectionDisabled, fault.ConnectionExpired:
		return false
	default:
		return true
	}
}

// Undelete is the entry after connection.undeleted arrived at sequence: as it was, under a new generation, and
// to be verified before anything runs with it. Faults: connection_missing (nothing to bring back),
// revision_conflict (not deleted), connection_deleted (longer ago than within, 0: however long).
func Undelete(old *Entry, ref events.ConnectionRef, sequence uint64, now time.Time, within time.Duration) (*Entry, *fault.Fault) {
	switch {
	case old == nil || old.Missing || old.Deleted && old.Type == "":
		return nil, fault.New(fault.ConnectionMissing, "no connection had this id")
	case !old.Deleted:
		return nil, fault.New(fault.RevisionConflict, "the connection is not deleted")
	case within > 0 && now.Sub(old.DeletedAt) > within:
		return nil, fault.New(fault.ConnectionDeleted, "the connection was deleted more than "+within.String()+" ago").
			WithHint("create it again")
	}
	next := old.clone()
	next.Deleted, next.DeletedAt, next.Actor = false, time.Time{}, ref.Actor
	next.Sequence, next.Generation = sequence, sequence
	return next, nil
}

package connection

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Check tells what is wrong with a connection as an upstream system describes it, whatever its type:
// *fault.Fault with the field; nil when nothing is.
func Check(c events.Connection) *fault.Fault {
	if c.Kind == events.Personal && len(c.Owners) != 1 {
		return fault.New(fault.NotOwner, "a personal connection has one owner, its creator").WithField("/data/owners")
	}
	return nil
}

// Unusable is why a connection can not even be tried: deleted, missing, or past its own end; nil else.
func (e *Entry) Unusable(now time.Time) *fault.Fault {
	switch {
	case e.Deleted:
		return fault.New(fault.ConnectionDeleted, "the connection was deleted")
	case e.Missing:
		return fault.New(fault.ConnectionMissing, "no connection has this id")
	case e.Disabled:
		return fault.New(fault.ConnectionDisabled, "the connection is turned off")
	case e.ExpiresAt != nil && !now.Before(*e.ExpiresAt):
		return fault.New(fault.ConnectionExpired, "the connection's end date has passed")
	default:
		return nil
	}
}

// KnownBroken tells whether credentials are the ones that are known not to work.
func (e *Entry) KnownBroken(f Fence) bool { return e.Broken != nil && e.Broken.Fence == f }

// Missed is the entry of a connection that a request names and nobody has created.
func Missed(tenant, id string) *Entry {
	e := &Entry{Missing: true}
	e.Tenant, e.ID = tenant, id
	return e
}

// Put is the entry after connection.created or connection.updated arrived at sequence. The generation
// moves only when credentials or settings may have changed.
func Put(old *Entry, c events.Connection, sequence uint64) *Entry {
	next := &Entry{Connection: c, Sequence: sequence, Generation: sequence}
	if old == nil {
		return next
	}
	next.Broken, next.Verified, next.Probe, next.Announced = old.Broken, old.Verified, old.Probe, old.Announced
	if !old.Deleted && !old.Missing && sameCredentials(old.Connection, c) {
		next.Generation, next.Ends = old.Generation, old.Ends
	}
	return next
}

func sameCredentials(a, b events.Connection) bool {
	return a.Type == b.Type && reflect.DeepEqual(a.Auth, b.Auth) && sameJSON(a.Settings, b.Settings) &&
		sameTime(a.ExpiresAt, b.ExpiresAt) && a.Disabled == b.Disabled
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

// Delete is the tombstone after connection.deleted arrived at sequence.
func Delete(old *Entry, ref events.ConnectionRef, sequence uint64, now time.Time) *Entry {
	next := Missed(ref.Tenant, ref.ID)
	if old != nil {
		next = old.clone()
	}
	next.Missing, next.Deleted = false, true
	next.Sequence, next.Generation, next.DeletedAt = sequence, sequence, now.UTC()
	next.Probe, next.Verified, next.Ends = nil, nil, nil
	next.Broken = next.brokenBy(fault.ConnectionDeleted, "", now)
	return next
}

// Rotate is the entry after connection.secret_rotated arrived at sequence: the same settings, credentials
// that may be new.
func Rotate(old *Entry, sequence uint64) *Entry {
	next := old.clone()
	next.Sequence, next.Generation, next.Ends = sequence, sequence, nil
	return next
}

// Break marks credentials as not working, as somebody found out who saw the connection as seen. ok is false
// when it has moved on since: a late failure of old credentials says nothing about new ones.
func Break(old, seen *Entry, f Fence, why *fault.Fault, now time.Time) (next *Entry, ok bool) {
	if old.Generation != f.Generation || !sameFence(old.Verified, seen.Verified) {
		return nil, false
	}
	next = old.clone()
	next.Probe, next.Verified = nil, nil
	since := now.UTC()
	if old.Broken != nil {
		since = old.Broken.Since
	}
	next.Broken = &Broken{Fence: f, Reason: why.Reason, Detail: why.Detail, Since: since, Failed: now.UTC()}
	next.Moved = &Moved{Type: events.ConnectionBroken, Previous: old.State()}
	return next, true
}

func sameFence(a, b *Fence) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Restore marks credentials as seen to work. ok is false when the connection has moved on since.
func Restore(old *Entry, f Fence) (next *Entry, ok bool) {
	if old.Generation != f.Generation || old.Deleted || old.Missing {
		return nil, false
	}
	next = old.clone()
	next.Broken, next.Probe, next.Verified = nil, nil, &f
	next.Moved = &Moved{Type: events.ConnectionRestored, Previous: old.State()}
	return next, true
}

// WithProbe notes which request goes first to try credentials; nil takes the note away.
func WithProbe(old *Entry, p *Probe) *Entry {
	next := old.clone()
	next.Probe = p
	return next
}

// clone is a copy to change; what is noted of one revision only stays behind.
func (e *Entry) clone() *Entry {
	next := *e
	next.Moved = nil
	return &next
}

// SecretSeen is when the newest version of the secret was stored that any worker has reported of: a cached
// secret that is older is worth fetching again.
func (e *Entry) SecretSeen() int64 {
	var seen int64
	if e.Verified != nil {
		seen = e.Verified.SecretCreated
	}
	if e.Broken != nil {
		seen = max(seen, e.Broken.SecretCreated)
	}
	if e.Probe != nil {
		seen = max(seen, e.Probe.SecretCreated)
	}
	return seen
}

// Works tells whether the connection is there, turned on, and not known to be broken.
func (e *Entry) Works() bool { return e.State() == events.StateActive }

// Now is the fence that was last seen to work, or the current generation where none was noted.
func (e *Entry) Now() Fence {
	if e.Verified != nil {
		return *e.Verified
	}
	return Fence{Generation: e.Generation}
}

// SecretVersion is the version of the secret that was last seen to work, or to fail; 0 where neither was.
func (e *Entry) SecretVersion() int {
	if e.Broken != nil {
		return e.Broken.SecretVersion
	}
	return e.Now().SecretVersion
}

package connection

import (
	"slices"
	"time"

	"holdfast/events"
)

// End is something that a connection needs and that is known to end.
type End struct {
	What string    `json:"what"` // one of the Ending… words
	At   time.Time `json:"at"`
}

// What may end.
const (
	EndingConnection   = "connection"    // the connection's own expires_at
	EndingCredentials  = "credentials"   // the password or client secret, as its owner knows
	EndingRefreshToken = "refresh_token" // as the provider, or the connection type, says
	EndingClientSecret = "client_secret" // as the secret in Vault says
)

// Announced is an end that was announced, Ahead of it.
type Announced struct {
	End

	Ahead time.Duration `json:"ahead"`
}

// AllEnds are the ends of a connection that are known.
func (e *Entry) AllEnds() []End {
	all := slices.Clone(e.Ends)
	if e.ExpiresAt != nil {
		all = append(all, End{EndingConnection, *e.ExpiresAt})
	}
	if e.CredentialsEnd != nil {
		all = append(all, End{EndingCredentials, *e.CredentialsEnd})
	}
	return all
}

// Due are the ends to announce at now: each once for each of the times ahead of it. Where several have passed,
// the closest stands for all.
func (e *Entry) Due(now time.Time, ahead []time.Duration) []Announced {
	var due []Announced
	if s := e.State(); s == events.StateDeleted || s == events.StateMissing {
		return nil
	}
	for _, end := range e.AllEnds() {
		left := end.At.Sub(now)
		closest := time.Duration(-1)
		for _, d := range ahead {
			if left > 0 && left <= d && (closest < 0 || d < closest) {
				closest = d
			}
		}
		if a := (Announced{end, closest}); closest >= 0 && !e.announced(a) {
			due = append(due, a)
		}
	}
	return due
}

// announced tells whether the same end was announced as closely before.
func (e *Entry) announced(a Announced) bool {
	return slices.ContainsFunc(e.Announced, func(b Announced) bool {
		return b.What == a.What && b.At.Equal(a.At) && b.Ahead <= a.Ahead
	})
}

// WithAnnounced notes that an end was announced.
func WithAnnounced(e *Entry, a Announced) *Entry {
	next := e.clone()
	next.Announced = slices.DeleteFunc(slices.Clone(e.Announced), func(b Announced) bool { return b.What == a.What })
	next.Announced = append(next.Announced, a)
	return next
}

// WithEnds replaces what was learned of the ends of the credentials of a generation. ok is false when nothing
// would change, or they are the connection's no longer.
func WithEnds(e *Entry, generation uint64, ends []End) (next *Entry, ok bool) {
	same := func(a, b End) bool { return a.What == b.What && a.At.Sub(b.At).Abs() < time.Minute }
	if e.Generation != generation || e.Deleted || e.Missing || slices.EqualFunc(e.Ends, ends, same) {
		return nil, false
	}
	next = e.clone()
	next.Ends = slices.Clone(ends)
	return next, true
}

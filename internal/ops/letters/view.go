package letters

import (
	"slices"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
)

// State is where a dead letter is.
type State string

// The states.
const (
	Open        State = "open"         // nobody has done anything
	Retrying    State = "retrying"     // it was published again, and no worker has answered
	Resolved    State = "resolved"     // it was published again, and handled
	FailedAgain State = "failed_again" // it was published again, and is another dead letter now
	Dropped     State = "dropped"      // somebody gave it up
)

// States are all of them.
func States() []State { return []State{Open, Retrying, Resolved, FailedAgain, Dropped} }

// Over tells that nothing is to be done about a letter any more.
func (s State) Over() bool { return s != Open && s != Retrying }

// View is a message that could not be handled, as operators see it.
type View struct {
	Sequence      uint64        `json:"sequence"` // in HF_DEADLETTERS
	StoredAt      time.Time     `json:"stored_at"`
	Tenant        string        `json:"tenant"`
	Reason        string        `json:"reason"`
	Field         string        `json:"field,omitempty"`
	Detail        string        `json:"detail"`
	Type          string        `json:"event_type,omitempty"`
	EventID       string        `json:"event_id,omitempty"`
	Subject       string        `json:"subject"`
	Origin        events.Origin `json:"origin"`
	Consumer      string        `json:"consumer"`
	Deliveries    uint64        `json:"deliveries"`
	State         State         `json:"state"`
	Tries         int           `json:"tries"`              // how often it has failed, this time included
	RetryOf       uint64        `json:"retry_of,omitempty"` // the letter of the try before
	FirstStored   time.Time     `json:"first_stored_at"`
	OriginalBytes int           `json:"original_bytes"`
	Truncated     bool          `json:"original_truncated"`
	Withheld      bool          `json:"original_withheld"`

	// Of show only.
	Original []byte `json:"original,omitempty"`
	// Masked says that Original is not the message as it was: what could be a secret is masked in it.
	Masked  bool              `json:"original_masked,omitempty"`
	Headers map[string]string `json:"original_headers,omitempty"`
	History []Step            `json:"history,omitempty"`
	Advice  []string          `json:"advice,omitempty"`
}

// ours tells whether the letter is one that can be read.
func (v View) ours() bool { return v.Subject != "" }

// view reads a letter; the subject is believed as to tenant and reason.
func view(r bus.Stored) View {
	v := View{Sequence: r.Sequence, StoredAt: r.Stored, Tenant: events.TenantOf(r.Subject), FirstStored: r.Stored,
		Reason: r.Subject[strings.LastIndexByte(r.Subject, '.')+1:], State: Open, Tries: 1}
	l, err := events.Payload[events.DeadLetterData](r.Event)
	if err != nil {
		v.Detail, v.Original, v.OriginalBytes = "this is no dead letter of Holdfast's", r.Raw, len(r.Raw)
		return v
	}
	v.Field, v.Detail, v.Type, v.EventID, v.Subject = l.Field, l.Detail, l.Type, l.EventID, l.Subject
	v.Origin, v.Consumer, v.Deliveries = l.Origin, l.Consumer, l.Deliveries
	v.RetryOf, v.Tries = l.RetryOf, max(l.Tries, 1)
	if !l.FirstStored.IsZero() {
		v.FirstStored = l.FirstStored
	}
	v.Original, v.OriginalBytes, v.Truncated, v.Withheld = l.Original, l.OriginalBytes, l.Truncated, l.Withheld
	v.Headers = l.Headers
	return v
}

// isLetter tells letters from what was done with them.
func isLetter(r bus.Stored) bool {
	t := strings.Split(r.Subject, ".")
	return len(t) == 4 && t[2] == "deadletter"
}

// inbound is the streams whose messages can be published again; those of the others are Holdfast's own.
func inbound(stream string) bool {
	return slices.Contains([]string{events.StreamActions, events.StreamConnections, events.StreamPermissions}, stream)
}

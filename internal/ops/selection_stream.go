package ops

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// StreamSelection names messages of one stream; zero members stand for any. As JSON it is what was asked for, and
// not when: the same flags give the same text.
type StreamSelection struct {
	Stream string `json:"stream"`         // one of the Select… words
	From   uint64 `json:"from,omitempty"` // sequences, both included
	To     uint64 `json:"to,omitempty"`
	Since  When   `json:"since,omitzero"` // stored then or later, and before, by the bus's clock
	Until  When   `json:"until,omitzero"`
	// Subject is a subject, or a pattern with * and >; of dead letters it is the original's.
	Subject    string `json:"subject,omitempty"`
	Tenant     string `json:"tenant,omitempty"`
	Connection string `json:"connection_id,omitempty"`
	Workflow   string `json:"workflow_id,omitempty"`
	Run        string `json:"run_id,omitempty"`
	Request    string `json:"request_id,omitempty"`
	// Reason is a dead letter's; of a request it is that of its outcome, which only who reads that can compare.
	Reason string `json:"reason,omitempty"`
}

// What can be selected from.
const (
	SelectActions     = "actions"
	SelectConnections = "connections"
	SelectPermissions = "permissions"
	SelectDeadLetters = "deadletters"
)

// selectable are the streams behind the words.
var selectable = map[string]string{
	SelectActions: events.StreamActions, SelectConnections: events.StreamConnections,
	SelectPermissions: events.StreamPermissions, SelectDeadLetters: events.StreamDeadLetters,
}

// Selectable are the words for Stream.
func Selectable() []string {
	return []string{SelectActions, SelectConnections, SelectPermissions, SelectDeadLetters}
}

// StreamName is the stream on the server.
func (s StreamSelection) StreamName() string { return selectable[s.Stream] }

// Check refuses what names nothing, or would change which subjects are meant.
func (s StreamSelection) Check() error {
	if s.StreamName() == "" {
		return problem(Unclear, "one of "+strings.Join(Selectable(), ", "), "there is no stream %q to select from", s.Stream)
	}
	for _, id := range []string{s.Tenant, s.Connection, s.Workflow, s.Run, s.Request} {
		if id != "" && !events.ValidID(id) {
			return problem(Unclear, "", "an id is not valid: %s", events.ErrBadID)
		}
	}
	if s.To > 0 && s.To < s.From {
		return problem(Unclear, "", "the range ends at %d, before it begins at %d", s.To, s.From)
	}
	if s.Subject != "" && !validPattern(s.Subject) {
		return problem(Unclear, "a subject such as hf.acme.connection.updated; * stands for one word, > for all that follow",
			"%q is no subject", s.Subject)
	}
	return s.checkReason()
}

func (s StreamSelection) checkReason() error {
	reason := fault.Reason(s.Reason)
	switch {
	case s.Reason == "":
		return nil
	case s.Stream == SelectDeadLetters && !slices.Contains(fault.Reasons(fault.Invalid), reason):
		return problem(Unclear, "one of "+joined(fault.Reasons(fault.Invalid)), "no dead letter has the reason %q", s.Reason)
	case s.Stream == SelectActions && reason.Class() == fault.None:
		return problem(Unclear, "", "there is no reason %q", s.Reason)
	case s.Stream == SelectConnections, s.Stream == SelectPermissions:
		return problem(Unclear, "", "only dead letters, and requests by their outcome, have a reason")
	}
	return nil
}

func joined[T ~string](reasons []T) string {
	words := make([]string, len(reasons))
	for i, r := range reasons {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}

// Filter is the subjects that the server may leave the others out by; Matches decides.
func (s StreamSelection) Filter() string {
	tenant := cmp.Or(s.Tenant, "*")
	switch s.Stream {
	case SelectDeadLetters:
		return events.DeadLetterSubject(tenant, fault.Reason(cmp.Or(s.Reason, "*")))
	case SelectActions: // what operators asked of suspensions is on the same stream, and is not meant
		return events.SubjectOf(tenant, events.ActionRequested)
	case SelectConnections:
		return "hf." + tenant + ".connection.*"
	default:
		return events.OfTenant(tenant)
	}
}

// Selected is what a selection looks at in a message.
type Selected struct {
	Subject  string // of a dead letter: the original's
	Sequence uint64 // in the selection's stream
	Stored   time.Time
	IDs
}

// Matches tells whether a message is meant, but for Reason. now is the bus's time when the selection was asked for.
func (s StreamSelection) Matches(m Selected, now time.Time) bool {
	switch {
	case m.Sequence < s.From, s.To > 0 && m.Sequence > s.To:
		return false
	case m.Stored.Before(s.Since.At(now)), !s.Until.IsZero() && !m.Stored.Before(s.Until.At(now)):
		return false
	case s.Subject != "" && !subjectMatches(s.Subject, m.Subject):
		return false
	case s.Tenant != "" && events.TenantOf(m.Subject) != s.Tenant:
		return false
	}
	return s.named(m.IDs)
}

func (s StreamSelection) named(ids IDs) bool {
	return (s.Connection == "" || s.Connection == ids.Connection) && (s.Workflow == "" || s.Workflow == ids.Workflow) &&
		(s.Run == "" || s.Run == ids.Run) && (s.Request == "" || s.Request == ids.Request)
}

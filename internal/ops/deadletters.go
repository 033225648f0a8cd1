package ops

import (
	"cmp"
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
)

// DeadLetterView is a message that could not be handled, as operators see it.
type DeadLetterView struct {
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
	OriginalBytes int           `json:"original_bytes"`
	Truncated     bool          `json:"original_truncated"`
	Withheld      bool          `json:"original_withheld"`
	Original      []byte        `json:"original,omitempty"` // show only
	Advice        []string      `json:"advice,omitempty"`   // show only
}

// LetterSelection names dead letters; zero members stand for any.
type LetterSelection struct {
	Tenant string
	Reason string
	Since  time.Time // stored then or later, by the bus's clock
}

func (s LetterSelection) check() error {
	if s.Tenant != "" && !events.ValidID(s.Tenant) {
		return problem(Unclear, "", "the tenant is not valid: %s", events.ErrBadID)
	}
	if s.Reason != "" && fault.Reason(s.Reason).Class() == fault.None {
		var known []string
		for _, r := range fault.Reasons(fault.Invalid) {
			known = append(known, string(r))
		}
		return problem(Unclear, "one of "+strings.Join(known, ", "), "there is no reason %q", s.Reason)
	}
	return nil
}

func (s LetterSelection) filter() string {
	return events.DeadLetterSubject(cmp.Or(s.Tenant, "*"), fault.Reason(cmp.Or(s.Reason, "*")))
}

// ListDeadLetters gives what matches, the oldest first, without the original messages. It ends with the first error.
func ListDeadLetters(ctx context.Context, records Records, s LetterSelection) iter.Seq2[DeadLetterView, error] {
	return func(yield func(DeadLetterView, error) bool) {
		if err := s.check(); err != nil {
			yield(DeadLetterView{}, err)
			return
		}
		all := records.Records(ctx, events.StreamDeadLetters, s.filter(), 0)
		if !s.Since.IsZero() {
			all = records.RecordsSince(ctx, events.StreamDeadLetters, s.filter(), s.Since)
		}
		for r, err := range all {
			v := viewDeadLetter(r)
			v.Original = nil
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// ShowDeadLetter gives the dead letter at a sequence, with the original message where it was kept.
func ShowDeadLetter(ctx context.Context, records Records, sequence uint64) (DeadLetterView, error) {
	for r, err := range records.Records(ctx, events.StreamDeadLetters, LetterSelection{}.filter(), sequence) {
		if err != nil {
			return DeadLetterView{}, err
		}
		if r.Sequence != sequence {
			break // the one that was there has reached its age
		}
		v := viewDeadLetter(r)
		v.Advice = v.advice()
		return v, nil
	}
	return DeadLetterView{}, problem(NotFound, "holdfast deadletters list", "there is no dead letter %d", sequence)
}

// viewDeadLetter believes the subject as to tenant and reason.
func viewDeadLetter(r bus.Stored) DeadLetterView {
	v := DeadLetterView{Sequence: r.Sequence, StoredAt: r.Stored, Tenant: events.TenantOf(r.Subject),
		Reason: r.Subject[strings.LastIndexByte(r.Subject, '.')+1:]}
	l, err := events.Payload[events.DeadLetterData](r.Event)
	if err != nil {
		v.Detail, v.Original, v.OriginalBytes = "this is no dead letter of Holdfast's", r.Raw, len(r.Raw)
		return v
	}
	v.Field, v.Detail, v.Type, v.EventID, v.Subject = l.Field, l.Detail, l.Type, l.EventID, l.Subject
	v.Origin, v.Consumer, v.Deliveries = l.Origin, l.Consumer, l.Deliveries
	v.Original, v.OriginalBytes, v.Truncated, v.Withheld = l.Original, l.OriginalBytes, l.Truncated, l.Withheld
	return v
}

// advice is how to publish the message again, corrected.
func (v DeadLetterView) advice() []string {
	switch {
	case v.Withheld:
		return []string{"it seemed to hold a secret, so nothing of it was kept: rotate that secret, and ask whoever published it",
			"to publish it again without the secret"}
	case v.Reason == string(fault.Stale):
		return []string{"find out whether its effect happened already; if it did not, publish it under a new request_id"}
	case v.Truncated:
		return []string{"only the first part was kept: ask whoever published it to publish it again, corrected"}
	case len(v.Original) == 0:
		return nil
	}
	n := strconv.FormatUint(v.Sequence, 10)
	return []string{"holdfast deadletters show " + n + " --save event.jsonl   # correct it there, one event a line",
		"holdfast publish event.jsonl --tenant " + v.Tenant + " --dry-run   # and then without --dry-run"}
}

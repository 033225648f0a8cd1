package fault

import (
	"errors"
	"time"
)

// Fault is a failure that may be shown: its text holds no secret and no raw upstream body. Make one with
// New or Wrap; the wrapped cause is for errors.Is and errors.As only and is never printed.
type Fault struct {
	Reason Reason
	// Detail is one safe sentence: what happened, to what. No secrets, no bodies, no URLs with queries.
	Detail string
	// Field is the JSON pointer of the offending value, for class Invalid and for settings; else empty.
	Field string
	// Rule names the rule that said no, for class Denied; empty: the reason is the rule.
	Rule string
	// Hint is what to do now, a command that runs where there is one; may be empty.
	Hint string
	// RetryAfter is the least delay the other side asked for; 0 when it did not.
	RetryAfter time.Duration
	// NoEffect is true where it is proven that the target did nothing (connection refused, 401, 429).
	NoEffect bool

	cause error
}

// New makes a fault of a reason, with a safe sentence.
func New(r Reason, detail string) *Fault { return &Fault{Reason: r, Detail: detail} }

// Wrap is New with a cause, which errors.Is and errors.As see and no text ever shows.
func Wrap(r Reason, detail string, cause error) *Fault {
	return &Fault{Reason: r, Detail: detail, cause: cause}
}

// Class is the class of the fault's reason.
func (f *Fault) Class() Class { return f.Reason.Class() }

// Error is the reason and the detail, never the cause's text.
func (f *Fault) Error() string {
	if f.Detail == "" {
		return string(f.Reason)
	}
	return string(f.Reason) + ": " + f.Detail
}

// Unwrap is the cause.
func (f *Fault) Unwrap() error { return f.cause }

// WithField names the offending value by JSON pointer.
func (f *Fault) WithField(pointer string) *Fault { f.Field = pointer; return f }

// WithRule names the rule that said no.
func (f *Fault) WithRule(rule string) *Fault { f.Rule = rule; return f }

// WithHint says what to do now.
func (f *Fault) WithHint(hint string) *Fault { f.Hint = hint; return f }

// WithRetryAfter notes how long the other side asked to wait.
func (f *Fault) WithRetryAfter(d time.Duration) *Fault { f.RetryAfter = d; return f }

// WithNoEffect notes that the target is proven to have done nothing.
func (f *Fault) WithNoEffect() *Fault { f.NoEffect = true; return f }

// Is tells whether an error has a reason. False for nil.
func Is(err error, r Reason) bool { return err != nil && From(err).Reason == r }

// From finds the Fault in an error. An error without one is a defect of ours and becomes Internal, its
// text withheld: it may hold anything. nil for nil.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return Wrap(Internal, "an unexpected error; its text is withheld because it may hold a secret", err)
}

// Package errorsx has the few parts of the library of the same name that the
// OAuth engine calls; the whole would bring in a hundred modules.
package errorsx

import "github.com/pkg/errors"

// WithStack notes where err came from, unless it knows already.
func WithStack(err error) error {
	if _, ok := err.(interface{ StackTrace() errors.StackTrace }); ok {
		return err
	}
	return errors.WithStack(err)
}

// Cause returns the innermost error of err.
func Cause(err error) error { return errors.Cause(err) }

// DebugCarrier has a message for developers.
type DebugCarrier interface{ Debug() string }

// ReasonCarrier says why.
type ReasonCarrier interface{ Reason() string }

// RequestIDCarrier names the request that failed.
type RequestIDCarrier interface{ RequestID() string }

// StatusCarrier has a status as text.
type StatusCarrier interface{ Status() string }

// StatusCodeCarrier has a status as number.
type StatusCodeCarrier interface{ StatusCode() int }

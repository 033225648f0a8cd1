// Package secret holds values that must never be shown: a type that prints, marshals and logs as redacted,
// and a masker that takes known values out of text that leaves the process.
package secret

import (
	"fmt"

	"github.com/rs/zerolog"
)

// Redacted is what a Value shows instead of itself.
const Redacted = "[redacted]"

// Value is one secret string. Printing it with any verb, marshalling it as JSON or text, and logging it
// all show Redacted; only Reveal gives the secret. The zero Value is the empty string.
type Value struct{ s string }

// New wraps a secret string.
func New(s string) Value { return Value{s} }

// Reveal is the secret itself: call it where it is put on the wire, nowhere else.
func (v Value) Reveal() string { return v.s }

// Empty tells whether there is no secret at all.
func (v Value) Empty() bool { return v.s == "" }

// String is Redacted.
func (Value) String() string { return Redacted }

// Format prints Redacted whatever the verb, %#v and %x included.
func (Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// MarshalText is Redacted; JSON and YAML use it too.
func (Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalZerologObject logs nothing of the value.
func (Value) MarshalZerologObject(e *zerolog.Event) { e.Bool("redacted", true) }

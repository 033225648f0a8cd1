// Package strict decodes the documents that people write for connectors: unknown fields, duplicate keys and
// wrong types are refused, each with the field named.
package strict

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/fault"
)

// Decode reads a JSON object into a pointer to a struct; an empty document is {}. What is wrong comes back as
// a fault of the given reason with Field set. The detail never repeats a value.
func Decode(r fault.Reason, document []byte, into any) error {
	if len(document) == 0 {
		document = []byte("{}")
	}
	err := json.Unmarshal(document, into, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	if se, ok := errors.AsType[*json.SemanticError](err); ok {
		detail := "the value has the wrong type"
		if errors.Is(err, json.ErrUnknownName) {
			detail = "the field is not known"
		}
		return fault.Wrap(r, detail, err).WithField(string(se.JSONPointer)).WithNoEffect()
	}
	f := fault.Wrap(r, "the document is not valid JSON", err).WithNoEffect()
	if se, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			f.Detail = "the field is there twice"
		}
		f.Field = string(se.JSONPointer)
	}
	return f
}

package dispatch

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/fault"
	"holdfast/internal/secretscan"
	"holdfast/schemas"
)

// checkSchema holds the whole document against the schema of its type.
func checkSchema(_ *Router, in *incoming) *fault.Fault {
	if err := schemas.Validate(in.kind, in.document); err != nil {
		return fault.From(err)
	}
	return nil
}

// decode reads a payload that has passed its schema. Member names count letter by letter, as in the schema:
// encoding/json would also take "Tenant" for "tenant", which no check has seen.
func decode[T any](tenant string, data []byte) (payload T, f *fault.Fault) {
	// The subject's tenant comes first, so that a payload that leaves it out has it too. A tenant is a safe
	// id, which JSON writes as it is.
	if err := json.Unmarshal([]byte(`{"tenant":"`+tenant+`"}`), &payload); err != nil {
		return payload, fault.Wrap(fault.Internal, "the payload type takes no tenant", err)
	}
	if err := json.Unmarshal(data, &payload); err != nil {
		return payload, undecodable(err)
	}
	return payload, nil
}

// undecodable is for values that the schema allows and Go's types do not, such as 1.0 for a whole number.
// The error may hold the value, so it is not kept.
func undecodable(err error) *fault.Fault {
	path := []string{"data"}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		path = append(path, tokens(semantic.JSONPointer)...)
	}
	return fault.New(fault.SchemaViolation, "the value can not be read as what it should be").
		WithField(secretscan.Pointer(path...))
}

func tokens(p jsontext.Pointer) (path []string) {
	for token := range p.Tokens() {
		path = append(path, token)
	}
	return path
}

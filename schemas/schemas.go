// Package schemas is the contract in JSON Schema (draft 2020-12): one file for each event type, each
// describing the whole CloudEvent, and defs.json with what they share. Members that a schema does not know
// are tolerated, wrong values are not, and formats (date-time, uri) are asserted.
package schemas

//go:generate go run ./internal/asyncapi asyncapi.json

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/events"
	"holdfast/internal/fault"
)

//go:embed *.v1.json defs.json
var files embed.FS

// base is where the files are for the compiler, so that their references to each other resolve. Nothing is
// ever fetched from there.
const base = "holdfast:///schemas/"

// FileName is the name of a type's schema: the type without its first word.
func FileName(t events.Type) string { return strings.TrimPrefix(string(t), "holdfast.") + ".json" }

// File is the text of a type's schema.
func File(t events.Type) ([]byte, error) {
	raw, err := files.ReadFile(FileName(t))
	if err != nil {
		return nil, fmt.Errorf("no schema of %s: %w", t, err)
	}
	return raw, nil
}

// Validate holds a document (a whole structured CloudEvent as a JSON reader gives it: map[string]any, …)
// against the schema of t. Its error is a *fault.Fault of reason SchemaViolation; Field is the JSON pointer
// of the innermost place that fails, Detail says what is wanted there and never repeats what is there. A type
// without a schema is UnknownType.
func Validate(t events.Type, doc any) error {
	all, err := compiled()
	if err != nil {
		return fault.Wrap(fault.Internal, "the built-in schemas do not compile", err)
	}
	schema, ok := all[t]
	if !ok {
		return fault.New(fault.UnknownType, "there is no schema of this type").WithField("/type")
	}
	if err := schema.Validate(doc); err != nil {
		return violation(err)
	}
	return nil
}

var compiled = sync.OnceValues(compileAll)

func compileAll() (map[events.Type]*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseRegexpEngine(pattern)
	if err := addFiles(c); err != nil {
		return nil, err
	}
	all := make(map[events.Type]*jsonschema.Schema)
	for _, t := range events.All() {
		schema, err := c.Compile(base + FileName(t))
		if err != nil {
			return nil, err
		}
		all[t] = schema
	}
	return all, nil
}

func addFiles(c *jsonschema.Compiler) error {
	entries, err := files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		raw, err := files.ReadFile(entry.Name())
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return fmt.Errorf("%s: %w", path.Base(entry.Name()), err)
		}
		if err := c.AddResource(base+entry.Name(), doc); err != nil {
			return err
		}
	}
	return nil
}

// idPattern is how the schemas write what events.ValidID says.
const idPattern = "^[A-Za-z0-9_=-]{1,128}$"

// pattern compiles regular expressions; that of ids, which every event has many of, becomes plain code.
func pattern(expression string) (jsonschema.Regexp, error) {
	if expression == idPattern {
		return idRegexp{}, nil
	}
	return regexp.Compile(expression)
}

type idRegexp struct{}

func (idRegexp) MatchString(s string) bool { return events.ValidID(s) }
func (idRegexp) String() string            { return idPattern }

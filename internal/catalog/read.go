package catalog

import (
	"bytes"
	_ "embed" // for the schema
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

//go:embed schema.json
var schemaText []byte

// Schema is the JSON Schema of a type's file.
func Schema() []byte { return bytes.Clone(schemaText) }

var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		return nil, err
	}
	const at = "holdfast:///catalog/schema.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(at, doc); err != nil {
		return nil, err
	}
	return c.Compile(at)
})

// read makes a type of a file's text. What is wrong with it are problems; none means that the type is whole.
func read(name string, raw []byte) (*Type, []Problem) {
	src := source{name: name}
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, []Problem{syntaxProblem(name, err)}
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, []Problem{src.problem("wants one YAML document, which describes one type")}
	}
	src.body = file.Docs[0].Body
	text, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return nil, []Problem{syntaxProblem(name, err)}
	}
	if problems := src.validate(text); len(problems) > 0 {
		return nil, problems
	}
	var spec Spec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, []Problem{src.problem("can not be read as a connection type")}
	}
	return compile(spec, src)
}

// syntaxProblem passes on the parser's words and the place, without the excerpt that the error holds.
func syntaxProblem(name string, err error) Problem {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok || e.GetToken() == nil || e.GetToken().Position == nil {
		return Problem{Place: name + ":1:1", Text: "not YAML"}
	}
	at := e.GetToken().Position
	return Problem{Place: fmt.Sprintf("%s:%d:%d", name, at.Line, at.Column), Text: "not YAML: " + e.GetMessage()}
}

// validate holds the file's JSON against the schema.
func (s source) validate(text []byte) []Problem {
	compiled, err := schema()
	if err != nil {
		return []Problem{s.problem("the built-in schema does not compile: " + err.Error())}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return []Problem{s.problem("is not what JSON can say")}
	}
	tree, ok := errors.AsType[*jsonschema.ValidationError](compiled.Validate(doc))
	if !ok {
		return nil
	}
	var problems []Problem
	for _, leaf := range leaves(tree) {
		problems = append(problems, s.violation(leaf)...)
	}
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Place+a.Key, b.Place+b.Key) })
	return problems
}

func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}

// violation says what the schema wants at a place.
func (s source) violation(e *jsonschema.ValidationError) []Problem {
	at := e.InstanceLocation
	each := func(names []string, text string) []Problem {
		var out []Problem
		for _, name := range names {
			out = append(out, s.problem(text, append(slices.Clone(at), name)...))
		}
		return out
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return each(k.Properties, "there is no such key")
	case *kind.Required:
		return each(k.Missing, "is missing")
	default:
		return []Problem{s.problem(wanted(k), at...)}
	}
}

func wanted(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "wants " + strings.Join(k.Want, " or ")
	case *kind.Enum:
		return fmt.Sprintf("wants one of %v", k.Want)
	case *kind.Pattern:
		return "wants to match " + k.Want
	case *kind.MinItems:
		return fmt.Sprintf("wants at least %d elements", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("wants at most %d characters", k.Want)
	case *kind.Minimum:
		return "wants at least " + k.Want.RatString()
	case *kind.Maximum:
		return "wants at most " + k.Want.RatString()
	default:
		return "is not what the schema wants"
	}
}

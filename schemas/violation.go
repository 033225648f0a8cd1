package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/secretscan"
)

// violation turns the tree of what failed into its innermost place.
func violation(err error) *fault.Fault {
	tree, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return fault.Wrap(fault.SchemaViolation, "the document can not be checked", err)
	}
	worst := innermost(tree)
	// The library's error holds the offending value, so it is not even kept as the cause.
	return fault.New(fault.SchemaViolation, wanted(worst)).WithField(secretscan.Pointer(place(worst)...))
}

// innermost is the deepest failing place; of several, the first by its pointer, so that the same document is
// always told the same.
func innermost(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	if len(e.Causes) == 0 || isChoice(e) {
		return e
	}
	best := innermost(e.Causes[0])
	for _, cause := range e.Causes[1:] {
		if next := innermost(cause); before(next, best) {
			best = next
		}
	}
	return best
}

func before(a, b *jsonschema.ValidationError) bool {
	pa, pb := place(a), place(b)
	if len(pa) != len(pb) {
		return len(pa) > len(pb)
	}
	return slices.Compare(pa, pb) < 0
}

// isChoice tells whether e is "at least one of these members".
func isChoice(e *jsonschema.ValidationError) bool {
	if _, ok := e.ErrorKind.(*kind.AnyOf); !ok {
		return false
	}
	return !slices.ContainsFunc(e.Causes, func(c *jsonschema.ValidationError) bool {
		_, ok := c.ErrorKind.(*kind.Required)
		return !ok
	})
}

// place is the path to what fails; a missing member is named as if it were there.
func place(e *jsonschema.ValidationError) []string {
	if required, ok := e.ErrorKind.(*kind.Required); ok {
		return append(slices.Clone(e.InstanceLocation), required.Missing[0])
	}
	return e.InstanceLocation
}

// wanted says what the schema wants. Only the schema's side of each error is looked at.
func wanted(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return "is missing"
	case *kind.AnyOf:
		return "wants one of " + choices(e)
	case *kind.Type:
		return "wants " + strings.Join(k.Want, " or ")
	case *kind.Enum:
		return "wants one of " + list(k.Want)
	case *kind.Const:
		return fmt.Sprintf("wants %v", k.Want)
	case *kind.Format:
		return "wants the format " + k.Want
	case *kind.Pattern:
		return wantedPattern(k.Want)
	default:
		return wantedSize(e)
	}
}

func wantedSize(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.MinLength:
		return fmt.Sprintf("wants at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("wants at most %d characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("wants at least %d elements", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("wants at most %d elements", k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("wants at most %d members", k.Want)
	case *kind.Minimum:
		return "wants at least " + k.Want.RatString()
	case *kind.Maximum:
		return "wants at most " + k.Want.RatString()
	case *kind.UniqueItems:
		return "wants every element once"
	default:
		return "is not what the schema wants"
	}
}

// inWords says patterns as people would, where they are more than a short list of characters.
var inWords = map[string]string{
	idPattern: events.ErrBadID.Error(),
	`\S`:      "wants more than white space",
}

func wantedPattern(expression string) string {
	words, known := inWords[expression]
	switch {
	case known:
		return words
	case strings.HasPrefix(expression, `^[^<>&`):
		return "wants no control characters, none that change the direction of text, and none of < > &"
	case strings.HasPrefix(expression, "^[Hh]"):
		return "wants an http or https URL without user name and password"
	case expression == "^[^?#]*$":
		return "wants no query and no fragment"
	default:
		return "wants to match " + expression
	}
}

func choices(e *jsonschema.ValidationError) string {
	var names []string
	for _, cause := range e.Causes {
		if required, ok := cause.ErrorKind.(*kind.Required); ok {
			names = append(names, required.Missing...)
		}
	}
	return strings.Join(names, ", ")
}

func list(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

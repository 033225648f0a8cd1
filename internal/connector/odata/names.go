package odata

import (
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of names: characters of one (OData 4.01 ABNF, odataIdentifier), and names on a path.
const (
	maxName  = 128
	maxNames = 8
)

// literals are words that an expression reads as values, so that no field can be called by them.
var literals = []string{"null", "true", "false", "not", "nan", "inf"}

// validName tells whether s is an OData identifier.
func validName(s string) bool {
	n := 0
	for _, r := range s {
		letter := r == '_' || unicode.In(r, unicode.L, unicode.Nl)
		if n++; n > maxName || !letter && (n == 1 || !unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc)) {
			return false
		}
	}
	return n > 0 && !slices.Contains(literals, strings.ToLower(s))
}

// Field names a property, or one inside of others: "Title", "Author/Title".
type Field string

// Names are the names on the way to the property, the outermost first.
func (f Field) Names() []string { return strings.Split(string(f), "/") }

func (f Field) valid() bool {
	names := f.Names()
	return len(names) <= maxNames && !slices.ContainsFunc(names, func(n string) bool { return !validName(n) })
}

// Segment is one step to an entity set: a name, perhaps with the key of one entity, or the argument of a
// function such as getbytitle.
type Segment struct {
	Name string `json:"name"`
	Key  *Key   `json:"key,omitzero"`
}

// UnmarshalJSONFrom takes a name alone, or an object.
func (s *Segment) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '"' {
		return json.UnmarshalDecode(d, &s.Name)
	}
	type plain Segment
	return json.UnmarshalDecode(d, (*plain)(s))
}

// EntitySet is the way to a set of entities.
type EntitySet []Segment

// UnmarshalJSONFrom takes names joined by slashes, or an array of segments.
func (e *EntitySet) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '"' {
		return json.UnmarshalDecode(d, (*[]Segment)(e))
	}
	var path string
	if err := json.UnmarshalDecode(d, &path); err != nil {
		return err
	}
	for name := range strings.SplitSeq(path, "/") {
		*e = append(*e, Segment{Name: name})
	}
	return nil
}

// String is the way in the words of version 4.0, for people: lists/getbytitle('Tasks')/items.
func (e EntitySet) String() string {
	var segments []string
	for _, s := range e {
		segments = append(segments, s.Name+V4.key(s.Key))
	}
	return strings.Join(segments, "/")
}

// check finds what is wrong; at is where the set is in its document.
func (e EntitySet) check(at jsontext.Pointer) *problem {
	if len(e) == 0 || len(e) > maxNames {
		return &problem{at, "an entity set is one to eight names"}
	}
	for i, s := range e {
		here := step(at, i)
		if !validName(s.Name) {
			if !slices.ContainsFunc(e, func(s Segment) bool { return s.Key != nil }) {
				here = at
			}
			return &problem{here, "this is no OData name"}
		}
		if p := s.Key.check(here.AppendToken("key")); s.Key != nil && p != nil {
			return p
		}
	}
	return nil
}

package odata

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Key names one entity of a set: by one value, or by several with their names.
type Key struct {
	Value Literal
	Parts map[string]Literal
}

// UnmarshalJSONFrom takes a literal, or an object of literals. An object that is a literal itself, such as
// {"guid":…}, is that: a key of one part needs no name.
func (k *Key) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	literal := json.Unmarshal(raw, &k.Value, json.RejectUnknownMembers(true))
	if literal == nil || raw.Kind() != '{' {
		return literal
	}
	k.Value = Literal{}
	return json.Unmarshal(raw, &k.Parts, json.RejectUnknownMembers(true))
}

// MarshalJSON writes what UnmarshalJSONFrom takes.
func (k Key) MarshalJSON() ([]byte, error) {
	if len(k.Parts) > 0 {
		return json.Marshal(k.Parts, json.Deterministic(true))
	}
	return k.Value.MarshalJSON()
}

// names are the parts' names in the order in which they are written.
func (k *Key) names() []string { return slices.Sorted(maps.Keys(k.Parts)) }

func (k *Key) check(at jsontext.Pointer) *problem {
	switch {
	case k == nil:
		return &problem{at, "the key is missing"}
	case len(k.Parts) == 0 && k.Value.is(KindNull, ""):
		return &problem{at, "a key is a string, a number, a GUID, or an object of these"}
	case len(k.Parts) > maxNames:
		return &problem{at, "a key has eight parts at most"}
	}
	for name, part := range k.Parts {
		if !validName(name) || part.is(KindNull, "") {
			return &problem{at.AppendToken(name), "this is no part of a key"}
		}
	}
	return nil
}

func (l Literal) is(kinds ...Kind) bool { return slices.Contains(kinds, l.kind) }

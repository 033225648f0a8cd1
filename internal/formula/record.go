package formula

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strings"
)

// Record is a JSON object as formulas read it, with numbers as json.Number. nil is one without fields.
type Record map[string]any

var errNoObject = errors.New("a record is a JSON object")

// ReadRecord reads a JSON object; numbers stay as they are written.
func ReadRecord(raw []byte) (Record, error) {
	var r Record
	if err := decode(raw, &r); err != nil || r == nil {
		return nil, errNoObject
	}
	return r, nil
}

func decode(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows the value")
	}
	return nil
}

// Field is the value of a field, by its path: names of objects within objects, joined by slashes.
func (r Record) Field(path string) (Value, bool) {
	var at any = map[string]any(r)
	for name := range strings.SplitSeq(path, "/") {
		o, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = o[name]; !ok {
			return nil, false
		}
	}
	return FromJSON(at), true
}

// With is the record with other values of some fields, each a JSON value. r stays as it is.
func (r Record) With(values map[string]json.RawMessage) (Record, error) {
	next := maps.Clone(r)
	if next == nil {
		next = make(Record, len(values))
	}
	for name, raw := range values {
		var v any
		if err := decode(raw, &v); err != nil {
			return nil, errors.New("the value of a field is no JSON")
		}
		next[name] = v
	}
	return next, nil
}

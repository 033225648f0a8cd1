package odata

import (
	"maps"
	"slices"
	"strings"

	stdjson "encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/events"
	"holdfast/internal/connector"
)

var _ connector.Records = (*Connector)(nil)

var operations = map[string]events.DataOp{
	List: events.ReadRecords, Get: events.ReadRecords, Create: events.CreateRecords, Update: events.UpdateRecords, Delete: events.DeleteRecords,
}

// Touches tells what an operation is about. The object is the entity set in the words of version 4.0, as in
// EntitySet.String, without what the connection's settings put in front.
func (*Connector) Touches(operation string, input stdjson.RawMessage) (connector.Touch, error) {
	in, err := Parse(operation, input)
	if err != nil {
		return connector.Touch{}, err
	}
	t := connector.Touch{Op: operations[operation], Object: in.EntitySet.String(), Writes: in.Fields, At: make(map[string]string)}
	t.Reads = fieldNames(in.Select)
	for i, f := range in.Select {
		t.At[string(f)] = string(step("/select", i))
	}
	t.By = in.by(t.At)
	for name, raw := range in.Fields {
		at := jsontext.Pointer("/fields").AppendToken(name)
		t.At[name] = string(at)
		noteWritten(&t, name, raw, at)
	}
	slices.Sort(t.Written)
	t.Written = slices.Compact(t.Written)
	return t, nil
}

// noteWritten notes what is written where a value is: itself, or what is inside of it. An annotation is about what stands
// before its @.
func noteWritten(t *connector.Touch, path string, raw stdjson.RawMessage, at jsontext.Pointer) {
	var (
		object map[string]stdjson.RawMessage
		list   []stdjson.RawMessage
	)
	switch kind := jsontext.Value(raw).Kind(); {
	case kind == '{' && stdjson.Unmarshal(raw, &object) == nil && len(object) > 0:
		for name, v := range object {
			inner := path
			if property, _, _ := strings.Cut(name, "@"); property != "" {
				inner += "/" + property
			}
			noteWritten(t, inner, v, at.AppendToken(name))
		}
	case kind == '[' && stdjson.Unmarshal(raw, &list) == nil && len(list) > 0:
		for i, v := range list {
			noteWritten(t, path, v, step(at, i))
		}
	default:
		t.Written = append(t.Written, path)
		if _, said := t.At[path]; !said {
			t.At[path] = string(at)
		}
	}
}

// by are the fields that records are found and ordered by, and where they are named. A service may take any field that
// tells entities apart for a key.
func (in Input) by(at map[string]string) []string {
	named := make(map[string]string)
	if in.Key != nil {
		for name := range in.Key.Parts {
			named[name] = string(jsontext.Pointer("/key").AppendToken(name))
		}
	}
	for i, o := range in.OrderBy {
		named[string(o.Field)] = string(step("/orderby", i).AppendToken("field"))
	}
	if in.Filter != nil {
		for _, f := range in.Filter.Fields() {
			named[string(f)] = "/filter"
		}
	}
	maps.Copy(at, named)
	return slices.Sorted(maps.Keys(named))
}

func fieldNames(fields []Field) []string {
	if len(fields) == 0 {
		return nil
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f)
	}
	return names
}

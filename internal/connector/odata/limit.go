package odata

import (
	stdjson "encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/connector"
	"holdfast/internal/fault"
	"holdfast/internal/formula"
)

// Limit narrows an operation: its select, its filter, and the values that it writes.
func (*Connector) Limit(operation string, input stdjson.RawMessage, l connector.Limits) (stdjson.RawMessage, error) {
	in, err := Parse(operation, input)
	if err != nil {
		return nil, err
	}
	if l.Reads != nil && slices.Contains(takes[operation], "select") {
		if err := in.choose(l.Reads); err != nil {
			return nil, err
		}
	}
	if l.Filter != nil && operation == List {
		in.narrow(*l.Filter)
	}
	if slices.Contains(takes[operation], "fields") {
		if err := in.force(l.Force); err != nil {
			return nil, err
		}
	}
	return in.Document()
}

// choose asks for these fields and no others. What is no field of this protocol's is in no record; where nothing else is
// left, nothing may be asked for, and asking for nothing would be asking for everything.
func (in *Input) choose(names []string) error {
	in.Select = nil
	for _, name := range names {
		if f := Field(name); f.valid() {
			in.Select = append(in.Select, f)
		}
	}
	if len(in.Select) == 0 {
		return fault.New(fault.NotGranted, "no field that permission sets let be read has a name that OData knows").WithNoEffect()
	}
	return nil
}

// force writes these values, whatever was written.
func (in *Input) force(values map[string]formula.Value) error {
	for name, v := range values {
		if in.Fields == nil {
			in.Fields = make(map[string]stdjson.RawMessage)
		}
		raw, err := stdjson.Marshal(v) // every value that a formula gives has a form in JSON
		if err != nil || !validName(name) {
			return fault.New(fault.NotGranted, "a permission set forces a value that can not be written: field "+name).WithNoEffect()
		}
		in.Fields[name] = raw
	}
	return nil
}

// narrow adds a filter to the input's own, once. What can not be said in this language, or not within its bounds, is left
// out: it is held against what comes back.
func (in *Input) narrow(f formula.Filter) {
	more, ok := filterOf(f, 1)
	if !ok {
		return
	}
	all := []Filter{more}
	switch own := in.Filter; {
	case own == nil:
		in.Filter = &more
		return
	case reflect.DeepEqual(*own, more), slices.ContainsFunc(own.And, func(g Filter) bool { return reflect.DeepEqual(g, more) }):
		return
	case own.And != nil:
		all = slices.Concat(own.And, all)
	default:
		all = slices.Concat([]Filter{*own}, all)
	}
	if next := (Filter{And: all}); next.check("", 0) == nil {
		in.Filter = &next
	}
}

// filterOf says a filter in this language; ok is false where it can not, and then everything may match.
func filterOf(f formula.Filter, depth int) (out Filter, ok bool) {
	switch {
	case f.Const != nil, depth >= maxDepth-1:
		return out, false
	case len(f.And) > 0:
		return conjunction(f.And, depth)
	case len(f.Or) > 0:
		return disjunction(f.Or, depth)
	case f.Not != nil:
		inner, exact := exactly(*f.Not, depth+1)
		return Filter{Not: &inner}, exact
	default:
		return comparison(f)
	}
}

// conjunction leaves out what can not be said.
func conjunction(all []formula.Filter, depth int) (out Filter, ok bool) {
	for _, g := range all {
		if one, ok := filterOf(g, depth+1); ok {
			out.And = append(out.And, one)
		}
	}
	return out, len(out.And) > 0
}

// disjunction is said whole or not at all.
func disjunction(all []formula.Filter, depth int) (out Filter, ok bool) {
	for _, g := range all {
		one, ok := filterOf(g, depth+1)
		if !ok {
			return Filter{}, false
		}
		out.Or = append(out.Or, one)
	}
	return out, true
}

// exactly is filterOf where nothing may be left out: below not, that would let less through.
func exactly(f formula.Filter, depth int) (out Filter, ok bool) {
	for _, g := range slices.Concat(f.And, f.Or) {
		if _, ok := exactly(g, depth+1); !ok {
			return out, false
		}
	}
	return filterOf(f, depth)
}

var ops = map[formula.Op]Op{
	formula.Equal: Equal, formula.NotEqual: NotEqual, formula.Greater: Greater, formula.GreaterOrEqual: GreaterOrEqual,
	formula.Less: Less, formula.LessOrEqual: LessOrEqual, formula.Contains: Contains, formula.StartsWith: StartsWith, formula.EndsWith: EndsWith,
}

func comparison(f formula.Filter) (out Filter, ok bool) {
	if f.Value == nil && f.Op == formula.Equal {
		return out, false // blank is an empty text, too, and whether the field is a text nobody here knows
	}
	field := Field(f.Field)
	op, known := ops[f.Op]
	value, literal := literalOf(f.Value)
	if !known || !literal || !field.valid() {
		return out, false
	}
	out = Filter{Field: field, Op: op, Value: value}
	return out, out.check("", 0) == nil
}

// literalOf is a value as a literal. Text that could be a GUID or a time is not one: services compare text, GUIDs and
// times with literals of their own, and which of them a field is nobody here knows.
func literalOf(v formula.Value) (l Literal, ok bool) {
	switch v := v.(type) {
	case nil:
		return Null(), true
	case bool:
		return Bool(v), true
	case int64:
		return Int(v), true
	case time.Time:
		return DateTime(v), true
	case string:
		_, err := uuid.Parse(v)
		return String(v), err != nil && !likeTime(v)
	default:
		n, ok := v.(float64)
		raw, err := stdjson.Marshal(n)
		return Literal{KindNumber, string(raw)}, ok && err == nil
	}
}

// likeTime tells whether a text reads as a date or a time.
func likeTime(text string) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

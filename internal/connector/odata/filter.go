package odata

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Op is how a field is compared.
type Op string

// The comparisons.
const (
	Equal          Op = "eq"
	NotEqual       Op = "ne"
	Greater        Op = "gt"
	GreaterOrEqual Op = "ge"
	Less           Op = "lt"
	LessOrEqual    Op = "le"
	In             Op = "in" // one of Values
	Contains       Op = "contains"
	StartsWith     Op = "startswith"
	EndsWith       Op = "endswith"
)

// Filter is a condition on entities: exactly one of And, Or, Not, or a comparison of Field.
//
//	{"and":[{"field":"Status","op":"in","values":["New","Open"]},
//	        {"not":{"field":"Author/Title","op":"startswith","value":"A"}},
//	        {"field":"Closed","op":"eq","value":null}]}
type Filter struct {
	And   []Filter `json:"and,omitzero"`
	Or    []Filter `json:"or,omitzero"`
	Not   *Filter  `json:"not,omitzero"`
	Field Field    `json:"field,omitzero"`
	Op    Op       `json:"op,omitzero"`
	// Value is compared with; a null only with eq and ne, which is how to ask whether there is a value.
	Value  Literal   `json:"value,omitzero"`
	Values []Literal `json:"values,omitzero"`
}

// maxDepth bounds how deep filters are nested.
const maxDepth = 32

// Fields are the fields that the filter reads, each once, in order.
func (f Filter) Fields() []Field {
	var all []Field
	f.visit(func(c Filter) { all = append(all, c.Field) })
	slices.Sort(all)
	return slices.Compact(all)
}

// visit calls do with every comparison.
func (f Filter) visit(do func(Filter)) {
	for _, g := range slices.Concat(f.And, f.Or) {
		g.visit(do)
	}
	if f.Not != nil {
		f.Not.visit(do)
	}
	if f.Field != "" {
		do(f)
	}
}

func (f Filter) check(at jsontext.Pointer, depth int) *problem {
	if depth > maxDepth {
		return &problem{at, "the filter is nested too deep"}
	}
	kinds := 0
	for _, given := range []bool{f.And != nil, f.Or != nil, f.Not != nil, f.Field != ""} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return &problem{at, "a filter is exactly one of and, or, not, field"}
	case f.Field != "":
		return f.checkComparison(at)
	case f.Op != "" || f.Value != Literal{} || f.Values != nil:
		return &problem{at, "a comparison needs a field"}
	case f.Not != nil:
		return f.Not.check(at.AppendToken("not"), depth+1)
	case f.And != nil:
		return checkAll(f.And, at.AppendToken("and"), depth+1)
	}
	return checkAll(f.Or, at.AppendToken("or"), depth+1)
}

func checkAll(all []Filter, at jsontext.Pointer, depth int) *problem {
	if len(all) == 0 {
		return &problem{at, "there is nothing to combine"}
	}
	for i, f := range all {
		if p := f.check(step(at, i), depth); p != nil {
			return p
		}
	}
	return nil
}

func (f Filter) checkComparison(at jsontext.Pointer) *problem {
	value := at.AppendToken("value")
	switch {
	case !f.Field.valid():
		return &problem{at.AppendToken("field"), noField}
	case f.Op == In && (len(f.Values) == 0 || f.Value != Literal{} || slices.Contains(f.Values, Literal{})):
		return &problem{at.AppendToken("values"), "in takes values, one at least"}
	case f.Op != In && f.Values != nil:
		return &problem{at.AppendToken("values"), "only in takes values"}
	}
	switch f.Op {
	case Equal, NotEqual:
		if f.Value.is("") {
			return &problem{value, "the value is missing"}
		}
	case Greater, GreaterOrEqual, Less, LessOrEqual:
		if f.Value.is("", KindNull, KindBool) {
			return &problem{value, "this can not be greater or less"}
		}
	case Contains, StartsWith, EndsWith:
		if !f.Value.is(KindString) {
			return &problem{value, "the value is a string"}
		}
	case In:
	default:
		return &problem{at.AppendToken("op"), "op is one of eq, ne, gt, ge, lt, le, in, contains, startswith, endswith"}
	}
	return nil
}

const noField = `this is no field: names joined by "/"`

// problem is what is wrong, and where.
type problem struct {
	at     jsontext.Pointer
	detail string
}

// step is the nth element of an array.
func step(at jsontext.Pointer, n int) jsontext.Pointer { return at.AppendToken(strconv.Itoa(n)) }

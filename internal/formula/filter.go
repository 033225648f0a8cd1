package formula

import (
	"fmt"
	"strings"
)

// Op is how a Filter compares.
type Op string

// The comparisons of a Filter.
const (
	Equal          Op = "eq"
	NotEqual       Op = "ne"
	Greater        Op = "gt"
	GreaterOrEqual Op = "ge"
	Less           Op = "lt"
	LessOrEqual    Op = "le"
	Contains       Op = "contains"
	StartsWith     Op = "startswith"
	EndsWith       Op = "endswith"
)

// Filter is what a data source can be asked: exactly one of Const, And, Or, Not, or a comparison of Field. Const is
// only ever the whole filter; And and Or have two parts at least; Not is only around Contains, StartsWith and EndsWith.
//
// A blank field matches Equal nil alone, and so it does whether the source's logic knows null as a truth value or
// not: where a formula is TRUE for a blank field, the filter says so (Region eq nil or Region ne "North").
// Equal nil means blank: a source that tells an empty text from null is asked for both, where the field is a text.
type Filter struct {
	Const *bool
	And   []Filter
	Or    []Filter
	Not   *Filter
	Field string
	Op    Op
	// Value is nil (with Equal and NotEqual only), bool, int64, float64, string or time.Time. Texts are only
	// compared with Equal and NotEqual, beside the three operators on texts: their order is the source's own.
	Value Value
}

// Matches evaluates the filter as a source does: what can not be compared does not match.
func (f Filter) Matches(m Model) bool {
	switch {
	case f.Const != nil:
		return *f.Const
	case f.And != nil:
		for _, part := range f.And {
			if !part.Matches(m) {
				return false
			}
		}
		return true
	case f.Or != nil:
		for _, part := range f.Or {
			if part.Matches(m) {
				return true
			}
		}
		return false
	case f.Not != nil:
		return !f.Not.Matches(m)
	}
	return f.compares(m)
}

func (f Filter) compares(m Model) bool {
	v := (&machine{in: Input{Model: m}}).field(f.Field)
	if f.Value == nil {
		return blank(v) == (f.Op == Equal)
	}
	if test, ok := textTests[f.Op]; ok {
		text, _ := v.(string)
		part, _ := f.Value.(string)
		return test(text, part)
	}
	truth, err := compare(operators[f.Op], v, f.Value)
	return truth && err == nil
}

// String is the filter for people; its form is no contract.
func (f Filter) String() string {
	switch {
	case f.Const != nil:
		return fmt.Sprint(*f.Const)
	case f.And != nil:
		return joined(f.And, " and ")
	case f.Or != nil:
		return joined(f.Or, " or ")
	case f.Not != nil:
		return "not " + f.Not.String()
	case f.Value == nil:
		return f.Field + " " + string(f.Op) + " null"
	}
	if text, ok := f.Value.(string); ok {
		return fmt.Sprintf("%s %s %q", f.Field, f.Op, text)
	}
	return f.Field + " " + string(f.Op) + " " + textOf(f.Value)
}

func joined(parts []Filter, by string) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = part.String()
	}
	return "(" + strings.Join(texts, by) + ")"
}

// comparisons are the operators of formulas as filters have them.
var comparisons = map[operator]Op{
	equal: Equal, unequal: NotEqual, less: Less, lessOrEqual: LessOrEqual, greater: Greater, greaterOrEqual: GreaterOrEqual,
}

var operators = map[Op]operator{
	Equal: equal, NotEqual: unequal, Less: less, LessOrEqual: lessOrEqual, Greater: greater, GreaterOrEqual: greaterOrEqual,
}

// textTests are the functions of formulas that filters have, too.
var textTests = map[Op]func(text, part string) bool{
	Contains: strings.Contains, StartsWith: strings.HasPrefix, EndsWith: strings.HasSuffix,
}

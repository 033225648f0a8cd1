package formula

import (
	"slices"
	"strings"
)

// function is one that formulas may call.
type function struct {
	name   string
	params []param
	result Kind // what it may give, beside blank; anyKind: depends on its arguments
	does   string
	// example is a formula that docs/formulas.md shows with what it gives.
	example string
	// form tells how it is compiled where its arguments are not simply evaluated one after the other.
	form form
	// flat is true where f(f(a, b), c) is f(a, b, c).
	flat bool
	// blanks is true where call takes blanks; without it a blank argument makes the result blank.
	blanks bool
	call   func(m *machine, args []Value) (Value, error)
}

// form is how a function is compiled.
type form uint8

const (
	eager form = iota // evaluates its arguments, then call
	allOf
	anyOf
	not
	choice
	isBlank
)

// param is an argument as it is told to people.
type param struct {
	name     string
	kinds    Kind
	optional bool
	repeats  bool
	words    []string // if not empty, what the text may be
}

func (f *function) min() int {
	n := 0
	for _, p := range f.params {
		if !p.optional {
			n++
		}
	}
	return n
}

// max is the largest number of arguments; -1: any.
func (f *function) max() int {
	if n := len(f.params); n > 0 && f.params[n-1].repeats {
		return -1
	}
	return len(f.params)
}

// param is the parameter for the nth argument.
func (f *function) param(n int) param { return f.params[min(n, len(f.params)-1)] }

// usage is how it is called: LEFT(text, [count]).
func (f *function) usage() string {
	names := make([]string, 0, len(f.params))
	for _, p := range f.params {
		name := p.name
		if p.repeats {
			name += ", …"
		}
		if p.optional {
			name = "[" + name + "]"
		}
		names = append(names, name)
	}
	return f.name + "(" + strings.Join(names, ", ") + ")"
}

func one(name string, kinds Kind) param      { return param{name: name, kinds: kinds} }
func optional(name string, kinds Kind) param { return param{name: name, kinds: kinds, optional: true} }
func several(name string, kinds Kind) param  { return param{name: name, kinds: kinds, repeats: true} }

// Function is a function of the language, for those who write formulas.
type Function struct {
	Name    string `json:"name"`
	Usage   string `json:"usage"`   // such as LEFT(text, [count])
	Does    string `json:"does"`    // what it gives
	Example string `json:"example"` // a formula
}

// Functions are all functions of the language, by name.
func Functions() []Function {
	all := make([]Function, 0, len(functions))
	for _, f := range functions {
		all = append(all, Function{f.name, f.usage(), f.does, f.example})
	}
	slices.SortFunc(all, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func byName(all ...*function) map[string]*function {
	names := make(map[string]*function, len(all))
	for _, f := range all {
		names[f.name] = f
	}
	return names
}

package formula

import (
	"maps"
	"slices"
	"strings"
)

// word reads TRUE, FALSE, or a function with its arguments.
func (p *parser) word() (node, error) {
	name := strings.ToUpper(p.token.text)
	called := p.callFollows()
	f, known := functions[name]
	switch {
	case !called && (name == "TRUE" || name == "FALSE"):
		return p.value(name == "TRUE")
	case !called && (name == "AND" || name == "OR"):
		return nil, p.failf("a value is missing before this %s", name)
	case !called && known:
		return nil, p.failf("%s is a function, and its parentheses are missing: %s", name, f.usage())
	case !called:
		return nil, p.failf("%s is no value: a field is written {{$Model.%[1]s}}, a text \"%[1]s\"", short(p.token.text))
	case !known:
		return nil, p.unknown(name)
	}
	at := p.token.offset
	if err := p.advance(); err != nil {
		return nil, err
	}
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	return p.calling(f, at, args)
}

func (p *parser) unknown(name string) error {
	if near := closest(name, slices.Sorted(maps.Keys(functions))); near != "" {
		return p.failf("there is no function %s; did you mean %s?", short(name), near)
	}
	return p.failf("there is no function %s; docs/formulas.md lists them", short(name))
}

// arguments reads from one parenthesis to the other.
func (p *parser) arguments() ([]node, error) {
	opened := p.token.offset
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.is(mark, ")") {
		return nil, p.advance()
	}
	var args []node
	for {
		arg, err := p.expression()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if !p.is(mark, ",") {
			return args, p.close(opened)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// calling makes a call of a function that takes so many arguments.
func (p *parser) calling(f *function, at int, args []node) (node, error) {
	if len(args) < f.min() || f.max() >= 0 && len(args) > f.max() {
		return nil, errorAt(p.text, at, failf("%s is given %s: %s", f.name, counted(len(args)), f.usage()))
	}
	if f.flat {
		args = flatten(f, args)
	}
	return p.made(&call{place(at), f, args})
}

func counted(n int) string {
	switch n {
	case 0:
		return "no arguments"
	case 1:
		return "one argument"
	}
	return textOfNumber(int64(n)) + " arguments"
}

// flatten puts the arguments of the same function within it in its place.
func flatten(f *function, args []node) []node {
	var flat []node
	for _, arg := range args {
		if c, ok := arg.(*call); ok && c.of == f {
			flat = append(flat, c.args...)
		} else {
			flat = append(flat, arg)
		}
	}
	return flat
}

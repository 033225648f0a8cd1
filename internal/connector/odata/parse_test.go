package odata

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// reading is a parser of what render.go writes in version 4: of OData's grammar (OData 4.01 ABNF) as much as a
// service needs to understand it. It knows nothing of how the text came to be.
type reading struct{ rest string }

func parseFilter(s string) (f Filter, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v in %q", r, s)
		}
	}()
	r := &reading{s}
	f = r.expression()
	if r.rest != "" {
		panic("something follows: " + r.rest)
	}
	return f, nil
}

func (r *reading) take(prefix string) bool {
	rest, ok := strings.CutPrefix(r.rest, prefix)
	if ok {
		r.rest = rest
	}
	return ok
}

func (r *reading) want(prefix string) {
	if !r.take(prefix) {
		panic("no " + prefix + " before " + r.rest)
	}
}

func (r *reading) until(stop string) string {
	i := strings.IndexAny(r.rest, stop)
	if i < 0 {
		i = len(r.rest)
	}
	s := r.rest[:i]
	r.rest = r.rest[i:]
	return s
}

func (r *reading) expression() Filter {
	if r.take("not (") {
		f := r.expression()
		r.want(")")
		return Filter{Not: &f}
	}
	if r.take("(") {
		return r.combination()
	}
	word := r.until(" (,)")
	if r.take("(") {
		field := r.until(",")
		r.want(",")
		f := Filter{Field: Field(field), Op: Op(word), Value: r.literal()}
		r.want(")")
		return f
	}
	r.want(" ")
	op := r.until(" ")
	r.want(" ")
	return Filter{Field: Field(word), Op: Op(op), Value: r.literal()}
}

func (r *reading) combination() Filter {
	all := []Filter{r.expression()}
	var by string
	for !r.take(")") {
		switch {
		case by != "or" && r.take(" and "):
			by = "and"
		case by != "and" && r.take(" or "):
			by = "or"
		default:
			panic("no connective before " + r.rest)
		}
		all = append(all, r.expression())
	}
	switch {
	case len(all) == 1:
		return all[0]
	case by == "and":
		return Filter{And: all}
	}
	return Filter{Or: all}
}

var (
	guid   = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
)

func (r *reading) literal() Literal {
	if r.take("'") {
		var text strings.Builder
		for {
			text.WriteString(r.until("'"))
			r.want("'")
			if !r.take("'") {
				return String(text.String())
			}
			text.WriteString("'")
		}
	}
	word := r.until(" ,)")
	switch {
	case word == "null":
		return Null()
	case word == "true" || word == "false":
		return Bool(word == "true")
	case guid.MatchString(word):
		return Literal{KindGUID, word}
	case number.MatchString(word):
		return Literal{KindNumber, word}
	}
	t, err := time.Parse(time.RFC3339Nano, word)
	if err != nil {
		panic("no literal: " + word)
	}
	return DateTime(t)
}

// meant is the filter with what has two spellings in one: in is or, and one alone is itself.
func meant(f Filter) Filter {
	switch {
	case f.Not != nil:
		g := meant(*f.Not)
		return Filter{Not: &g}
	case f.Op == In:
		g := Filter{}
		for _, v := range f.Values {
			g.Or = append(g.Or, Filter{Field: f.Field, Op: Equal, Value: v})
		}
		return meant(g)
	case len(f.And)+len(f.Or) == 1:
		return meant(append(f.And, f.Or...)[0])
	}
	g := f
	g.And, g.Or = nil, nil
	for _, each := range f.And {
		g.And = append(g.And, meant(each))
	}
	for _, each := range f.Or {
		g.Or = append(g.Or, meant(each))
	}
	return g
}

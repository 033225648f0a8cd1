package permission

import (
	"slices"
	"strings"
)

// terms say when something is granted: where all conditions of one of the alternatives are met. No alternative: never;
// one without conditions: always. An alternative that asks for more than another is not kept, so that two terms which
// are not the same differ for some truth of their conditions: conditions are only ever asked for, never ruled out.
type terms []alternative

// alternative is conditions, in order, each once.
type alternative []string

// or is the terms with another alternative.
func (t terms) or(a alternative) terms {
	if slices.ContainsFunc(t, func(b alternative) bool { return b.within(a) }) {
		return t
	}
	t = slices.DeleteFunc(slices.Clone(t), func(b alternative) bool { return a.within(b) })
	i, _ := slices.BinarySearchFunc(t, a, slices.Compare[alternative])
	return slices.Insert(t, i, a)
}

// within tells whether all conditions are among those of b.
func (a alternative) within(b alternative) bool {
	return !slices.ContainsFunc(a, func(c string) bool {
		_, there := slices.BinarySearch(b, c)
		return !there
	})
}

// same tells whether two terms grant the same.
func (t terms) same(u terms) bool {
	return slices.EqualFunc(t, u, slices.Equal[alternative])
}

// String is the terms for people.
func (t terms) String() string {
	if len(t) == 0 {
		return "no"
	}
	all := make([]string, 0, len(t))
	for _, a := range t {
		if len(a) == 0 {
			return "yes"
		}
		all = append(all, a.String())
	}
	return "where " + strings.Join(all, " or where ")
}

// String is the alternative's conditions for people.
func (a alternative) String() string {
	all := make([]string, 0, len(a))
	for _, c := range a {
		text, held, _ := strings.Cut(c, heldMark)
		if held != "" {
			text += " (" + held + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, " and ")
}

// heldMark begins, behind the formula of a condition, the sets that it reads of the user.
const heldMark = "\x00"

package formula

import (
	"cmp"
	"errors"
	"slices"
)

// check finds the mistakes that show before anything is evaluated: kinds that can not fit, comparisons that can
// never be TRUE, calculations with literals that fail. It gives what n may be, beside blank.
func check(n node) (Kind, error) {
	switch n := n.(type) {
	case *literal:
		return KindOf(n.value), nil
	case *negative:
		if _, err := expect(n.of, Number, "a minus sign takes"); err != nil {
			return Blank, err
		}
		return Number, n.try([]node{n.of}, func(v []Value) (Value, error) { return negate(v[0]) })
	case *operate:
		return n.check()
	case *call:
		return n.check()
	case *reference:
		if n.source == userSet {
			return Text, nil
		}
	}
	return anyKind, nil
}

// mistake is what is wrong at a place; placed makes an Error of it.
type mistake struct {
	offset int
	err    error
}

func (m *mistake) Error() string { return m.err.Error() }

func (p place) failf(format string, args ...any) error {
	return &mistake{int(p), failf(format, args...)}
}

func placed(text string, err error) error {
	if m, ok := errors.AsType[*mistake](err); ok {
		return errorAt(text, m.offset, m.err)
	}
	return err
}

// expect checks a part that has to be of certain kinds. One that is blank for certain is let through.
func expect(part node, kinds Kind, who string) (Kind, error) {
	got, err := check(part)
	if err == nil && got != Blank && got&kinds == 0 {
		err = place(part.at()).failf("%s %s, and this is %s%s", who, kinds.article(), got.article(), conversion(got, kinds))
	}
	return got, err
}

// conversion says which function makes one kind of the other.
func conversion(from, to Kind) string {
	switch {
	case from == Text && to == Number:
		return ": VALUE(…) reads a number from a text"
	case from == Number && to == Text:
		return ": TEXT(…) makes a text of a number"
	}
	return ""
}

func (n *operate) check() (Kind, error) {
	kinds := Number
	switch {
	case n.op.comparison():
		return Bool, n.checkComparison()
	case n.op == plus || n.op == minus:
		kinds = Number | Time
	}
	may := Blank
	for _, part := range []node{n.left, n.right} {
		got, err := expect(part, kinds, string(n.op)+" takes")
		if err != nil {
			return Blank, err
		}
		may |= got
	}
	if divisor, ok := n.right.(*literal); ok && n.op == divide && divisor.value == int64(0) {
		return Blank, n.failf("this divides by zero")
	}
	return Number | kinds&may, n.tryBoth() // a time comes of a time only
}

func (n *operate) tryBoth() error {
	return n.try([]node{n.left, n.right}, func(v []Value) (Value, error) { return n.op.apply(v[0], v[1]) })
}

func (n *operate) checkComparison() error {
	left, err := check(n.left)
	if err != nil {
		return err
	}
	right, err := check(n.right)
	if err != nil {
		return err
	}
	switch {
	case left == Blank || right == Blank:
		return n.failf("one side is blank, and nothing equals a blank, not even a blank: ask with ISBLANK(…)")
	case !mayCompare(left, right):
		return n.failf("%s is never compared with %s%s", left.article(), right.article(), cmp.Or(conversion(left, right), conversion(right, left)))
	case n.op != equal && n.op != unequal && left&right == Bool:
		return n.failf("TRUE and FALSE are neither greater nor less than each other")
	case left == Time:
		err = readable(n.right)
	case right == Time:
		err = readable(n.left)
	}
	if err != nil {
		return err
	}
	return n.tryBoth()
}

// mayCompare tells whether values of two kinds may be compared: those of the same, and texts with times.
func mayCompare(left, right Kind) bool {
	return left&right != 0 || (left|right)&Time != 0 && (left|right)&Text != 0
}

// readable makes sure that a text that is compared with a time is one.
func readable(n node) error {
	l, ok := n.(*literal)
	if !ok || KindOf(l.value) != Text {
		return nil
	}
	if _, err := timeOf(l.value); err != nil {
		return &mistake{l.at(), err}
	}
	return nil
}

func (n *call) check() (Kind, error) {
	kinds := make([]Kind, len(n.args))
	for i, arg := range n.args {
		p := n.of.param(i)
		got, err := expect(arg, p.kinds, n.of.name+" takes")
		if err != nil {
			return Blank, err
		}
		if l, ok := arg.(*literal); ok && len(p.words) > 0 && !slices.Contains(p.words, textOf(l.value)) {
			return Blank, l.failf("%s takes %s%s", n.of.name, list(p.words), meant(textOf(l.value), p.words))
		}
		kinds[i] = got
	}
	switch {
	case n.of.form == choice && len(kinds) == 3:
		return kinds[1] | kinds[2], nil
	case n.of.form == choice:
		return kinds[1], nil
	case n.of.form != eager || len(n.args) == 0:
		return n.of.result, nil
	}
	s := site{of: n.of}
	return n.of.result, n.try(n.args, func(values []Value) (Value, error) { return s.apply(new(machine), values) })
}

func meant(text string, words []string) string {
	if near := closest(text, words); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// try evaluates what consists of literals alone: it would fail every time.
func (p place) try(parts []node, do func([]Value) (Value, error)) error {
	values := make([]Value, 0, len(parts))
	for _, part := range parts {
		l, ok := part.(*literal)
		if !ok {
			return nil
		}
		values = append(values, l.value)
	}
	if _, err := do(values); err != nil {
		return &mistake{int(p), err}
	}
	return nil
}

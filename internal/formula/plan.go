package formula

import (
	"strings"

	"github.com/expr-lang/expr/vm"
)

// maxFilter bounds how deep a filter is nested; what is deeper is not asked of a source.
const maxFilter = 12

// plan is how a filter is made of a formula, or of a part of it, once the user is known. It is made with the
// program: the parts that read nothing of a record are compiled for themselves.
type plan struct {
	how   how
	field string
	op    operator    // compareField: field op value
	test  Op          // testField: the function on texts
	code  *vm.Program // constant, compareField, testField, either: what is evaluated for the user
	parts []plan
}

// how a part is asked of a source.
type how uint8

const (
	unasked      how = iota // it is not
	constant                // it is the same for every record
	compareField            // field op value
	testField               // test(field, value)
	blankField              // ISBLANK(field)
	bareField               // the field itself is TRUE or FALSE
	every                   // AND
	some                    // OR
	opposite                // NOT
	either                  // IF whose condition reads nothing of a record
)

// planner makes plans.
type planner struct{ *translator }

// condition plans for a part that counts as TRUE or FALSE.
func (pl planner) condition(n node, depth int) (plan, error) {
	if ofUser(n) {
		return pl.evaluated(plan{how: constant}, n)
	}
	if depth > maxFilter {
		return plan{}, nil
	}
	switch n := n.(type) {
	case *reference:
		return plan{how: bareField, field: n.name}, nil
	case *operate:
		return pl.comparison(n)
	case *call:
		return pl.called(n, depth)
	}
	return plan{}, nil
}

// evaluated compiles the part that reads nothing of a record.
func (pl planner) evaluated(p plan, n node) (_ plan, err error) {
	p.code, err = pl.translate(n)
	return p, err
}

func (pl planner) comparison(n *operate) (plan, error) {
	if !n.op.comparison() {
		return plan{}, nil
	}
	if field, ok := fieldOf(n.left); ok && ofUser(n.right) {
		return pl.evaluated(plan{how: compareField, field: field, op: n.op}, n.right)
	}
	if field, ok := fieldOf(n.right); ok && ofUser(n.left) {
		return pl.evaluated(plan{how: compareField, field: field, op: n.op.turned()}, n.left)
	}
	return plan{}, nil
}

func fieldOf(n node) (string, bool) {
	r, ok := n.(*reference)
	if !ok || r.source != modelField {
		return "", false
	}
	return r.name, true
}

// turned is the operator that says the same with its sides exchanged.
func (op operator) turned() operator {
	switch op {
	case less:
		return greater
	case lessOrEqual:
		return greaterOrEqual
	case greater:
		return less
	case greaterOrEqual:
		return lessOrEqual
	default:
		return op
	}
}

func (pl planner) called(n *call, depth int) (plan, error) {
	switch n.of.form {
	case allOf:
		return pl.combined(every, n.args, depth)
	case anyOf:
		return pl.combined(some, n.args, depth)
	case not:
		return pl.combined(opposite, n.args, depth)
	case choice:
		if !ofUser(n.args[0]) {
			return plan{}, nil
		}
		p, err := pl.combined(either, n.args[1:], depth)
		if err != nil {
			return p, err
		}
		return pl.evaluated(p, n.args[0])
	case isBlank:
		if field, ok := fieldOf(n.args[0]); ok {
			return plan{how: blankField, field: field}, nil
		}
		return plan{}, nil
	default:
		return pl.tested(n)
	}
}

func (pl planner) combined(h how, args []node, depth int) (plan, error) {
	p := plan{how: h, parts: make([]plan, len(args))}
	for i, arg := range args {
		var err error
		if p.parts[i], err = pl.condition(arg, depth+1); err != nil {
			return plan{}, err
		}
	}
	return p, nil
}

// tested plans for CONTAINS, STARTSWITH and ENDSWITH of a field.
func (pl planner) tested(n *call) (plan, error) {
	op := Op(strings.ToLower(n.of.name))
	if _, ok := textTests[op]; !ok {
		return plan{}, nil
	}
	field, ok := fieldOf(n.args[0])
	if !ok || !ofUser(n.args[1]) {
		return plan{}, nil
	}
	return pl.evaluated(plan{how: testField, field: field, test: op}, n.args[1])
}

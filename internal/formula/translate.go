package formula

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	engine "github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// maxInstructions is more than the parser's bounds allow: a part of a formula is at most five instructions.
const maxInstructions = 8 * maxNodes

// translator makes the engine's tree of a formula's.
//
// Operators and references become calls of typed functions, which the engine calls without reflection and
// without allocating; an error in one is a panic, as in the engine's own operators, and comes back as an error of
// the run. Functions become calls of the engine's usual kind. AND, OR and IF become the engine's own, which jump
// over what is not needed.
type translator struct {
	config *conf.Config // with the functions that are called so far
}

func newTranslator() *translator {
	t := &translator{conf.CreateNew()}
	t.config.Strict = true // a name that is none of ours is a mistake of the translator
	return t
}

// translate compiles a formula, or a part of it.
func (t *translator) translate(n node) (*vm.Program, error) {
	tree := &engine.Tree{Node: t.value(n), Source: file.NewSource("")}
	if _, err := checker.Check(tree, t.config); err != nil {
		return nil, err
	}
	code, err := compiler.Compile(tree, t.config)
	if err != nil {
		return nil, err
	}
	return code, bounded(code)
}

// bounded makes sure of what bounds an evaluation's cost: nothing is run twice.
func bounded(code *vm.Program) error {
	if len(code.Bytecode) > maxInstructions {
		return fmt.Errorf("%d instructions, more than %d", len(code.Bytecode), maxInstructions)
	}
	for _, op := range code.Bytecode {
		if op == vm.OpJumpBackward || op == vm.OpBegin {
			return fmt.Errorf("a loop")
		}
	}
	return nil
}

// value translates to what may be of any kind.
func (t *translator) value(n node) ast.Node {
	switch n := n.(type) {
	case *literal:
		return fixed(n, n.value)
	case *reference:
		return invoke(n, n.load(), environment())
	case *negative:
		return invoke(n, func(v any) any { return must(n, negate, v) }, t.value(n.of))
	case *operate:
		if n.op.comparison() {
			return t.truth(n)
		}
		return invoke(n, n.calculate, t.value(n.left), t.value(n.right))
	case *call:
		return t.call(n)
	}
	return &ast.NilNode{}
}

func (t *translator) call(n *call) ast.Node {
	switch n.of.form {
	case choice:
		var otherwise ast.Node = &ast.NilNode{}
		if len(n.args) > 2 {
			otherwise = t.value(n.args[2])
		}
		return at(n, &ast.ConditionalNode{Ternary: true, Cond: t.truth(n.args[0]), Exp1: t.value(n.args[1]), Exp2: otherwise})
	case eager:
		return t.function(n)
	default:
		return t.truth(n)
	}
}

// function translates a call of a function that evaluates all of its arguments.
func (t *translator) function(n *call) ast.Node {
	s := &site{of: n.of, at: []int{n.at()}}
	args := []ast.Node{environment()}
	for _, arg := range n.args {
		s.at = append(s.at, arg.at())
		args = append(args, t.value(arg))
	}
	name := n.of.name + strconv.Itoa(len(t.config.Functions)) // each call has an error's place of its own
	t.config.Functions[name] = &builtin.Function{Name: name, Func: s.call}
	return at(n, &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args})
}

// truth translates to TRUE or FALSE: a blank counts as FALSE, and everything else is an error.
func (t *translator) truth(n node) ast.Node {
	switch n := n.(type) {
	case *operate:
		if n.op.comparison() {
			return invoke(n, n.compare, t.value(n.left), t.value(n.right))
		}
	case *call:
		switch n.of.form {
		case allOf:
			return t.joined(n, "&&")
		case anyOf:
			return t.joined(n, "||")
		case not:
			return at(n, &ast.UnaryNode{Operator: "!", Node: t.truth(n.args[0])})
		case isBlank:
			return blankness(n, t.value(n.args[0]))
		default:
		}
	}
	return invoke(n, func(v any) bool { return must(n, truthOf, v) }, t.value(n))
}

// blankness asks whether a value is blank; of a permission set, without making a value of its text.
func blankness(n *call, value ast.Node) ast.Node {
	r, ok := n.args[0].(*reference)
	if !ok || r.source != userSet {
		return invoke(n, blank, value)
	}
	return invoke(n, func(m any) bool { return machineOf(m).set(r.name, r.part) == "" }, environment())
}

func (t *translator) joined(n *call, op string) ast.Node {
	tree := t.truth(n.args[0])
	for _, arg := range n.args[1:] {
		tree = at(n, &ast.BinaryNode{Operator: op, Left: tree, Right: t.truth(arg)})
	}
	return tree
}

// truthOf is a value as a condition.
func truthOf(v Value) (bool, error) {
	truth, ok := v.(bool)
	switch {
	case ok || blank(v):
		return truth, nil
	case usable(v) != nil:
		return false, usable(v)
	}
	return false, failf("TRUE or FALSE is wanted here, and this is %s", KindOf(v).article())
}

// must does something with a value; where that fails, the run ends.
func must[T any](n node, do func(Value) (T, error), v Value) T {
	result, err := do(v)
	if err != nil {
		panic(&mistake{n.at(), err})
	}
	return result
}

func (n *operate) calculate(a, b any) any {
	v, err := calculate(n.op, a, b)
	if err != nil {
		panic(&mistake{n.at(), err})
	}
	return v
}

func (n *operate) compare(a, b any) bool {
	truth, err := compare(n.op, a, b)
	if err != nil {
		panic(&mistake{n.at(), err})
	}
	return truth
}

// apply is a op b, whichever operator it is.
func (op operator) apply(a, b Value) (Value, error) {
	if op.comparison() {
		return compare(op, a, b)
	}
	return calculate(op, a, b)
}

// load makes what reads a reference from the machine.
func (r *reference) load() func(any) any {
	name, part := r.name, r.part
	switch r.source {
	case modelField:
		return func(m any) any { return machineOf(m).field(name) }
	case userAttribute:
		return func(m any) any { return machineOf(m).attribute(name) }
	default:
		return func(m any) any {
			if told := machineOf(m).set(name, part); told != "" {
				return told
			}
			return nil
		}
	}
}

// environment is what a run is given: the machine.
func environment() ast.Node { return &ast.IdentifierNode{Value: "$env"} }

func machineOf(environment any) *machine {
	m, _ := environment.(*machine)
	return m
}

// fixed is a value in the program's table of constants.
func fixed(n node, v Value) ast.Node {
	c := at(n, &ast.ConstantNode{Value: v})
	c.SetType(reflect.TypeOf(v))
	return c
}

// invoke calls a function that is in the program's table of constants.
func invoke(n node, f any, args ...ast.Node) ast.Node {
	return at(n, &ast.CallNode{Callee: fixed(n, f), Arguments: args})
}

// at gives a node of the engine's the place of one of ours.
func at[N ast.Node](n node, tree N) N {
	tree.SetLocation(file.Location{From: n.at(), To: n.at()})
	return tree
}

package formula

import (
	"strings"
	"unicode/utf8"
)

// Bounds of a formula.
const (
	maxSource = 4096 // bytes
	maxDepth  = 64   // of parentheses, calls and signs within each other
	maxNodes  = 1000 // values, references, operators and calls
)

// levels are the operators that bind tighter than comparisons, the loosest first. As in a spreadsheet, all of
// them group from the left, and a sign binds tighter than any: -2^2 is 4.
var levels = [][]operator{{join}, {plus, minus}, {times, divide}, {power}}

type parser struct {
	scanner

	token token // the one to look at
	depth int
	nodes int
}

// parse reads a whole formula.
func parse(text string) (node, error) {
	if len(text) > maxSource {
		return nil, errorAt(text, 0, failf("the formula has %d bytes, and may have %d: move parts of it into a set or a field", len(text), maxSource))
	}
	if !utf8.ValidString(text) {
		return nil, errorAt(text, invalidAt(text), failf("this is no UTF-8 text"))
	}
	p := &parser{scanner: scanner{text: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.what == end {
		return nil, p.failf("the formula is empty")
	}
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.token.what != end {
		return nil, p.failf("nothing more is expected here; two conditions are joined by AND or OR")
	}
	return n, nil
}

func invalidAt(text string) int {
	for at, r := range text {
		if _, size := utf8.DecodeRuneInString(text[at:]); r == utf8.RuneError && size == 1 {
			return at
		}
	}
	return 0
}

func (p *parser) advance() (err error) {
	p.token, err = p.next()
	return err
}

func (p *parser) failf(format string, args ...any) error {
	return errorAt(p.text, p.token.offset, failf(format, args...))
}

// is tells whether the token is this operator or mark, or this word in any case.
func (p *parser) is(w what, text string) bool {
	return p.token.what == w && strings.EqualFold(p.token.text, text)
}

// made counts a node.
func (p *parser) made(n node) (node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, errorAt(p.text, n.at(), failf("the formula has more than %d parts", maxNodes))
	}
	return n, nil
}

// deeper does what nests.
func (p *parser) deeper(do func() (node, error)) (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.failf("this is nested deeper than %d levels", maxDepth)
	}
	n, err := do()
	p.depth--
	return n, err
}

func (p *parser) expression() (node, error) {
	return p.deeper(func() (node, error) { return p.words("OR", func() (node, error) { return p.words("AND", p.negation) }) })
}

// words reads operands with the same word between them.
func (p *parser) words(name string, operand func() (node, error)) (node, error) {
	first, err := operand()
	if err != nil || !p.is(word, name) {
		return first, err
	}
	args, at := []node{first}, p.token.offset
	for p.is(word, name) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		arg, err := operand()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return p.calling(functions[name], at, args)
}

// negation reads NOT in front of a comparison. NOT( … ) is a function, and binds like one.
func (p *parser) negation() (node, error) {
	if !p.is(word, "NOT") || p.callFollows() {
		return p.comparison()
	}
	at := p.token.offset
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.deeper(p.negation)
	if err != nil {
		return nil, err
	}
	return p.calling(functions["NOT"], at, []node{n})
}

// callFollows tells whether the token after this one opens a parenthesis.
func (p *parser) callFollows() bool {
	ahead := p.scanner
	t, err := ahead.next()
	return err == nil && t.what == mark && t.text == "("
}

func (p *parser) comparison() (node, error) {
	left, err := p.level(0)
	if err != nil || p.token.what != operation || !operator(p.token.text).comparison() {
		return left, err
	}
	n := &operate{place: place(p.token.offset), op: operator(p.token.text), left: left}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if n.right, err = p.level(0); err != nil {
		return nil, err
	}
	if p.token.what == operation && operator(p.token.text).comparison() {
		return nil, p.failf("two values are compared at a time: a < b AND b < c")
	}
	return p.made(n)
}

// level reads operands with operators of one level, or of tighter ones, between them.
func (p *parser) level(i int) (node, error) {
	if i == len(levels) {
		return p.signed()
	}
	left, err := p.level(i + 1)
	for err == nil && p.atLevel(i) {
		op, at := operator(p.token.text), p.token.offset
		if err = p.advance(); err != nil {
			break
		}
		var right node
		if right, err = p.level(i + 1); err != nil {
			break
		}
		if op == join {
			left, err = p.calling(functions["CONCATENATE"], at, []node{left, right})
		} else {
			left, err = p.made(&operate{place(at), op, left, right})
		}
	}
	return left, err
}

func (p *parser) atLevel(i int) bool {
	for _, op := range levels[i] {
		if p.is(operation, string(op)) {
			return true
		}
	}
	return false
}

// signed reads a value with minus signs in front of it. A number takes its sign in.
func (p *parser) signed() (node, error) {
	if !p.is(operation, string(minus)) {
		return p.primary()
	}
	at := p.token.offset
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.what == number {
		return p.number("-", at)
	}
	n, err := p.deeper(p.signed)
	if err != nil {
		return nil, err
	}
	if l, ok := n.(*literal); ok {
		if v, err := negate(l.value); err == nil && KindOf(v) == Number {
			return &literal{place(at), v}, nil
		}
	}
	return p.made(&negative{place(at), n})
}

func (p *parser) primary() (node, error) {
	t := p.token
	switch t.what {
	case number:
		return p.number("", t.offset)
	case quoted:
		return p.value(t.text)
	case braces:
		return p.reference()
	case word:
		return p.word()
	case mark:
		if t.text == "(" {
			return p.parenthesis()
		}
	case end:
		return nil, p.failf("the formula ends here, and a value is missing")
	default:
	}
	return nil, p.failf("a value is expected here: a reference such as {{$Model.Region}}, a text, a number or a function")
}

// value is the literal that the token is.
func (p *parser) value(v Value) (node, error) {
	n, err := p.made(&literal{place(p.token.offset), v})
	if err != nil {
		return nil, err
	}
	return n, p.advance()
}

func (p *parser) number(sign string, at int) (node, error) {
	v := numberOf(sign + p.token.text)
	if u, ok := v.(Unusable); ok {
		return nil, p.failf("this %s; a long id is compared as a text: \"%s\"", u.Why, short(p.token.text))
	}
	n, err := p.value(v)
	if l, ok := n.(*literal); ok {
		l.place = place(at)
	}
	return n, err
}

func (p *parser) reference() (node, error) {
	r, mistake, err := parseReference(p.token.text)
	if err != nil {
		return nil, errorAt(p.text, p.token.offset+2+mistake, err)
	}
	r.place = place(p.token.offset)
	n, err := p.made(r)
	if err != nil {
		return nil, err
	}
	return n, p.advance()
}

func (p *parser) parenthesis() (node, error) {
	opened := p.token.offset
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	return n, p.close(opened)
}

func (p *parser) close(opened int) error {
	switch {
	case p.is(mark, ")"):
		return p.advance()
	case p.token.what == end:
		return errorAt(p.text, opened, failf("this parenthesis is not closed: its ) is missing"))
	}
	return p.failf("a ) or an operator is expected here")
}

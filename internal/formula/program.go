package formula

import (
	"slices"

	"github.com/expr-lang/expr/vm"
)

// Program is a compiled formula. It is safe for concurrent use.
type Program struct {
	text       string
	canonical  string
	fields     []string
	sets       []string
	attributes []string
	kinds      Kind
	code       *vm.Program
	plan       plan
}

// Compile reads a formula. The error is an *Error.
func Compile(text string) (*Program, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	kinds, err := check(root)
	if err != nil {
		return nil, placed(text, err)
	}
	t := newTranslator()
	code, err := t.translate(root)
	if err != nil {
		return nil, errorAt(text, 0, err)
	}
	p := &Program{text: text, canonical: canonical(root), kinds: kinds, code: code}
	p.note(root)
	if p.plan, err = (planner{t}).condition(root, 0); err != nil {
		return nil, errorAt(text, 0, err)
	}
	return p, nil
}

// note lists what the formula reads.
func (p *Program) note(root node) {
	walk(root, func(n node) {
		r, ok := n.(*reference)
		switch {
		case !ok:
		case r.source == modelField:
			p.fields = append(p.fields, r.name)
		case r.source == userAttribute:
			p.attributes = append(p.attributes, r.name)
		default:
			p.sets = append(p.sets, r.name)
		}
	})
	for _, names := range []*[]string{&p.fields, &p.sets, &p.attributes} {
		slices.Sort(*names)
		*names = slices.Clip(slices.Compact(*names))
	}
}

// Text is the formula as it was written.
func (p *Program) Text() string { return p.text }

// Canonical is the formula's normal form. It is the same for formulas that differ in white space, in the case of
// functions' names, in parentheses that change nothing, in AND, OR, NOT and & as words or functions, and in how a
// number or a comparison is written. Programs of the same normal form always give the same.
func (p *Program) Canonical() string { return p.canonical }

// Fields are the record's fields that the formula reads, such as "Author/Title", sorted, each once. The list is the
// program's own, as those of Sets and Attributes are: it is not to be changed.
func (p *Program) Fields() []string { return p.fields }

// Sets are the permission sets that the formula names, by id or ntx_asset_id, sorted, each once.
func (p *Program) Sets() []string { return p.sets }

// Attributes are the user's attributes that the formula reads, sorted, each once.
func (p *Program) Attributes() []string { return p.attributes }

// OfUser tells that the formula reads nothing of a record: it gives the same for all of them.
func (p *Program) OfUser() bool { return len(p.fields) == 0 }

// Condition is an *Error where the formula can never be TRUE or FALSE, such as one that adds numbers.
func (p *Program) Condition() error {
	if p.kinds == Blank || p.kinds&Bool != 0 {
		return nil
	}
	return errorAt(p.text, 0, failf("a condition gives TRUE or FALSE, and this gives %s", p.kinds.article()))
}

// Eval is the formula's value. The error is an *Error, at the place that could not be evaluated.
func (p *Program) Eval(in Input) (Value, error) {
	v, err := run(p.code, p.text, in)
	if err != nil {
		return nil, err
	}
	if err := usable(v); err != nil {
		return nil, errorAt(p.text, 0, err)
	}
	return v, nil
}

// True is the formula as a condition: a blank is false, and what is neither TRUE nor FALSE is an *Error. Whoever
// decides by a formula treats an error as "does not pass".
func (p *Program) True(in Input) (bool, error) {
	v, err := run(p.code, p.text, in)
	if err != nil {
		return false, err
	}
	truth, err := truthOf(v)
	if err != nil {
		return false, errorAt(p.text, 0, err)
	}
	return truth, nil
}

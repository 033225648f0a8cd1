package formula

import (
	"errors"
	"sync"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// User is what formulas may know of the acting user. It is asked each time a formula refers to it.
type User interface {
	// AppPermission finds a permission set by its id or ntx_asset_id; ok is false where the user does not hold
	// it in this app.
	AppPermission(ref string) (id, assetID, name string, ok bool)
	// Attribute is an attribute of the user's; false: there is none of this name.
	Attribute(name string) (Value, bool)
}

// Model is the record that a formula is about.
type Model interface {
	// Field is the value at a path such as "Author/Title"; false: there is none. Decoded JSON may be given as it
	// is: it goes through FromJSON.
	Field(path string) (Value, bool)
}

// Input is what a formula is evaluated for. User and Model may be nil: everything of them is blank.
type Input struct {
	User  User
	Model Model
	Now   time.Time
}

// machine evaluates one formula at a time.
type machine struct {
	vm   vm.VM
	in   Input
	made int // bytes of text made by this evaluation
}

var machines = sync.Pool{New: func() any { return new(machine) }}

// run evaluates a compiled part of the formula in text.
func run(code *vm.Program, text string, in Input) (Value, error) {
	m, _ := machines.Get().(*machine)
	m.in, m.made, m.vm.MemoryBudget = in, 0, maxNodes
	v, err := m.vm.Run(code, m)
	m.in = Input{}
	clear(m.vm.Stack[:cap(m.vm.Stack)]) // records stay in no pool
	machines.Put(m)
	if err != nil {
		return nil, failure(text, err)
	}
	return v, nil
}

// failure is what stopped an evaluation, as an Error of the text.
func failure(text string, err error) error {
	if m, ok := errors.AsType[*mistake](err); ok {
		return errorAt(text, m.offset, m.err)
	}
	offset := 0
	if at, ok := errors.AsType[*file.Error](err); ok {
		offset = min(at.From, len(text))
	}
	return errorAt(text, offset, err)
}

func (m *machine) field(path string) Value {
	if m.in.Model == nil {
		return nil
	}
	v, _ := m.in.Model.Field(path)
	return FromJSON(v)
}

func (m *machine) attribute(name string) Value {
	if m.in.User == nil {
		return nil
	}
	v, _ := m.in.User.Attribute(name)
	return FromJSON(v)
}

// set is what a permission set tells; "" where the user does not hold it.
func (m *machine) set(ref, part string) string {
	if m.in.User == nil {
		return ""
	}
	id, assetID, name, ok := m.in.User.AppPermission(ref)
	switch {
	case !ok:
		return ""
	case part == "id":
		return id
	case part == "name":
		return name
	default:
		return assetID
	}
}

// text is a text that the evaluation made, if it is not too long.
func (m *machine) text(text string) (Value, error) {
	m.made += len(text)
	if len(text) > maxText || m.made > 10*maxText {
		return nil, errLongText
	}
	return text, nil
}

// site is one call in a formula.
type site struct {
	of *function
	at []int // where it is, and where its arguments are
}

// call is what the engine calls: the machine comes first, the arguments behind it.
func (s *site) call(params ...any) (any, error) {
	return s.apply(machineOf(params[0]), params[1:])
}

func (s *site) apply(m *machine, args []Value) (Value, error) {
	for _, v := range args {
		if blank(v) && !s.of.blanks {
			return nil, nil
		}
	}
	for i, v := range args {
		if err := s.accepts(i, v); err != nil {
			return nil, s.fail(i+1, err)
		}
	}
	v, err := s.of.call(m, args)
	if err != nil {
		return nil, s.fail(0, err)
	}
	return v, nil
}

// accepts tells whether a value may be the nth argument.
func (s *site) accepts(n int, v Value) error {
	if blank(v) {
		return nil
	}
	if err := usable(v); err != nil {
		return err
	}
	if text, ok := v.(string); ok && len(text) > maxArgument {
		return failf("the text has more than %d bytes", maxArgument)
	}
	p := s.of.param(n)
	if k := KindOf(v); k&p.kinds == 0 {
		return failf("%s takes %s, and this is %s%s", s.of.name, p.kinds.article(), k.article(), conversion(k, p.kinds))
	}
	return nil
}

// fail places an error at the call (0) or at its nth argument.
func (s *site) fail(n int, err error) error {
	if n >= len(s.at) {
		return err
	}
	return &mistake{s.at[n], err}
}

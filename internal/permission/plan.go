package permission

import (
	"slices"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/formula"
)

// Plan is what a user may do with the records of one object, as it is decided once, before anything is asked of the
// target, and then held against each record. It notes which sets were needed; it is for one request.
type Plan struct {
	op     events.DataOp
	in     formula.Input // without a record
	grants []bound       // those that do not fail for the user already; the site set's last
	used   []bool
	// Forced is what fields get on a write, by name.
	Forced map[string]formula.Value
}

// Plan prepares an operation on an object. The question's fields are those that are written; what is read is narrowed
// instead of refused, see Narrow and Visible. The decision says why there is no plan, where there is none.
func (s *Snapshot) Plan(q Question) (*Plan, Decision) {
	if q.Op == events.ReadRecords {
		q.Fields = nil
	}
	q.Record = nil
	var h holding
	if r := s.hold(&h, q.user(), q.App); r != "" {
		return nil, refused(r)
	}
	d := h.granted(&q)
	if !d.Allowed {
		return nil, d
	}
	p := &Plan{op: q.Op, in: formula.Input{User: h.newReader(q.user()), Now: q.Now}, grants: h.reaching(&q)}
	p.used = make([]bool, len(p.grants))
	if h.forces(&q) {
		var r Rule
		var field string
		if p.Forced, r, field = h.force(&q); r != "" {
			return nil, Decision{Rule: r, Field: field}
		}
	}
	return p, d
}

// Used are the sets that were needed for what the plan has let through so far.
func (p *Plan) Used() (sets []events.SetUse) {
	for i, used := range p.used {
		if used {
			sets = append(sets, p.grants[i].use())
		}
	}
	return sets
}

// Deprecated tells whether a site set was among them.
func (p *Plan) Deprecated() bool {
	n := len(p.grants)
	return n > 0 && p.used[n-1] && p.grants[n-1].Through == AsSiteSet
}

// reach is the first grant that lets a record pass, and grants the field ("": none in particular); -1: none does.
func (p *Plan) reach(record formula.Model, field string, need access) int {
	for i := range p.grants {
		b := &p.grants[i]
		if field != "" && b.field(field)&need == 0 && (need != writable || !b.forces(field)) {
			continue
		}
		if b.verdict == passes || b.meetsFormulas(p.in.User, record, p.in.Now) == passes {
			return i
		}
	}
	return -1
}

// use notes that a grant was needed, and tells whether there was one.
func (p *Plan) use(grant int) bool {
	if grant < 0 {
		return false
	}
	p.used[grant] = true
	return true
}

// Readable tells whether a field of a record may be seen.
func (p *Plan) Readable(record formula.Model, field string) bool {
	return p.use(p.reach(record, field, readable))
}

// Visible tells whether a record may be found by its values of some fields: a record whose field may not be seen
// must not be told apart by it.
func (p *Plan) Visible(record formula.Model, by []string) bool {
	needed := make([]int, 1, 1+len(by))
	needed[0] = p.reach(record, "", 0)
	for _, f := range by {
		needed = append(needed, p.reach(record, f, readable))
	}
	return p.useAll(needed)
}

// useAll notes that grants were needed together, where none is missing.
func (p *Plan) useAll(grants []int) bool {
	if slices.Contains(grants, -1) {
		return false
	}
	for _, g := range grants {
		p.used[g] = true
	}
	return true
}

// Narrow is the fields to ask for instead of those wanted (none: all): those that may be read of some record. none is
// the first field where nothing is left. ok is false where that can not be said by names: everything has to be asked
// for, and taken out of what comes.
func (p *Plan) Narrow(wanted []string) (fields []string, ok bool, none string) {
	if len(wanted) == 0 {
		return p.named()
	}
	for _, f := range wanted {
		if p.some(f, readable) || p.within(f) {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return nil, true, wanted[0]
	}
	return p.withNeeded(fields), true, ""
}

// named is every readable field by name.
func (p *Plan) named() (fields []string, ok bool, none string) {
	for i := range p.grants {
		if p.grants[i].others&readable != 0 {
			return nil, false, ""
		}
		for f, a := range p.grants[i].fields.All() {
			if a&readable != 0 {
				fields = append(fields, f)
			}
		}
	}
	if len(fields) == 0 {
		return nil, true, events.Any
	}
	return p.withNeeded(fields), true, ""
}

// Finds tells whether records may be found by a field: some grant lets it be read.
func (p *Plan) Finds(field string) bool { return p.some(field, readable) }

// some tells whether any grant grants a field.
func (p *Plan) some(field string, need access) bool {
	return slices.ContainsFunc(p.grants, func(b bound) bool { return b.field(field)&need != 0 })
}

// within tells whether something inside of a field is readable.
func (p *Plan) within(field string) bool {
	return slices.ContainsFunc(p.grants, func(b bound) bool {
		for f, a := range b.fields.All() {
			if a&readable != 0 && strings.HasPrefix(f, field+"/") {
				return true
			}
		}
		return false
	})
}

// withNeeded adds what conditions read: it is looked at, and not passed on unless it may be read.
func (p *Plan) withNeeded(fields []string) []string {
	fields = append(fields, p.Needed()...)
	slices.Sort(fields)
	return slices.Compact(fields)
}

// Needed are the fields that conditions read, in order.
func (p *Plan) Needed() (fields []string) {
	for i := range p.grants {
		if p.grants[i].verdict == passes {
			continue
		}
		for _, f := range p.grants[i].formulas {
			fields = append(fields, f.Fields()...)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// Filter is what of the conditions can be asked of the target, for records that are found by some fields: every
// record that is visible matches it. nil: there is nothing to ask. none: there is no record that could be visible.
func (p *Plan) Filter(by []string) (f *formula.Filter, none bool) {
	var all []formula.Filter
	for _, field := range slices.Concat([]string{""}, by) {
		one := p.anyOf(field)
		switch {
		case is(one, false):
			return nil, true
		case !is(one, true):
			all = append(all, one)
		}
	}
	switch len(all) {
	case 0:
		return nil, false
	case 1:
		return &all[0], false
	default:
		return &formula.Filter{And: all}, false
	}
}

// anyOf is what the grants of a field ("": all grants) ask for: one of them has to let a record pass.
func (p *Plan) anyOf(field string) formula.Filter {
	var all []formula.Filter
	for i := range p.grants {
		b := &p.grants[i]
		if field != "" && b.field(field)&readable == 0 {
			continue
		}
		one := p.allOf(b)
		if is(one, true) {
			return one
		}
		if !is(one, false) {
			all = append(all, one)
		}
	}
	switch len(all) {
	case 0:
		return constant(false)
	case 1:
		return all[0]
	default:
		return formula.Filter{Or: all}
	}
}

// allOf is what one grant's conditions ask for.
func (p *Plan) allOf(b *bound) formula.Filter {
	var all []formula.Filter
	if b.verdict != passes {
		for _, program := range b.formulas {
			one, _, _ := program.Push(p.in.User, p.in.Now) // what is wrong with it matches nothing, as it says
			if is(one, false) {
				return one
			}
			if !is(one, true) {
				all = append(all, one)
			}
		}
	}
	switch len(all) {
	case 0:
		return constant(true)
	case 1:
		return all[0]
	default:
		return formula.Filter{And: all}
	}
}

func constant(truth bool) formula.Filter { return formula.Filter{Const: &truth} }

// is tells whether a filter is a constant, and this one.
func is(f formula.Filter, truth bool) bool { return f.Const != nil && *f.Const == truth }

// same tells whether two values are the same.
func same(a, b formula.Value) bool {
	if t, ok := a.(time.Time); ok {
		u, ok := b.(time.Time)
		return ok && t.Equal(u)
	}
	return a == b
}

package permission

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/table"
)

// form is all that a holding says of one operation on one object.
type form struct {
	h      *holding
	grants []conditioned
}

// conditioned is a grant whose conditions can be met, with those that are not met by every record already.
type conditioned struct {
	bound

	asks alternative
}

// form collects it. What a condition asks of the sets that are held is known, and so is what it says where it is TRUE or
// FALSE whatever the record; every other one is compared as the program that it is.
func (c *comparison) form(h *holding, connection, object string, op events.DataOp) form {
	f := form{h: h}
	var g grants
	h.collect(&g, &Question{Connection: connection, Object: object, Op: op})
	for i := range g.n {
		b := g.at(i)
		if b.broken || !h.meets(b.needs) {
			continue
		}
		if asks, met := c.asks(h, b.formulas); met {
			f.grants = append(f.grants, conditioned{*b, asks})
		}
	}
	return f
}

// asks is what formulas ask for; false where one of them is FALSE.
func (c *comparison) asks(h *holding, formulas []*formula.Program) (a alternative, met bool) {
	for _, p := range formulas {
		switch key := c.key(h, p); key {
		case "TRUE":
		case "FALSE":
			return nil, false
		default:
			a = append(a, key)
		}
	}
	slices.Sort(a)
	return slices.Compact(a), true
}

// key is the same for programs that give the same for everybody who holds the same: their normal form, with the sets that
// they name as whoever holds this finds them.
func (c *comparison) key(h *holding, p *formula.Program) string {
	if len(p.Sets()) == 0 {
		return p.Canonical()
	}
	names := make(map[string]string, len(p.Sets()))
	var held []string
	none := nobodys
	for h.has(none) != nil {
		none += nobodys
	}
	for _, ref := range p.Sets() {
		set := h.has(ref)
		if set == nil {
			names[ref] = none
			continue
		}
		names[ref] = set.ID
		held = append(held, set.ID+" is "+set.Asset()+", "+set.Name)
	}
	mark := ""
	if len(held) > 0 {
		mark = heldMark + strings.Join(held, "; ")
	}
	return c.renamed(p, names) + mark
}

// nobodys is the name of a set that is not held.
const nobodys = "-"

// renamed is a program's normal form with other names for sets.
func (c *comparison) renamed(p *formula.Program, names map[string]string) string {
	key := p.Text()
	for _, ref := range p.Sets() {
		key += heldMark + names[ref]
	}
	if found, ok := c.canonical[key]; ok {
		return found
	}
	text, err := formula.Rename(p.Text(), names)
	if err != nil {
		return key // it can not be: it was compiled
	}
	canonical := key
	if q, err := formula.Compile(text); err == nil {
		canonical = q.Canonical()
	}
	c.canonical[key] = canonical
	return canonical
}

// record says which records are reached.
func (f *form) record() (t terms) {
	for _, g := range f.grants {
		t = t.or(g.asks)
	}
	return t
}

// field says of which records a field may be read or written; one that is forced may be written, whatever is granted.
func (f *form) field(name string, need access, forced bool) (t terms) {
	for _, g := range f.grants {
		if g.field(name)&need != 0 || forced && g.forces(name) {
			t = t.or(g.asks)
		}
	}
	return t
}

// forced says, by field and value, for which users it is forced. What a condition asks of the record does not matter.
func (c *comparison) forced(f form) map[[2]string]terms {
	all := make(map[[2]string]terms)
	for _, g := range f.grants {
		var ofUser []*formula.Program
		for _, p := range g.formulas {
			if p.OfUser() {
				ofUser = append(ofUser, p)
			}
		}
		asks, _ := c.asks(f.h, ofUser)
		for _, v := range g.forced {
			at := [2]string{v.field, c.key(f.h, v.value)}
			all[at] = all[at].or(asks)
		}
	}
	return all
}

// wants is how grants want a field shown. The first whose conditions are met counts.
type wants []want

type want struct {
	asks alternative
	as   string
}

// String is how the field is shown, for people.
func (w wants) String() string {
	all := make([]string, 0, len(w))
	for _, x := range w {
		text := strconv.Quote(x.as)
		if len(x.asks) > 0 {
			text += " where " + x.asks.String()
		}
		all = append(all, text)
	}
	return strings.Join(all, ", else ")
}

// overrides are what the sets that are held, in their order, want of an object's fields, by field and what of it. Those
// who may only delete its records show none of them.
func (c *comparison) overrides(h *holding, connection, object string) map[[2]string]wants {
	all := make(map[[2]string]wants)
	before := make(map[[2]string]terms)
	from, of := table.KeyOf(connection), table.KeyOf(object)
	for i := range h.n + 1 {
		_, o, _ := h.grant(i, from, of)
		if o == nil || o.ops&^bit(events.DeleteRecords) == 0 || o.broken || !h.meets(o.needs) {
			continue
		}
		asks, met := c.asks(h, o.formulas)
		if !met {
			continue
		}
		for _, f := range o.Fields {
			for what, value := range map[string]string{"display name": f.DisplayName, "type": f.Type, "usage": f.Usage} {
				at := [2]string{f.Field, what}
				next := before[at].or(asks)
				if value == "" || next.same(before[at]) {
					continue // one of those before counts wherever this one does
				}
				before[at] = next
				all[at] = append(all[at], want{asks, value})
			}
		}
	}
	return all
}

// namedFields are the fields of which forms say something, in order.
func namedFields(forms []form) []string {
	names := make(map[string]bool)
	for _, f := range forms {
		for _, g := range f.grants {
			for _, n := range g.guarded {
				names[n] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

package permission

import (
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/table"
)

// compiler compiles what one set says; a formula that it says again and again is compiled once.
type compiler map[string]*formula.Program // nil: it can not be read

// compile makes a set ready to be asked.
func compile(s Set) *Set {
	c := make(compiler)
	connections := make(map[string]*connection, len(s.Connections))
	for i := range s.Connections {
		g := &s.Connections[i]
		connections[g.Connection] = c.connection(g, s.Kind)
	}
	s.key, s.connections = table.KeyOf(s.ID), table.NamesOf(connections)
	s.forces = s.forcesAny()
	if s.Site != nil {
		s.apps = make(map[string]bool, len(s.Site.Apps))
		for _, app := range s.Site.Apps {
			s.apps[app] = true
		}
	}
	return &s
}

func (c compiler) connection(g *events.ConnectionGrant, kind events.SetKind) *connection {
	made := &connection{raw: g.Raw}
	if g.Objects == nil && kind == events.SiteSet {
		made.raw, made.others = true, everything
		return made
	}
	objects := make(map[string]*object, len(g.Objects))
	for _, og := range g.Objects {
		o := c.object(og)
		if og.Object == events.Any {
			made.others = o
			continue
		}
		objects[og.Object] = o
	}
	made.objects = table.NamesOf(objects)
	return made
}

func (c compiler) object(g events.ObjectGrant) *object {
	o := &object{ObjectGrant: g}
	fields := make(map[string]access, len(g.Fields))
	for _, op := range g.Operations {
		o.ops |= bit(op)
	}
	for _, f := range g.Fields {
		var a access
		if f.Read {
			a |= readable
		}
		if f.Write {
			a |= writable
		}
		if f.Field == events.Any {
			o.others = a
			continue
		}
		fields[f.Field] = a
	}
	o.fields = table.NamesOf(fields)
	for _, x := range g.Conditions {
		if !c.limit(o, x) {
			o.broken = true
		}
	}
	o.guarded = o.guard()
	return o
}

// guard is the fields that are named, forced or read by conditions, in order. Of a path that a condition reads, what it
// is inside of is one of them, too: a value that is written there replaces it.
func (o *object) guard() (names []string) {
	for name := range o.fields.All() {
		names = append(names, name)
	}
	for _, f := range o.forced {
		names = append(names, f.field)
	}
	for _, p := range o.formulas {
		for _, field := range p.Fields() {
			for at, ok := field, true; ok; at, ok = parent(at) {
				names = append(names, at)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// program is a compiled formula; nil for one that can not be read.
func (c compiler) program(text string) *formula.Program {
	p, there := c[text]
	if !there {
		p, _ = formula.Compile(text) // whatever is wrong with it, it lets nothing through
		c[text] = p
	}
	return p
}

// forceable tells whether a field can be forced: one by itself, not a part of one, which could not be set without the rest.
func forceable(field string) bool { return field != events.Any && !strings.Contains(field, "/") }

// limit adds a condition. One that can not be read, or is of no kind that is known here, was refused when it came; should
// it be there all the same, ok is false, and the grant lets nothing through.
func (c compiler) limit(o *object, x events.Condition) (ok bool) {
	switch {
	case x.HasSet != "" && x.Formula == "" && x.Force == nil:
		o.needs = append(o.needs, x.HasSet)
		return true
	case x.HasSet == "" && x.Formula != "" && x.Force == nil:
		p := c.program(x.Formula)
		if p != nil {
			o.formulas = append(o.formulas, p)
		}
		return p != nil
	case x.HasSet == "" && x.Formula == "" && x.Force != nil && forceable(x.Force.Field):
		p := c.program(x.Force.Value)
		if p == nil || !p.OfUser() {
			return false
		}
		o.forced = append(o.forced, forced{x.Force.Field, p})
		return true
	default:
		return false
	}
}

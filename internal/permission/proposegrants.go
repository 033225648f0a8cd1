package permission

import (
	"slices"

	"holdfast/events"
	"holdfast/internal/formula"
)

// adapted are a site set's grants as a set of an app says them: what is whole without rules gets the rules that say so.
// A condition that names a site set can not be said there, and is never met: no site set is held in an app.
func (s *Snapshot) adapted(set *Set, app string) []events.ConnectionGrant {
	grants := slices.Clone(set.Connections)
	for i := range grants {
		g := &grants[i]
		if g.Objects == nil {
			g.Raw, g.Objects = true, []events.ObjectGrant{wholeObject()}
			continue
		}
		g.Objects = slices.Clone(g.Objects)
		for j := range g.Objects {
			o := &g.Objects[j]
			o.Fields, o.Conditions = slices.Clone(o.Fields), slices.Clone(o.Conditions)
			for k := range o.Conditions {
				o.Conditions[k] = s.adaptedCondition(o.Conditions[k], app)
			}
		}
	}
	return grants
}

// wholeObject is everything of every object.
func wholeObject() events.ObjectGrant {
	return events.ObjectGrant{Object: events.Any, Operations: events.DataOps(),
		Fields: []events.FieldGrant{{Field: events.Any, Read: true, Write: true}}}
}

func (s *Snapshot) adaptedCondition(c events.Condition, app string) events.Condition {
	switch {
	case c.HasSet != "":
		if s.elsewhere(c.HasSet, app) {
			c.HasSet, c.Formula = "", "FALSE"
		}
	case c.Force != nil:
		force := *c.Force
		force.Value = s.adaptedFormula(force.Value, app)
		c.Force = &force
	default:
		c.Formula = s.adaptedFormula(c.Formula, app)
	}
	return c
}

// elsewhere tells whether a set is of another place than an app, and none of the app has its name.
func (s *Snapshot) elsewhere(ref, app string) bool {
	other := s.set(ref)
	return other != nil && other.App != app && !s.namedIn(app, ref)
}

// adaptedFormula names sets that nobody has in the place of those that are not of the app.
func (s *Snapshot) adaptedFormula(text, app string) string {
	p, err := formula.Compile(text)
	if err != nil {
		return text
	}
	names := make(map[string]string)
	for _, ref := range p.Sets() {
		if s.elsewhere(ref, app) {
			names[ref] = s.nobodysSet(ref, app)
		}
	}
	if len(names) == 0 {
		return text
	}
	if renamed, err := formula.Rename(text, names); err == nil {
		return renamed
	}
	return text
}

// nobodysSet is a name that no set has.
func (s *Snapshot) nobodysSet(ref, app string) string {
	for n := 1; ; n++ {
		if id := shortened("no-app-set-"+ref, n); s.set(id) == nil && !s.namedIn(app, id) {
			return id
		}
	}
}

// longestPart is how many bytes of grants go into one set: a message holds it, with what is around it.
const longestPart = 160 << 10

// inParts divides grants among as many sets as it takes for each to fit into a message: a connection's stay together, and
// what sets grant adds up.
func inParts(grants []events.ConnectionGrant) (parts [][]events.ConnectionGrant) {
	begin, size := 0, 0
	for i := range grants {
		raw, err := events.Marshal(grants[i])
		n := len(raw)
		if err == nil && size+n > longestPart && i > begin {
			parts = append(parts, grants[begin:i:i])
			begin, size = i, 0
		}
		size += n
	}
	return append(parts, grants[begin:])
}

package permission_test

import (
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/permission"
)

// grant is what one held set grants of an object.
type grant struct {
	by     events.SetUse
	object events.ObjectGrant
	whole  bool // (20) a site set's connection without rules for objects: everything
	says   string
}

// What a grant says of a record.
const (
	no      = "no"
	depends = "depends" // on a record that is not known
	yes     = "yes"
)

// connectionOf: (12) a set grants of connections what it names.
func connectionOf(s madeSet, connection string) (events.ConnectionGrant, bool) {
	for _, c := range s.Connections {
		if c.Connection == connection {
			return c, true
		}
	}
	return events.ConnectionGrant{}, false
}

// objectOf: (13) an object is granted by its name; * stands for those that the set does not name, in whatever case.
func objectOf(c events.ConnectionGrant, name string) (events.ObjectGrant, bool) {
	other := -1
	for i, o := range c.Objects {
		if o.Object == name {
			return o, true
		}
		if o.Object == events.Any {
			other = i
		}
	}
	for _, o := range c.Objects {
		if strings.EqualFold(o.Object, name) {
			return events.ObjectGrant{}, false
		}
	}
	if other < 0 {
		return events.ObjectGrant{}, false
	}
	return c.Objects[other], true
}

// fieldOf: (14) a field is granted as the grant names it, or what it is inside of, the innermost first; * stands for
// those that it does not name. Neither stands for one that the grant names, forces or reads in a condition, in another case.
func (g grant) fieldOf(name string) (read, write bool) {
	if g.whole {
		return true, true
	}
	for _, at := range append(upwards(name), events.Any) {
		for _, f := range g.object.Fields {
			if f.Field == at {
				return f.Read, f.Write
			}
		}
		if slices.ContainsFunc(g.saysOf(), func(said string) bool { return said != at && strings.EqualFold(said, at) }) {
			return false, false
		}
	}
	return false, false
}

// saysOf are the fields of which a grant says something, and what those are inside of that conditions read.
func (g grant) saysOf() (names []string) {
	for _, f := range g.object.Fields {
		names = append(names, f.Field)
	}
	for _, c := range g.object.Conditions {
		if c.Force != nil {
			names = append(names, c.Force.Field)
		}
		for _, read := range formulas[c.Formula].reads {
			names = append(names, upwards(read)...)
		}
	}
	return names
}

// upwards: A/B/C, A/B, A.
func upwards(name string) (all []string) {
	parts := strings.Split(name, "/")
	for n := len(parts); n > 0; n-- {
		all = append(all, strings.Join(parts[:n], "/"))
	}
	return all
}

// forces: (15) a field whose value a grant forces, or that is inside of one, may be written: it gets that value.
func (g grant) forces(name string) bool {
	for _, c := range g.object.Conditions {
		if c.Force != nil && slices.Contains(upwards(name), c.Force.Field) {
			return true
		}
	}
	return false
}

// judge: (16) every condition of a grant has to be met; one that can not be worked out, or be read, is not.
func (g grant) judge(s someone, r record) string {
	says := yes
	for _, c := range g.object.Conditions {
		switch f, known := formulas[c.Formula]; {
		case c.HasSet != "":
			if _, ok := s.w.holdsSet(s.who, s.app, c.HasSet); !ok {
				return no
			}
		case c.Force != nil:
			if _, known := forcedFormulas[c.Force.Value]; !known {
				return no
			}
		case !known:
			return no
		case r == nil && len(f.reads) > 0:
			says = depends
		default:
			if v, ok := f.says(s, r); !ok || v != true {
				return no
			}
		}
	}
	return says
}

// verdict is what a decision comes to.
type verdict struct {
	allowed     bool
	rule        permission.Rule
	field       string
	conditional bool
	deprecated  bool
	sets        []events.SetUse
}

// decide: (28) a write is refused where what is forced can not be.
func (w *world) decide(q permission.Question, r record) verdict {
	v := w.granted(q, r)
	if !v.allowed {
		return v
	}
	p := w.planOf(q)
	if rule, field := p.force(); rule != "" {
		return verdict{rule: rule, field: field}
	}
	return v
}

// granted: (17) app sets are asked first; where they do not allow it, or only for some records, the site set is asked with
// them, and what it adds is deprecated.
func (w *world) granted(q permission.Question, r record) verdict {
	h, refusal := w.holdings(q.User, q.App)
	if refusal != "" {
		return verdict{rule: refusal}
	}
	without := w.decideBy(h.apps, q, r)
	if h.site == "" || without.allowed && !without.conditional {
		return without
	}
	with := w.decideBy(append(slices.Clone(h.apps), events.SetUse{Set: h.site, Through: string(permission.AsSiteSet)}), q, r)
	switch {
	case with.allowed && (!without.allowed || !with.conditional):
		with.deprecated, with.rule = true, permission.BySiteSet
		return with
	case without.allowed:
		return without
	default:
		return with
	}
}

// decideBy: (18) a refusal's rule is the last hurdle that any set came to.
func (w *world) decideBy(held []events.SetUse, q permission.Question, r record) verdict {
	switch {
	case len(held) == 0:
		return verdict{rule: permission.AppSetNeeded}
	case q.Connection == "":
		return verdict{allowed: true, rule: permission.ByAppSet, sets: held}
	}
	var named, raw []events.SetUse
	for _, use := range held {
		s, _ := w.setOf(use.Set)
		if c, ok := connectionOf(s, q.Connection); ok {
			named = append(named, use)
			if c.Raw || s.Kind == events.SiteSet && c.Objects == nil {
				raw = append(raw, use)
			}
		}
	}
	switch {
	case len(named) == 0:
		return verdict{rule: permission.ConnectionNotGranted}
	case q.Op == permission.Reach:
		return verdict{allowed: true, rule: permission.ByAppSet, sets: named}
	case q.Op == permission.Raw && len(raw) == 0:
		return verdict{rule: permission.RawNotGranted}
	case q.Op == permission.Raw:
		return verdict{allowed: true, rule: permission.ByAppSet, sets: raw}
	}
	return w.decideRecords(named, q, r)
}

// grantsOf are the grants of an object and an operation; the rule says what is missing.
func (w *world) grantsOf(held []events.SetUse, q permission.Question, r record) (all []grant, missing permission.Rule) {
	missing = permission.ConnectionNotGranted
	objects := 0
	for _, use := range held {
		s, _ := w.setOf(use.Set)
		c, ok := connectionOf(s, q.Connection)
		if !ok {
			continue
		}
		g := grant{by: use, whole: s.Kind == events.SiteSet && c.Objects == nil}
		if !g.whole {
			if g.object, ok = objectOf(c, q.Object); !ok {
				if objects == 0 {
					missing = permission.ObjectNotGranted
				}
				continue
			}
		}
		objects++
		missing = permission.OperationNotGranted
		if g.whole && slices.Contains(events.DataOps(), q.Op) || slices.Contains(g.object.Operations, q.Op) {
			g.says = g.judge(someone{w, q.User, q.App}, r)
			all = append(all, g)
		}
	}
	return all, missing
}

// decideRecords: (19) a record passes if one of the grants lets it pass, and a field is granted if one of those that do
// grants it.
func (w *world) decideRecords(held []events.SetUse, q permission.Question, r record) verdict {
	all, missing := w.grantsOf(held, q, r)
	if len(all) == 0 {
		return verdict{rule: missing}
	}
	passing := slices.DeleteFunc(all, func(g grant) bool { return g.says == no })
	if len(passing) == 0 {
		return verdict{rule: permission.RecordNotGranted}
	}
	v := verdict{allowed: true, rule: permission.ByAppSet, conditional: true}
	for _, g := range passing {
		v.sets = append(v.sets, g.by)
		v.conditional = v.conditional && g.says == depends
	}
	for _, f := range q.Fields {
		granted, always := false, false
		for _, g := range passing {
			read, write := g.fieldOf(f)
			if q.Op == events.ReadRecords && read || q.Op != events.ReadRecords && (write || g.forces(f)) {
				granted, always = true, always || g.says == yes
			}
		}
		switch {
		case !granted && q.Op == events.ReadRecords:
			return verdict{rule: permission.FieldNotReadable, field: f}
		case !granted:
			return verdict{rule: permission.FieldNotWritable, field: f}
		}
		v.conditional = v.conditional || !always
	}
	return v
}

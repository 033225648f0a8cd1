package permission_test

import (
	"cmp"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/permission"
)

// naivePlan is what the rules say of an operation on records.
type naivePlan struct {
	s      someone
	q      permission.Question
	grants []grant // those that do not fail for the user already
	forced map[string]any
}

// plan: (21) an operation that is refused whatever the record is has no plan; what is read is narrowed instead.
func (w *world) plan(q permission.Question) (p naivePlan, v verdict) {
	if q.Op == events.ReadRecords {
		q.Fields = nil
	}
	if v = w.granted(q, nil); !v.allowed {
		return p, v
	}
	p = w.planOf(q)
	if rule, field := p.force(); rule != "" {
		return naivePlan{}, verdict{rule: rule, field: field}
	}
	return p, v
}

func (w *world) planOf(q permission.Question) naivePlan {
	h, _ := w.holdings(q.User, q.App)
	held := h.apps
	if h.site != "" {
		held = append(slices.Clone(held), events.SetUse{Set: h.site, Through: string(permission.AsSiteSet)})
	}
	all, _ := w.grantsOf(held, q, nil)
	return naivePlan{s: someone{w, q.User, q.App}, q: q,
		grants: slices.DeleteFunc(all, func(g grant) bool { return g.says == no })}
}

// force: (22) what any of them forces is written, whatever its conditions say of the record; where two differ, nothing is.
// Nor is a field that is a forced one in another case, or inside of one.
func (p *naivePlan) force() (permission.Rule, string) {
	p.forced = map[string]any{}
	if p.q.Op != events.CreateRecords && p.q.Op != events.UpdateRecords {
		return "", ""
	}
	for _, g := range p.grants {
		for _, c := range g.object.Conditions {
			if c.Force == nil {
				continue
			}
			for _, f := range p.q.Fields {
				if slices.ContainsFunc(upwards(f), func(at string) bool { return at != c.Force.Field && strings.EqualFold(at, c.Force.Field) }) {
					return permission.FieldNotWritable, f
				}
			}
			v, ok := forcedFormulas[c.Force.Value].says(p.s, nil)
			if !ok {
				return permission.ForcedValueInvalid, c.Force.Field
			}
			if old, there := p.forced[c.Force.Field]; there && say(old) != say(v) {
				return permission.ForcedValuesDiffer, c.Force.Field
			}
			p.forced[c.Force.Field] = v
		}
	}
	return "", ""
}

// passing are the grants that let a record pass.
func (p naivePlan) passing(r record) (all []grant) {
	for _, g := range p.grants {
		if g.judge(p.s, r) == yes {
			all = append(all, g)
		}
	}
	return all
}

func (p naivePlan) readable(r record, field string) bool {
	return slices.ContainsFunc(p.passing(r), func(g grant) bool { read, _ := g.fieldOf(field); return read })
}

// visible: (23) a record is found by what may be read of it.
func (p naivePlan) visible(r record, by []string) bool {
	return len(p.passing(r)) > 0 && !slices.ContainsFunc(by, func(f string) bool { return !p.readable(r, f) })
}

// needsSite tells whether a record, and each field that is looked at by it, passes through the site set alone.
func (p naivePlan) needsSite(r record, by []string) bool {
	alone := func(granted func(grant) bool) bool {
		var through []string
		for _, g := range p.passing(r) {
			if granted(g) {
				through = append(through, g.by.Through)
			}
		}
		return len(through) > 0 && !slices.ContainsFunc(through, func(t string) bool { return t != string(permission.AsSiteSet) })
	}
	if !p.visible(r, by) {
		return false
	}
	return alone(func(grant) bool { return true }) || slices.ContainsFunc(by, func(f string) bool { return alone(func(g grant) bool { read, _ := g.fieldOf(f); return read }) })
}

// narrow: (24) of the fields that are wanted those are asked for that may be read of some record, or of which a part may,
// and what conditions read; of all fields those that are named, or everything where * may be read.
func (p naivePlan) narrow(wanted []string) (fields []string, ok bool, none string) {
	for _, g := range p.grants {
		star, _ := g.fieldOf(events.Any)
		if len(wanted) == 0 && star {
			return nil, false, ""
		}
	}
	names := wanted
	if len(wanted) == 0 {
		names = p.readableNames()
	}
	for _, f := range names {
		if slices.ContainsFunc(p.grants, func(g grant) bool { read, _ := g.fieldOf(f); return read || p.partOf(g, f) }) {
			fields = append(fields, f)
		}
	}
	switch {
	case len(fields) == 0 && len(wanted) == 0:
		return nil, true, events.Any
	case len(fields) == 0:
		return nil, true, wanted[0]
	}
	for _, g := range p.grants {
		for _, c := range g.object.Conditions {
			if g.says == depends {
				fields = append(fields, formulas[c.Formula].reads...)
			}
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields), true, ""
}

func (p naivePlan) readableNames() (names []string) {
	for _, g := range p.grants {
		for _, f := range g.object.Fields {
			if f.Read {
				names = append(names, f.Field)
			}
		}
	}
	return names
}

func (p naivePlan) partOf(g grant, field string) bool {
	return slices.ContainsFunc(g.object.Fields, func(f events.FieldGrant) bool { return f.Read && strings.HasPrefix(f.Field, field+"/") })
}

// look: (25) a record is looked at before it is changed or deleted, if what is granted depends on it.
func (p naivePlan) look(fields []string) bool {
	if p.q.Op == events.CreateRecords {
		return false
	}
	always := func(granted func(grant) bool) bool {
		return slices.ContainsFunc(p.grants, func(g grant) bool { return g.says == yes && granted(g) })
	}
	return !always(func(grant) bool { return true }) ||
		slices.ContainsFunc(fields, func(f string) bool { return !always(func(g grant) bool { return g.writes(f) }) })
}

func (g grant) writes(field string) bool {
	_, write := g.fieldOf(field)
	return write || g.forces(field)
}

// change: (26) a record is changed if a grant lets it pass as it is, and one as it shall be; each field by one that lets
// it pass as it is. A new record is as it shall be.
func (p naivePlan) change(before, after record, fields []string) (allowed bool, rule permission.Rule, field string) {
	judged := before
	if p.q.Op == events.CreateRecords {
		judged = after
	}
	if len(p.passing(judged)) == 0 || after != nil && len(p.passing(after)) == 0 {
		return false, permission.RecordNotGranted, ""
	}
	for _, f := range fields {
		if !slices.ContainsFunc(p.passing(judged), func(g grant) bool { return g.writes(f) }) {
			return false, permission.FieldNotWritable, f
		}
	}
	return true, permission.ByAppSet, ""
}

// shown: (27) fields are shown as the first set says that grants the object and says so; app sets come first.
func (w *world) shown(q permission.Question, r record) (all []string, deprecated bool, rule permission.Rule) {
	h, refusal := w.holdings(q.User, q.App)
	if refusal != "" {
		return nil, false, refusal
	}
	held := h.apps
	if h.site != "" {
		held = append(slices.Clone(held), events.SetUse{Set: h.site, Through: string(permission.AsSiteSet)})
	}
	names := map[string]bool{events.Any: true}
	for _, use := range held {
		for _, g := range w.offersOf(use, q, r) {
			for _, f := range g.object.Fields {
				names[f.Field] = true
			}
		}
	}
	for name := range sorted(names) {
		got, apps := w.shownField(held, q, r, name), w.shownField(h.apps, q, r, name)
		if got.Read || got.Write {
			all = append(all, sayField(got))
			deprecated = deprecated || got.Read != apps.Read || got.Write != apps.Write
		}
	}
	return all, deprecated, ""
}

// offersOf are what one set grants of reading and writing an object.
func (w *world) offersOf(use events.SetUse, q permission.Question, r record) map[events.DataOp]grant {
	offers := make(map[events.DataOp]grant)
	for _, op := range []events.DataOp{events.ReadRecords, events.CreateRecords, events.UpdateRecords} {
		q.Op = op
		if all, _ := w.grantsOf([]events.SetUse{use}, q, r); len(all) == 1 && all[0].says != no {
			offers[op] = all[0]
		}
	}
	return offers
}

func (w *world) shownField(held []events.SetUse, q permission.Question, r record, name string) events.FieldGrant {
	f := events.FieldGrant{Field: name}
	for _, use := range held {
		for op, g := range w.offersOf(use, q, r) {
			read, write := g.fieldOf(name)
			f.Read, f.Write = f.Read || op == events.ReadRecords && read, f.Write || op != events.ReadRecords && write
			for _, mine := range g.object.Fields {
				if mine.Field == name {
					f.DisplayName = cmp.Or(f.DisplayName, mine.DisplayName)
				}
			}
		}
	}
	return f
}

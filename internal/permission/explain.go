package permission

import (
	"cmp"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/table"
)

// Step is what one set that a user holds says of a question.
type Step struct {
	Held

	// Missing is what the set does not grant; empty: it grants what is asked.
	Missing Rule
	Field   string // the first that is not granted
	// Unmet are conditions that are not met, and Open those that depend on the record.
	Unmet, Open []string
}

// Grants tells whether the set grants what was asked, at least of some record.
func (s *Step) Grants() bool { return s.Missing == "" && len(s.Unmet) == 0 }

// Explanation is a decision with what each set says of it, and what would change it.
type Explanation struct {
	Decision

	Steps []Step
	// Would are the sets of the app that the user does not hold and of which each alone would help, in order: with it,
	// the answer is yes, perhaps depending on the record. Where it is yes already, they are those that grant it by
	// themselves. No set helps whoever was removed, or the public in an app that is not open to it.
	Would []*Set
}

// Explain answers a question, and says why.
func (s *Snapshot) Explain(q Question) Explanation {
	e := Explanation{Decision: s.Decide(&q)}
	var h holding
	if s.hold(&h, q.user(), q.App) != "" || s == nil {
		return e
	}
	for i := range h.n + 1 {
		if x := h.any(i); x != nil {
			e.Steps = append(e.Steps, h.step(*x, &q))
		}
	}
	a, _ := s.apps.Get(q.App)
	if a == nil {
		return e
	}
	for _, set := range a.sets {
		if h.has(set.ID) == nil && h.helps(set.Set, &q, e.Allowed) {
			e.Would = append(e.Would, set.Set)
		}
	}
	return e
}

// helps tells whether a set that is not held would change a refusal, or grants by itself what is allowed already.
func (h *holding) helps(set *Set, q *Question, allowed bool) bool {
	with := holding{user: h.user, app: h.app, person: h.person, site: h.site}
	for i := range h.n {
		with.add(*h.at(i))
	}
	x := Held{Set: set, Through: InPerson}
	with.add(x)
	if !allowed {
		d := with.granted(q)
		with.enforce(q, &d)
		return d.Allowed
	}
	step := with.step(x, q)
	return step.Grants()
}

// step is what one set says.
func (h *holding) step(x Held, q *Question) Step {
	step := Step{Held: x}
	if q.Connection == "" {
		return step
	}
	c := x.Set.connection(table.KeyOf(q.Connection))
	switch {
	case c == nil:
		step.Missing = ConnectionNotGranted
		return step
	case q.Op == Raw && !c.raw:
		step.Missing = RawNotGranted
		return step
	case q.Op == Raw, q.Op == Reach:
		return step
	}
	o := c.object(table.KeyOf(q.Object))
	switch {
	case o == nil:
		step.Missing = ObjectNotGranted
		return step
	case o.ops&bit(q.Op) == 0:
		step.Missing = OperationNotGranted
		return step
	}
	need := readable
	if q.Op != events.ReadRecords {
		need = writable
	}
	for _, f := range q.Fields {
		if o.field(f)&need == 0 && (need != writable || !o.forces(f)) {
			step.Missing, step.Field = notGranted(need), f
			break
		}
	}
	h.weigh(&step, o, q)
	return step
}

// weigh holds each condition by itself against the question.
func (h *holding) weigh(step *Step, o *object, q *Question) {
	for _, c := range o.Conditions {
		if c.Force != nil {
			continue
		}
		one := compiler{}.object(events.ObjectGrant{Conditions: []events.Condition{c}})
		b := bound{Held: step.Held, object: one}
		text := cmp.Or(c.Name, c.Formula, "holds the set "+c.HasSet)
		switch b.judge(h, q) {
		case fails:
			step.Unmet = append(step.Unmet, text)
		case depends:
			step.Open = append(step.Open, text)
		case passes:
		}
	}
}

// Objects are the objects that sets name for a connection, in order: of one app, or of all where none is named.
func (s *Snapshot) Objects(in, connection string) (names []string) {
	for _, set := range s.Sets() {
		if in != "" && set.App != in && set.Kind == events.AppSet {
			continue
		}
		if c := set.connection(table.KeyOf(connection)); c != nil {
			for name := range c.objects.All() {
				names = append(names, name)
			}
		}
	}
	slices.SortFunc(names, strings.Compare)
	return slices.Compact(names)
}

package permission

import (
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/table"
)

// verdict is what a grant's conditions say of a record.
type verdict uint8

const (
	fails   verdict = iota
	depends         // on a record that is not known
	passes
)

// bound is a grant of the object and the operation in question, and the set that it is in.
type bound struct {
	Held
	*object

	verdict verdict
}

// grants are those in question, the site set's last.
type grants struct{ few[bound] }

// collect finds the grants of an object and an operation. The rule says what is missing where there is none.
func (h *holding) collect(g *grants, q *Question) Rule {
	missing := ConnectionNotGranted
	op, connection, name := bit(q.Op), table.KeyOf(q.Connection), table.KeyOf(q.Object)
	for i := range h.n + 1 {
		x, o, near := h.grant(i, connection, name)
		switch {
		case !near:
		case o == nil:
			missing = further(missing, ObjectNotGranted)
		case o.ops&op == 0:
			missing = further(missing, OperationNotGranted)
		default:
			g.add(bound{Held: *x, object: o})
		}
	}
	if g.n == 0 {
		return missing
	}
	return ""
}

// grant is what the ith set held grants of an object; near tells whether it grants the connection at least.
func (h *holding) grant(i int, connection, name table.Key) (x *Held, o *object, near bool) {
	if x = h.any(i); x == nil {
		return nil, nil, false
	}
	c := x.Set.connection(connection)
	if c == nil {
		return x, nil, false
	}
	return x, c.object(name), true
}

// closeness orders what is missing by how close it came to being granted.
var closeness = []Rule{AppSetNeeded, ConnectionNotGranted, ObjectNotGranted, OperationNotGranted, RecordNotGranted}

// further is what came closer to being granted.
func further(a, b Rule) Rule {
	if slices.Index(closeness, a) > slices.Index(closeness, b) {
		return a
	}
	return b
}

// field is the best verdict among the grants that grant a field.
func (g *grants) field(name string, need access) verdict {
	best := fails
	for i := range g.n {
		b := g.at(i)
		if b.verdict > best && (b.field(name)&need != 0 || need == writable && b.forces(name)) {
			best = b.verdict
		}
	}
	return best
}

// forces tells whether the value of a field, or of what it is inside of, is the set's to say, whatever is written.
func (o *object) forces(field string) bool {
	if len(o.forced) == 0 {
		return false
	}
	for at, ok := field, true; ok; at, ok = parent(at) {
		for i := range o.forced {
			if o.forced[i].field == at {
				return true
			}
		}
	}
	return false
}

// judge holds a grant's conditions against the question's record. A condition that can not be worked out is not met.
func (b *bound) judge(h *holding, q *Question) verdict {
	switch {
	case b.broken:
		return fails
	case len(b.needs) > 0 && !h.meets(b.needs):
		return fails
	case len(b.formulas) == 0:
		return passes
	default:
		return b.meetsFormulas(h.newReader(q.user()), q.Record, q.Now)
	}
}

func (h *holding) meets(sets []string) bool {
	for _, ref := range sets {
		if h.has(ref) == nil {
			return false
		}
	}
	return true
}

func (o *object) meetsFormulas(u formula.User, record formula.Model, now time.Time) verdict {
	best := passes
	for _, p := range o.formulas {
		if record == nil && !p.OfUser() {
			best = depends
			continue
		}
		if ok, err := p.True(formula.Input{User: u, Model: record, Now: now}); err != nil || !ok {
			return fails
		}
	}
	return best
}

// reader is what formulas read of a user in an app.
type reader struct {
	id         string
	attributes map[string]formula.Value
	n          int
	some       [4]*Set // app sets that are held
	more       []*Set
}

// newReader is a copy: what a formula reads outlives the question's own memory.
func (h *holding) newReader(user string) *reader {
	r := &reader{id: user, attributes: h.attributes}
	for i := range h.n {
		if set := h.at(i).Set; i < len(r.some) {
			r.some[i] = set
			r.n++
		} else {
			r.more = append(r.more, set)
		}
	}
	return r
}

// AppPermission is a set that the user holds in the app.
func (r *reader) AppPermission(ref string) (id, assetID, name string, ok bool) {
	for _, sets := range [2][]*Set{r.some[:r.n], r.more} {
		for _, set := range sets {
			if set.is(ref) {
				return set.ID, set.Asset(), set.Name, true
			}
		}
	}
	return "", "", "", false
}

// Attributes that every user has, whatever the directory calls attributes.
const (
	attributeID   = "id"
	attributeName = "name"
)

// Attribute is the user's id, or what the directory says of the user by this name. The public is nobody, and has neither.
func (r *reader) Attribute(name string) (formula.Value, bool) {
	switch {
	case name == attributeID && r.id == events.PermissionPublic:
		return nil, false
	case name == attributeID:
		return r.id, true
	}
	v, ok := r.attributes[name]
	return v, ok
}

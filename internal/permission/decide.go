package permission

import (
	"time"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/table"
)

// Operations beside those on records.
const (
	// Reach asks whether anything is granted at all: of the connection, or of the app where no connection is named.
	Reach events.DataOp = ""
	// Raw is an action without records.
	Raw events.DataOp = "raw"
)

// Question is who wants to do what.
type Question struct {
	User       string // events.PermissionPublic, or a user; events.ActorSystem or empty: nobody, a run without a user
	App        string
	Connection string
	Op         events.DataOp
	Object     string
	Fields     []string // that are read, or written
	// Record is the record in question; nil: which one is not known, and the decision says whether it matters.
	Record formula.Model
	Now    time.Time // by the bus's clock
}

func (q *Question) user() string {
	if q.User == "" {
		return events.ActorSystem
	}
	return q.User
}

// Decision is the answer, the rule that gave it, and the sets that grant it.
type Decision struct {
	Allowed bool
	Rule    Rule
	Field   string // that is not granted
	// Conditional: it depends on the record.
	Conditional bool
	// Deprecated: without the site set it had been refused, or had depended on the record.
	Deprecated bool

	n    int
	some [4]Held
	more []Held
}

// Sets are those that grant what was decided.
func (d *Decision) Sets() []events.SetUse {
	all := make([]events.SetUse, 0, d.n)
	for i := range min(d.n, len(d.some)) {
		all = append(all, d.some[i].use())
	}
	for _, h := range d.more {
		all = append(all, h.use())
	}
	return all
}

func (d *Decision) by(h *Held) {
	if d.n < len(d.some) {
		d.some[d.n] = *h
	} else {
		d.more = append(d.more, *h)
	}
	d.n++
}

func refused(r Rule) Decision { return Decision{Rule: r} }

// Decide answers a question. Nothing is allowed that no set grants, and no write where what is forced can not be. App sets
// are asked first: what takes the site set, too, is deprecated, and says so.
func (s *Snapshot) Decide(q *Question) (d Decision) {
	var h holding
	if r := s.hold(&h, q.user(), q.App); r != "" {
		return refused(r)
	}
	d = h.granted(q)
	h.enforce(q, &d)
	return d
}

// granted asks app sets first, and the site set where they do not do.
func (h *holding) granted(q *Question) Decision {
	site := h.site
	h.site = Held{}
	d := h.decide(q)
	h.site = site
	if site.Set == nil || d.Allowed && !d.Conditional {
		return d
	}
	if with := h.decide(q); with.Allowed && (!d.Allowed || d.Conditional && !with.Conditional) {
		with.Deprecated, with.Rule = true, BySiteSet
		return with
	} else if !d.Allowed {
		return with // its rule is about all that is held
	}
	return d
}

// decide answers by what is held.
func (h *holding) decide(q *Question) Decision {
	if h.n == 0 && h.site.Set == nil {
		return refused(AppSetNeeded)
	}
	if q.Connection == "" {
		return h.reached()
	}
	switch q.Op {
	case Reach, Raw:
		return h.connected(q)
	default:
		return h.records(q)
	}
}

// reached is for the app itself: holding a set is enough.
func (h *holding) reached() Decision {
	d := Decision{Allowed: true, Rule: ByAppSet}
	for i := range h.n {
		d.by(h.at(i))
	}
	if h.site.Set != nil {
		d.by(&h.site)
	}
	return d
}

// connected is for what needs no record.
func (h *holding) connected(q *Question) Decision {
	d := Decision{Rule: ConnectionNotGranted}
	connection := table.KeyOf(q.Connection)
	for i := range h.n + 1 {
		x := h.any(i)
		if x == nil {
			continue
		}
		c := x.Set.connection(connection)
		switch {
		case c == nil:
		case q.Op == Raw && !c.raw:
			d.Rule = RawNotGranted
		default:
			d.Allowed = true
			d.by(x)
		}
	}
	if d.Allowed {
		d.Rule = ByAppSet
	}
	return d
}

// any is the ith set held; the site set comes last, where it counts.
func (h *holding) any(i int) *Held {
	switch {
	case i < h.n:
		return h.at(i)
	case h.site.Set != nil:
		return &h.site
	default:
		return nil
	}
}

// records is for operations on records.
func (h *holding) records(q *Question) Decision {
	var g grants
	if r := h.collect(&g, q); r != "" {
		return refused(r)
	}
	d := Decision{Rule: RecordNotGranted}
	need := readable
	if q.Op != events.ReadRecords {
		need = writable
	}
	best := fails
	for i := range g.n {
		b := g.at(i)
		b.verdict = b.judge(h, q)
		best = max(best, b.verdict)
		if b.verdict != fails {
			d.by(&b.Held)
		}
	}
	if best == fails {
		return refused(RecordNotGranted)
	}
	d.Conditional = best == depends
	for _, f := range q.Fields {
		v := g.field(f, need)
		if v == fails {
			return Decision{Rule: notGranted(need), Field: f}
		}
		d.Conditional = d.Conditional || v == depends
	}
	d.Allowed, d.Rule = true, ByAppSet
	return d
}

func notGranted(need access) Rule {
	if need == writable {
		return FieldNotWritable
	}
	return FieldNotReadable
}

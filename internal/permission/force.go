package permission

import (
	"holdfast/events"
	"holdfast/internal/formula"
)

// forces tells whether a question is one of a write, and some set that is held forces something.
func (h *holding) forces(q *Question) bool {
	if q.Op != events.CreateRecords && q.Op != events.UpdateRecords {
		return false
	}
	for i := range h.n + 1 {
		if x := h.any(i); x != nil && x.Set.forces {
			return true
		}
	}
	return false
}

// enforce refuses what is granted where what is forced can not be.
func (h *holding) enforce(q *Question, d *Decision) {
	if !d.Allowed || !h.forces(q) {
		return
	}
	if _, r, field := h.force(q); r != "" {
		*d = Decision{Rule: r, Field: field}
	}
}

// reaching are the grants that do not fail for the user already, whatever the record.
func (h *holding) reaching(q *Question) (all []bound) {
	of := *q
	of.Record = nil
	var g grants
	h.collect(&g, &of)
	for i := range g.n {
		b := g.at(i)
		if b.verdict = b.judge(h, &of); b.verdict != fails {
			all = append(all, *b)
		}
	}
	return all
}

// force works out what a write is forced to, or why it may not be. Every grant that reaches the user counts, whatever its
// conditions say of a record. A forced field is not written in another case, either, whoever grants that: some services
// would take it for the one that is forced.
func (h *holding) force(q *Question) (values map[string]formula.Value, r Rule, field string) {
	in := formula.Input{User: h.newReader(q.user()), Now: q.Now}
	for _, b := range h.reaching(q) {
		for _, f := range b.forced {
			for _, written := range q.Fields {
				if f.twinOf(written) {
					return nil, FieldNotWritable, written
				}
			}
			v, err := f.value.Eval(in)
			if err != nil {
				return nil, ForcedValueInvalid, f.field
			}
			if old, there := values[f.field]; there && !same(old, v) {
				return nil, ForcedValuesDiffer, f.field
			}
			if values == nil {
				values = make(map[string]formula.Value)
			}
			values[f.field] = v
		}
	}
	return values, "", ""
}

// twinOf tells whether a field, or what it is inside of, is the forced one in another case.
func (f *forced) twinOf(field string) bool {
	for at, ok := field, true; ok; at, ok = parent(at) {
		if twin(at, f.field) {
			return true
		}
	}
	return false
}

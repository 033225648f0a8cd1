package permission

import (
	"slices"

	"holdfast/events"
	"holdfast/internal/formula"
)

// Look tells whether a record has to be looked at before these fields of it are changed, or before it is deleted: what
// is granted depends on what it is.
func (p *Plan) Look(fields []string) bool {
	if p.op == events.CreateRecords {
		return false
	}
	return !p.free("") || slices.ContainsFunc(fields, func(f string) bool { return !p.free(f) })
}

// free tells whether some grant lets every record pass, and grants a field ("": none in particular).
func (p *Plan) free(field string) bool {
	return slices.ContainsFunc(p.grants, func(b bound) bool {
		return b.verdict == passes && (field == "" || b.field(field)&writable != 0 || b.forces(field))
	})
}

// Change decides over a write of some fields. before is the record as it is, and nil where it is being made or Look
// says that it does not matter; after is the record as it shall be, with what is forced, and nil where it is being
// deleted. A record passes if some set lets it pass as it is, and some set as it shall be. A field may be written if a
// set that lets the record pass as it is (made: as it shall be) grants it.
func (p *Plan) Change(before, after formula.Model, fields []string) Decision {
	judged := before
	if p.op == events.CreateRecords {
		judged = after
	}
	needed := []int{p.reach(judged, "", 0)}
	if after != nil {
		needed = append(needed, p.reach(after, "", 0))
	}
	if slices.Contains(needed, -1) {
		return refused(RecordNotGranted)
	}
	for _, f := range fields {
		grant := p.reach(judged, f, writable)
		if grant < 0 {
			return Decision{Rule: FieldNotWritable, Field: f}
		}
		needed = append(needed, grant)
	}
	p.useAll(needed)
	return Decision{Allowed: true, Rule: ByAppSet}
}

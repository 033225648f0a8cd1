package permission

import (
	"cmp"
	"slices"

	"holdfast/events"
	"holdfast/internal/table"
)

// Fields are the fields of an object that a user may read or write in an app, of some record at least, and how they are
// to be shown, in order; events.Any stands for those that are not named. What a set forces is not among what may be
// written for that: the value is the set's. Of two sets that want a field shown differently the one whose id comes first
// counts, app sets before the site set. The decision is deprecated where the site set adds a right.
func (s *Snapshot) Fields(q Question) ([]events.FieldGrant, Decision) {
	var h holding
	if r := s.hold(&h, q.user(), q.App); r != "" {
		return nil, refused(r)
	}
	offers, missing := h.offers(&q)
	if len(offers) == 0 {
		return nil, refused(missing)
	}
	byApps := slices.DeleteFunc(slices.Clone(offers), func(o offer) bool { return o.Through == AsSiteSet })
	all, d := shown(offers), Decision{Allowed: true, Rule: ByAppSet}
	for _, f := range all {
		if read, write := rights(byApps, f.Field); f.Read != read || f.Write != write {
			d.Deprecated, d.Rule = true, BySiteSet
		}
	}
	if !d.Deprecated {
		offers = byApps
	}
	for i := range offers {
		d.by(&offers[i].Held)
	}
	return all, d
}

// offer is what one set grants of an object's fields, of some record at least.
type offer struct {
	bound

	reads, writes bool
}

// offers are what the sets that are held grant of an object, the site set's last. The rule says what is missing where
// there is none.
func (h *holding) offers(q *Question) (all []offer, missing Rule) {
	connection, name := table.KeyOf(q.Connection), table.KeyOf(q.Object)
	missing = ConnectionNotGranted
	if h.n == 0 && h.site.Set == nil {
		missing = AppSetNeeded
	}
	for i := range h.n + 1 {
		x, o, near := h.grant(i, connection, name)
		if o == nil {
			if near {
				missing = further(missing, ObjectNotGranted)
			}
			continue
		}
		next := offer{bound{Held: *x, object: o}, o.ops&bit(events.ReadRecords) != 0, o.ops&(bit(events.CreateRecords)|bit(events.UpdateRecords)) != 0}
		switch {
		case !next.reads && !next.writes:
			missing = further(missing, OperationNotGranted)
		case next.judge(h, q) == fails:
			missing = further(missing, RecordNotGranted)
		default:
			all = append(all, next)
		}
	}
	return all, missing
}

// shown is every field that is named, with all that is granted of it.
func shown(offers []offer) (all []events.FieldGrant) {
	names := []string{events.Any}
	for _, o := range offers {
		for _, f := range o.Fields {
			names = append(names, f.Field)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		f := events.FieldGrant{Field: name}
		if f.Read, f.Write = rights(offers, name); !f.Read && !f.Write {
			continue
		}
		for _, o := range offers {
			f = o.override(f)
		}
		all = append(all, f)
	}
	return all
}

// rights are what sets grant of a field.
func rights(offers []offer, field string) (read, write bool) {
	for _, o := range offers {
		a := o.others
		if field != events.Any {
			a = o.field(field)
		}
		read, write = read || o.reads && a&readable != 0, write || o.writes && a&writable != 0
	}
	return read, write
}

// override adds how a grant wants a field shown, where nobody said so before.
func (o *object) override(f events.FieldGrant) events.FieldGrant {
	i := slices.IndexFunc(o.Fields, func(g events.FieldGrant) bool { return g.Field == f.Field })
	if i < 0 {
		return f
	}
	g := o.Fields[i]
	f.DisplayName, f.Type, f.Usage = cmp.Or(f.DisplayName, g.DisplayName), cmp.Or(f.Type, g.Type), cmp.Or(f.Usage, g.Usage)
	return f
}

package permission

import (
	"maps"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/table"
)

// Conflict is two sets that force different values of one field on the same users in an app.
type Conflict struct {
	App        string
	Sets       [2]string // in order
	Connection string
	Object     string
	Field      string
	User       string // one of those who hold both, and did not before
	Users      int    // who hold both
}

// clash is a Conflict of nobody in particular.
type clash = Conflict

// NewConflicts are the conflicts that a fact has made, or made for more users: before is the snapshot without it.
func (s *Snapshot) NewConflicts(before *Snapshot, f events.Fact) (found []Conflict) {
	had := before.conflictsOf(f)
	has := s.conflictsOf(f)
	for _, c := range slices.SortedFunc(maps.Keys(has), compareClashes) {
		users := has[c]
		i := slices.IndexFunc(users, func(id string) bool { return !slices.Contains(had[c], id) })
		if i < 0 {
			continue
		}
		c.User, c.Users = users[i], len(users)
		found = append(found, c)
	}
	return found
}

func compareClashes(a, b clash) int {
	return slices.Compare([]string{a.App, a.Sets[0], a.Sets[1], a.Connection, a.Object, a.Field},
		[]string{b.App, b.Sets[0], b.Sets[1], b.Connection, b.Object, b.Field})
}

// conflictsOf are the conflicts of the sets that a fact is about, and the users concerned, in order.
func (s *Snapshot) conflictsOf(f events.Fact) map[clash][]string {
	all := make(map[clash][]string)
	if s == nil {
		return all
	}
	for _, id := range s.concerned(f) {
		set := s.set(id)
		if set == nil || !set.forces {
			continue
		}
		for _, in := range set.countsIn() {
			for _, other := range s.rivals(set, in) {
				for _, c := range clashes(set, other, in) {
					if users := s.holdBoth(set, other, in); len(users) > 0 {
						all[c] = users
					}
				}
			}
		}
	}
	return all
}

// concerned are the sets whose holders a fact may change, or that it is.
func (s *Snapshot) concerned(f events.Fact) (sets []string) {
	switch f.Kind {
	case events.FactSet:
		return []string{f.ID}
	case events.FactAssignment:
		set, _, _ := strings.Cut(f.ID, ".")
		return []string{set}
	case events.FactGroup:
		s.given.Each(func(set string, g given) bool {
			if slices.ContainsFunc(g.groups, func(x since) bool { return x.Name() == f.ID }) {
				sets = append(sets, set)
			}
			return true
		})
	case events.FactSiteSet, events.FactUser: // a user may have come back
		for _, h := range s.Holds(f.ID, "") {
			sets = append(sets, h.Set.ID)
		}
	case events.FactPublicAccess:
		for _, h := range s.holdsIn(events.PermissionPublic, f.ID) {
			sets = append(sets, h.Set.ID)
		}
	default:
	}
	return sets
}

// countsIn are the apps in which a set counts.
func (s *Set) countsIn() []string {
	if s.Kind == events.AppSet {
		return []string{s.App}
	}
	return slices.Collect(maps.Keys(s.apps))
}

// rivals are the other sets that may be held together with one in an app.
func (s *Snapshot) rivals(set *Set, in string) (all []*Set) {
	if a, _ := s.apps.Get(in); a != nil {
		for _, other := range a.sets {
			if other.ID != set.ID {
				all = append(all, other.Set)
			}
		}
	}
	if set.Kind == events.SiteSet { // a user has one
		return all
	}
	s.sets.Each(func(_ string, other *Set) bool {
		if other.apps[in] {
			all = append(all, other)
		}
		return true
	})
	return all
}

func (s *Set) forcesAny() bool {
	for _, c := range s.connections.All() {
		if c.others != nil && len(c.others.forced) > 0 {
			return true
		}
		for _, o := range c.objects.All() {
			if len(o.forced) > 0 {
				return true
			}
		}
	}
	return false
}

// clashes are the fields that two sets force differently. Values that follow from the user may turn out the same, and a
// condition may fail for the user; it is said all the same, because that may change.
func clashes(a, b *Set, in string) (found []clash) {
	for name, c := range a.connections.All() {
		other := b.connection(table.KeyOf(name))
		if other == nil {
			continue
		}
		for _, object := range objectsOf(c, other) {
			x, y := c.object(table.KeyOf(object)), other.object(table.KeyOf(object))
			if x == nil || y == nil || x.ops&y.ops&(bit(events.CreateRecords)|bit(events.UpdateRecords)) == 0 {
				continue
			}
			for _, f := range x.forced {
				i := slices.IndexFunc(y.forced, func(g forced) bool { return g.field == f.field })
				if i >= 0 && y.forced[i].value.Canonical() != f.value.Canonical() {
					found = append(found, clash{App: in, Sets: ordered(a.ID, b.ID), Connection: name, Object: object, Field: f.field})
				}
			}
		}
	}
	return found
}

// objectsOf are the objects that either grant names, Any for the others.
func objectsOf(a, b *connection) []string {
	names := []string{events.Any}
	for _, c := range []*connection{a, b} {
		for name := range c.objects.All() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func ordered(a, b string) [2]string {
	if b < a {
		return [2]string{b, a}
	}
	return [2]string{a, b}
}

// holdBoth are those who hold two sets in an app, in order.
func (s *Snapshot) holdBoth(a, b *Set, in string) (users []string) {
	if a.Kind == events.SiteSet { // it has the more holders
		a, b = b, a
	}
	for _, id := range s.holders(a) {
		var h holding
		if s.hold(&h, id, in) == "" && h.holds(a) && h.holds(b) {
			users = append(users, id)
		}
	}
	slices.Sort(users)
	return users
}

// holds tells whether this very set is held where it counts.
func (h *holding) holds(set *Set) bool {
	for i := range h.n + 1 {
		if x := h.any(i); x != nil && x.Set == set {
			return true
		}
	}
	return false
}

// holders are those who may hold a set: in person, through groups, as the public.
func (s *Snapshot) holders(set *Set) []string {
	ids := make(map[string]bool)
	for _, a := range s.Assigned(set.ID) {
		switch {
		case a.User != "":
			ids[a.User] = true
		case a.Public:
			ids[events.PermissionPublic] = true
		default:
			for _, m := range s.directory.Members(a.Group) {
				ids[m] = true
			}
		}
	}
	return slices.Collect(maps.Keys(ids))
}

package permission

import (
	"cmp"
	"maps"
	"slices"

	"holdfast/events"
	"holdfast/internal/formula"
)

// Sets are a tenant's permission sets, the system's included, in order of their ids.
func (s *Snapshot) Sets() []*Set {
	all := make(map[string]*Set, len(systemSets))
	maps.Copy(all, systemSets)
	if s != nil {
		s.sets.Each(func(id string, set *Set) bool { all[id] = set; return true })
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *Set) int { return cmp.Compare(a.ID, b.ID) })
}

// Set is a permission set by its id; nil where there is none.
func (s *Snapshot) Set(id string) *Set { return s.set(id) }

// Holds are the sets that a user holds in an app (empty: in all), the site set last.
func (s *Snapshot) Holds(user, in string) (all []Held) {
	if in != "" {
		return s.holdsIn(user, in)
	}
	if s != nil {
		s.apps.Each(func(id string, _ *app) bool {
			for _, h := range s.holdsIn(user, id) {
				if h.Through != AsSiteSet {
					all = append(all, h)
				}
			}
			return true
		})
	}
	slices.SortFunc(all, func(a, b Held) int { return cmp.Compare(a.Set.ID, b.Set.ID) })
	if site := s.SiteSet(user); site != nil {
		all = append(all, Held{Set: site, Through: AsSiteSet})
	}
	return all
}

func (s *Snapshot) holdsIn(user, in string) (all []Held) {
	var h holding
	if s.hold(&h, user, in) != "" {
		return nil
	}
	for i := range h.n {
		all = append(all, *h.at(i))
	}
	if h.site.Set != nil {
		all = append(all, h.site)
	}
	return all
}

// Attributes are what formulas read of a user; do not change them.
func (s *Snapshot) Attributes(user string) map[string]formula.Value {
	if s == nil || user == events.PermissionPublic || s.removed(user) {
		return nil
	}
	p, ok := s.people.Get(user)
	if !ok {
		return nil
	}
	return p.attributes
}

// Reader is a user in an app, as formulas read it; it holds nothing where the user may not be there.
func (s *Snapshot) Reader(user, in string) formula.User {
	var h holding
	if s.hold(&h, user, in) != "" {
		h = holding{person: nobody}
	}
	return h.newReader(user)
}

// Assigned are those to whom a set is assigned, users first, in order; Public stands for the public.
func (s *Snapshot) Assigned(set string) (all []events.PermissionAssignment) {
	now := s.set(set)
	if s == nil || now == nil {
		return nil
	}
	s.people.Each(func(id string, p *person) bool {
		if among(p.sets, now.key, now.Created) || p.site.Name() == set && s.siteSet(id, p) == now {
			all = append(all, events.PermissionAssignment{Set: set, App: now.App, User: id})
		}
		return true
	})
	slices.SortFunc(all, func(a, b events.PermissionAssignment) int { return cmp.Compare(a.User, b.User) })
	g, _ := s.given.Get(set)
	for _, group := range g.groups {
		if group.sequence > now.Created {
			all = append(all, events.PermissionAssignment{Set: set, App: now.App, Group: group.Name()})
		}
	}
	if g.public > now.Created || set == events.SystemSetPublic {
		all = append(all, events.PermissionAssignment{Set: set, App: now.App, Public: true})
	}
	return all
}

// Open tells whether an app is open to the public.
func (s *Snapshot) Open(in string) bool {
	if s == nil {
		return false
	}
	a, ok := s.apps.Get(in)
	return ok && a.open
}

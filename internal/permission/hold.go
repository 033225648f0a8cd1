package permission

import (
	"holdfast/events"
	dir "holdfast/internal/access"
	"holdfast/internal/table"
)

// Through is what a user holds a set through.
type Through string

// The ways to hold a set.
const (
	InPerson     Through = "user"
	ThroughGroup Through = "group"
	AsPublic     Through = "public"
	AsSiteSet    Through = "site"
)

// Held is a set that a user holds.
type Held struct {
	Set     *Set
	Through Through
	Group   string // ThroughGroup: which
}

// use is the set as outcomes and answers name it.
func (h Held) use() events.SetUse {
	return events.SetUse{Set: h.Set.ID, Through: string(h.Through), Group: h.Group}
}

// holding is the sets that a user holds in an app, in order of their ids, and the site set where it counts there.
type holding struct {
	user string
	app  string
	*person

	few[Held]

	site Held // Set nil: none, or it does not allow the app
}

// has tells whether an app set is held, by its id or its asset id.
func (h *holding) has(ref string) *Set {
	for i := range h.n {
		if x := h.at(i); x.Set.is(ref) {
			return x.Set
		}
	}
	return nil
}

var nobody = new(person)

// hold finds what a user holds in an app. The rule says why it is nothing, where it is for a reason beyond the sets.
func (s *Snapshot) hold(h *holding, user, in string) Rule {
	h.user, h.app, h.person = user, in, nobody
	if s == nil {
		return ""
	}
	standing := s.directory.Standing(user)
	if standing.Removed && user != events.PermissionPublic {
		return RemovedUser
	}
	if p, ok := s.people.Get(user); ok {
		h.person = p
	}
	a, _ := s.apps.Get(in)
	if user == events.PermissionPublic {
		if a == nil || !a.open {
			return PublicAccessOff
		}
		h.person = nobody
	}
	if a != nil {
		h.holdSets(a, standing)
	}
	if site := s.siteSet(user, h.person); site != nil && site.apps[in] {
		h.site = Held{Set: site, Through: AsSiteSet}
	}
	return ""
}

// removed tells whether a user was there and is no more. The public is nobody whom a directory could remove.
func (s *Snapshot) removed(user string) bool {
	return s != nil && user != events.PermissionPublic && s.directory.Removed(user)
}

// holdSets finds the app's sets among those that are held.
func (h *holding) holdSets(a *app, standing *dir.Standing) {
	for i := range a.sets {
		set := &a.sets[i]
		switch {
		case h.user == events.PermissionPublic:
			if set.public > set.created {
				h.add(Held{Set: set.Set, Through: AsPublic})
			}
		case among(h.sets, set.key, set.created):
			h.add(Held{Set: set.Set, Through: InPerson})
		case set.mask&standing.Mask != 0:
			if g := first(set.groups, standing.Groups, set.created); g != "" {
				h.add(Held{Set: set.Set, Through: ThroughGroup, Group: g})
			}
		}
	}
}

// siteSet is the one site set that a user has, nil for none. The public has its own.
func (s *Snapshot) siteSet(user string, p *person) *Set {
	if user == events.PermissionPublic {
		return s.set(events.SystemSetPublic)
	}
	id := p.site.Name()
	if id == "" || id == events.SystemSetPublic {
		return nil
	}
	set := s.set(id)
	if set == nil || set.Kind != events.SiteSet || p.site.sequence <= set.Created {
		return nil
	}
	return set
}

// among tells whether a short list has an id, said after a moment.
func among(list []since, id table.Key, after uint64) bool {
	for i := range list {
		if list[i].Is(id) {
			return list[i].sequence > after
		}
	}
	return false
}

// first is the first of the groups that has been given something after a moment, which are in order.
func first(given []since, groups []table.Key, after uint64) string {
	for i := range given {
		for j := range groups {
			if given[i].Is(groups[j]) && given[i].sequence > after {
				return groups[j].Name()
			}
		}
	}
	return ""
}

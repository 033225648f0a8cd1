package permission

import (
	"slices"

	"holdfast/events"
	dir "holdfast/internal/access"
)

// SiteSet is the site set that a user has, with what it says; nil where the user has none. The public has Public.
func (s *Snapshot) SiteSet(user string) *Set {
	p := nobody
	if s != nil {
		if s.removed(user) {
			return nil
		}
		if found, ok := s.people.Get(user); ok {
			p = found
		}
	}
	return s.siteSet(user, p)
}

// ConfiguresSite tells whether a user's site set lets the user change permission sets, apps and others' connections.
// Whoever is not signed in never may, whatever the site set Public says.
func (s *Snapshot) ConfiguresSite(user string) bool {
	set := s.SiteSet(user)
	return user != events.PermissionPublic && set != nil && set.Site != nil && set.Site.ConfigureSite
}

// ConfiguresSelf tells whether a user may change the credentials of connections of the user's own: those who have no
// site set may, and of those who have one, those whose set says so. Whoever was removed or is not signed in may not.
func (s *Snapshot) ConfiguresSelf(user string) bool {
	if user == events.PermissionPublic || s.removed(user) {
		return false
	}
	set := s.SiteSet(user)
	return set == nil || set.Site != nil && (set.Site.ConfigureSelf || set.Site.ConfigureSite)
}

// SiteRights are what a user's site set says of the site itself.
func (s *Snapshot) SiteRights(user string) dir.SiteRights {
	return dir.SiteRights{Configures: s.ConfiguresSite(user), NotSelf: !s.ConfiguresSelf(user)}
}

// Apps are the apps that a user can reach, in order.
func (s *Snapshot) Apps(user string) (apps []string) {
	if s == nil {
		return nil
	}
	s.apps.Each(func(id string, _ *app) bool {
		if s.reaches(user, id) {
			apps = append(apps, id)
		}
		return true
	})
	if set := s.SiteSet(user); set != nil {
		for id := range set.apps {
			if s.reaches(user, id) {
				apps = append(apps, id)
			}
		}
	}
	slices.Sort(apps)
	return slices.Compact(apps)
}

func (s *Snapshot) reaches(user, in string) bool {
	d := s.Decide(&Question{User: user, App: in})
	return d.Allowed
}

// Workspaces are those that the sets which a user holds let into, in order.
func (s *Snapshot) Workspaces(user string) (all []string) {
	for _, h := range s.Holds(user, "") {
		all = append(all, h.Set.Workspaces...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Landing is the app in which a user lands: the site set's default, where the user can reach it; else, where the set
// says so, the one visited last; else any that the user can reach. Empty: there is none.
func (s *Snapshot) Landing(user, lastVisited string) string {
	if set := s.SiteSet(user); set != nil && set.Site != nil {
		if def := set.Site.DefaultApp; def != "" && s.reaches(user, def) {
			return def
		}
		if set.Site.LandOnLast && lastVisited != "" && s.reaches(user, lastVisited) {
			return lastVisited
		}
	}
	if apps := s.Apps(user); len(apps) > 0 {
		return apps[0]
	}
	return ""
}

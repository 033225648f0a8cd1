package permission_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/permission"
)

// The second evaluator, written straight from the rules and without regard to speed: it shares no code with the package,
// keeps nothing, and goes through everything each time. Its rules are the numbered comments; docs/permissions.md has the
// same in more words.

// holds is what somebody holds in an app.
type holds struct {
	apps []events.SetUse // app sets, in order of their ids
	site string          // the site set where it allows the app
}

// isRemoved: (1) somebody whom the directory removed may do nothing; the public is nobody whom it could remove.
func (w *world) isRemoved(who string) bool {
	return who != events.PermissionPublic && w.users[who].removed
}

// holdings: (2) who is not signed in holds what is assigned to the public, in apps that are open to it, and nobody else
// holds that; (3) a user holds what is assigned in person, else through the first of the user's groups; (4) what was
// assigned before the set was made counts for nothing; (5) a run without a user is the user system's.
func (w *world) holdings(who, app string) (h holds, refusal permission.Rule) {
	who = cmp.Or(who, events.ActorSystem)
	if w.isRemoved(who) {
		return h, permission.RemovedUser
	}
	if who == events.PermissionPublic && !w.open[app] {
		return h, permission.PublicAccessOff
	}
	for id, s := range sorted(w.sets) {
		if s.Kind != events.AppSet || s.App != app {
			continue
		}
		if through, group, ok := w.through(who, s); ok {
			h.apps = append(h.apps, events.SetUse{Set: id, Through: string(through), Group: group})
		}
	}
	if site, ok := w.siteSetOf(who); ok && site.Site != nil && slices.Contains(site.Site.Apps, app) {
		h.site = site.ID
	}
	return h, ""
}

func (w *world) through(who string, s madeSet) (by permission.Through, group string, ok bool) {
	var groups []string
	for _, g := range w.given {
		if g.Set != s.ID || g.at <= s.Created {
			continue
		}
		switch {
		case who == events.PermissionPublic && g.Public:
			return permission.AsPublic, "", true
		case who == events.PermissionPublic:
		case g.User == who:
			return permission.InPerson, "", true
		case g.Group != "" && slices.Contains(w.groups[g.Group], who):
			groups = append(groups, g.Group)
		}
	}
	if len(groups) == 0 {
		return "", "", false
	}
	return permission.ThroughGroup, slices.Min(groups), true
}

// siteSetOf: (6) the public has the site set Public, and nobody else has; a user has the one that is assigned.
func (w *world) siteSetOf(who string) (madeSet, bool) {
	if who == events.PermissionPublic {
		return w.setOf(events.SystemSetPublic)
	}
	given, ok := w.site[who]
	if !ok || w.isRemoved(who) || given.set == events.SystemSetPublic {
		return madeSet{}, false
	}
	s, ok := w.setOf(given.set)
	return s, ok && s.Kind == events.SiteSet && given.at > s.Created
}

// setOf: (7) every tenant has the system sets.
func (w *world) setOf(id string) (madeSet, bool) {
	if s, ok := w.sets[id]; ok {
		return s, true
	}
	builtIn := map[string]*events.SiteRights{events.SystemSetAdmin: {ConfigureSite: true, ConfigureSelf: true}, events.SystemSetStandard: {ConfigureSelf: true}, events.SystemSetPublic: {}}
	rights, ok := builtIn[id]
	return madeSet{PermissionSet: events.PermissionSet{ID: id, Kind: events.SiteSet, Site: rights}}, ok
}

// holdsSet tells whether an app's set is held there, by its id or its asset id.
func (w *world) holdsSet(who, app, ref string) (madeSet, bool) {
	h, refusal := w.holdings(who, app)
	if refusal != "" {
		return madeSet{}, false
	}
	for _, use := range h.apps {
		if s := w.sets[use.Set]; s.ID == ref || s.AssetID == ref {
			return s, true
		}
	}
	return madeSet{}, false
}

// attribute: (8) formulas read what the directory says of a user, and the id; of the public there is nothing to read.
func (w *world) attribute(who, name string) any { return plain(w.rawAttribute(who, name)) }

// rawAttribute tells an empty text from none, which are both blank: they are written differently.
func (w *world) rawAttribute(who, name string) any {
	who = cmp.Or(who, events.ActorSystem)
	u := w.users[who]
	switch {
	case who == events.PermissionPublic || u.removed:
		return nil
	case name == "id":
		return who
	case name == "name" && u.name != "":
		return u.name
	default:
		return u.attributes[name]
	}
}

// reach: (9) an app is entered by whoever holds a set of it, or a site set that allows it.
func (w *world) enters(who, app string) bool {
	h, refusal := w.holdings(who, app)
	return refusal == "" && (len(h.apps) > 0 || h.site != "")
}

func (w *world) appsOf(who string) (apps []string) {
	all := make(map[string]bool)
	for _, s := range w.sets {
		all[s.App] = true
		if s.Site != nil {
			for _, app := range s.Site.Apps {
				all[app] = true
			}
		}
	}
	for app := range maps.Keys(all) {
		if app != "" && w.enters(who, app) {
			apps = append(apps, app)
		}
	}
	slices.Sort(apps)
	return apps
}

// landing: (10) the site set's default, where it can be entered; else, where the set says so, the app visited last; else
// the first that can be entered.
func (w *world) landing(who, last string) string {
	site, ok := w.siteSetOf(who)
	if ok && site.Site != nil {
		if site.Site.DefaultApp != "" && w.enters(who, site.Site.DefaultApp) {
			return site.Site.DefaultApp
		}
		if site.Site.LandOnLast && last != "" && w.enters(who, last) {
			return last
		}
	}
	return strings.Join(w.appsOf(who)[:min(1, len(w.appsOf(who)))], "")
}

// configures: (11) the site's configuration is for those whose site set says so; what is one's own for them, for those
// whose site set says that, and for whoever has none. The public configures nothing.
func (w *world) configures(who string) (site, self bool) {
	if who == events.PermissionPublic || w.isRemoved(who) {
		return false, false
	}
	s, ok := w.siteSetOf(who)
	if !ok {
		return false, true
	}
	if s.Site == nil {
		return false, false
	}
	return s.Site.ConfigureSite, s.Site.ConfigureSelf || s.Site.ConfigureSite
}

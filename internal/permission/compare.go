package permission

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/events"
)

// Difference is one thing that some users may in one of two snapshots, and not in the other, or not alike.
type Difference struct {
	Users      []string // all who hold the same as the first of them; PermissionPublic is whoever is not signed in
	App        string   // empty: it is about no app
	Connection string
	Object     string
	Operation  string
	Field      string
	What       string // what is different, in a word or two
	Before     string // as people say it
	After      string
}

// Comparison is what two snapshots have been found to differ in, and how much was looked at.
type Comparison struct {
	Users       int // those who were looked at, the public, nobody and a stranger among them
	Classes     int // of users who hold the same in an app
	Questions   int // that were asked of both
	Differences []Difference
}

// Compare finds everything that is granted differently by two snapshots: to each class of users who hold the same, in
// every app that is named anywhere, of every connection, object, operation and field that is named, of one that is not,
// and without records; which values are forced, how fields are shown, where users land, and what they may configure.
// Conditions are compared as programs. Who was removed is compared as if the user were back.
//
// It is exhaustive. What a holding says of a name follows from which names its sets name; those that no set names are
// all alike (comparenames.go). What it says of a record follows from its conditions, which are only ever joined by "and"
// and "or" (terms.go). No difference means that no decision is different, whatever the record. A difference of
// conditions may be one that no record shows, where one program follows from another.
func Compare(before, after *Snapshot) Comparison {
	c := comparison{canonical: make(map[string]string), classes: make(map[string]*class)}
	users := everybody(before, after)
	c.before, c.after = before.present(users), after.present(users)
	apps := namedApps(before, after)
	c.Users = len(users)
	for _, u := range users {
		c.sort(u, apps)
	}
	for _, key := range slices.Sorted(maps.Keys(c.classes)) {
		c.classes[key].compare(&c)
	}
	c.Classes = len(c.classes)
	slices.SortStableFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Users[0], b.Users[0]))
	})
	return c.Comparison
}

type comparison struct {
	Comparison

	before, after *Snapshot
	classes       map[string]*class
	canonical     map[string]string // of programs whose sets were renamed
}

// class is users who hold the same in an app; in none: who land alike and configure alike.
type class struct {
	users         []string
	app           string
	before, after holding
}

func (c *class) compare(all *comparison) {
	if c.app == "" {
		all.compareSite(c)
		return
	}
	all.compareApp(c)
}

// stranger is a user of whom nothing is said. No user is called so.
const stranger = "somebody else"

// everybody is each user of whom either snapshot says anything, the public, nobody, and a stranger.
func everybody(snapshots ...*Snapshot) []string {
	ids := map[string]bool{events.PermissionPublic: true, events.ActorSystem: true, stranger: true}
	for _, s := range snapshots {
		for _, id := range s.Directory().People() {
			ids[id] = true
		}
		if s != nil {
			s.people.Each(func(id string, _ *person) bool { ids[id] = true; return true })
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// present is the snapshot in which users who were removed are back.
func (s *Snapshot) present(users []string) *Snapshot {
	for _, u := range users {
		if s.Directory().Removed(u) {
			s = s.Apply(events.Fact{Kind: events.FactUser, ID: u, Data: fmt.Appendf(nil, `{"user_id":%q}`, u)})
		}
	}
	return s
}

// namedApps are the apps of which either snapshot says anything, and one of which neither does.
func namedApps(snapshots ...*Snapshot) []string {
	ids := map[string]bool{otherApp: true}
	for _, s := range snapshots {
		if s != nil {
			s.apps.Each(func(id string, _ *app) bool { ids[id] = true; return true })
		}
		for _, set := range s.Sets() {
			for id := range set.apps {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

const otherApp = "any other app"

// sort puts a user into a class for each app, and into one for the rest.
func (c *comparison) sort(u string, apps []string) {
	var reached [2][]string
	for _, id := range apps {
		var x, y holding
		c.before.hold(&x, u, id)
		c.after.hold(&y, u, id)
		if x.reaches() {
			reached[0] = append(reached[0], id)
		}
		if y.reaches() {
			reached[1] = append(reached[1], id)
		}
		of := c.class(id + heldMark + x.String() + heldMark + y.String())
		if of.users == nil {
			of.app, of.before, of.after = id, x, y
		}
		if of.users == nil || x.reaches() || y.reaches() { // most hold nothing in most apps
			of.users = append(of.users, u)
		}
	}
	of := c.class(siteKey(c.before, u, reached[0]) + heldMark + siteKey(c.after, u, reached[1]))
	of.users = append(of.users, u)
}

func (c *comparison) class(key string) *class {
	if c.classes[key] == nil {
		c.classes[key] = new(class)
	}
	return c.classes[key]
}

func (h *holding) reaches() bool { return h.n > 0 || h.site.Set != nil }

// String is the sets that are held.
func (h *holding) String() string {
	if !h.reaches() {
		return "" // most are so
	}
	var b strings.Builder
	for i := range h.n {
		b.WriteString(h.at(i).Set.ID + ",")
	}
	if h.site.Set != nil {
		b.WriteString("site " + h.site.Set.ID)
	}
	return b.String()
}

// siteKey is all that landing and configuring follow from.
func siteKey(s *Snapshot, u string, reached []string) string {
	site := ""
	if set := s.SiteSet(u); set != nil {
		site = set.ID
	}
	return fmt.Sprintf("%s %q %q %+v", site, reached, s.Workspaces(u), s.SiteRights(u))
}

// tell notes what is not the same.
func (c *comparison) tell(of *class, d Difference, before, after string) {
	c.Questions++
	if before == after {
		return
	}
	d.Users, d.App, d.Before, d.After = of.users, of.app, before, after
	c.Differences = append(c.Differences, d)
}

package permission_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"holdfast/events"
)

// The names of random worlds.
var (
	someUsers       = []string{"ann", "bob", "cy", "rex", events.ActorSystem}
	someGroups      = []string{"g1", "g2", "g3"}
	someApps        = []string{"a1", "a2"}
	someSets        = []string{"s1", "s2", "s3", "s4", "s5"}
	someSiteSets    = []string{"l1", "l2", events.SystemSetPublic, events.SystemSetStandard}
	someConnections = []string{"c1", "c2"}
	someObjects     = []string{"Orders", "orders", "Lines", events.Any}
	someFields      = []string{"Region", "Amount", "Owner", "owner", "Author", "Author/Title", "Author/Mail", events.Any}
	conditionTexts  = slices.Sorted(maps.Keys(formulas))
	forcedTexts     = slices.Sorted(maps.Keys(forcedFormulas))
)

// generator draws a world.
type generator struct {
	t *rapid.T
	w *world
}

func drawWorld(t *rapid.T) *world {
	g := generator{t, newWorld()}
	for _, id := range someUsers {
		if g.often("user") {
			g.w.users[id] = user{name: g.oneOf("name", "", "Ann", "Bob"), attributes: g.attributes(), removed: id == "rex" && g.often("removed")}
		}
	}
	for _, id := range someGroups {
		g.w.groups[id] = g.some("members", append(slices.Clone(someUsers), "ghost", events.PermissionPublic), 4)
	}
	for i, id := range someSets {
		if g.often("set") {
			s := g.set(id)
			s.App, s.Kind = g.oneOf("app", someApps...), events.AppSet
			if g.seldom("asset") {
				s.AssetID = fmt.Sprintf("x%d", i+1)
			}
			g.w.sets[id] = madeSet{s, made}
		}
	}
	for _, id := range someSiteSets {
		if g.seldom("site set") {
			g.w.sets[id] = g.siteSet(id)
		}
	}
	g.assign()
	return g.w
}

func (g generator) assign() {
	for _, id := range someSets {
		for _, u := range g.some("users", append(slices.Clone(someUsers), "ghost", events.PermissionPublic), 2) {
			g.give(events.PermissionAssignment{Set: id, User: u})
		}
		for _, group := range g.some("groups", someGroups, 2) {
			g.give(events.PermissionAssignment{Set: id, Group: group})
		}
		if g.seldom("to the public") {
			g.give(events.PermissionAssignment{Set: id, Public: true})
		}
	}
	for _, u := range someUsers {
		if g.seldom("has a site set") {
			g.w.site[u] = siteOf{g.oneOf("which", append([]string{"admin", "s1"}, someSiteSets...)...), g.moment()}
		}
	}
	for _, app := range someApps {
		if g.seldom("open or closed") {
			g.w.open[app] = g.often("open")
		}
	}
}

func (g generator) give(a events.PermissionAssignment) {
	g.w.given = append(g.w.given, given{a, g.moment()})
}

// moment is before the sets were made, or after.
func (g generator) moment() uint64 {
	if g.seldom("old") && g.seldom("very old") {
		return made - 1
	}
	return assigned
}

func (g generator) siteSet(id string) madeSet {
	s := g.set(id)
	s.Kind, s.ClonedFrom = events.SiteSet, events.SystemSetStandard
	s.Site = &events.SiteRights{ConfigureSite: g.seldom("site"), ConfigureSelf: g.seldom("self"), Apps: g.some("apps", someApps, 2),
		DefaultApp: g.oneOf("default", "", "a1", "a2", "a9"), LandOnLast: g.often("last")}
	created := uint64(made)
	if id == events.SystemSetPublic || id == events.SystemSetStandard {
		created = 0
	}
	return madeSet{s, created}
}

func (g generator) set(id string) events.PermissionSet {
	s := events.PermissionSet{ID: id, Name: "Set " + id}
	for _, c := range g.some("connections", someConnections, 2) {
		grant := events.ConnectionGrant{Connection: c, Raw: g.seldom("raw"), Objects: []events.ObjectGrant{}}
		for _, o := range g.some("objects", someObjects, 3) {
			grant.Objects = append(grant.Objects, g.object(o))
		}
		if g.seldom("without objects") {
			grant.Objects = nil // nothing in an app set, everything in a site set
		}
		s.Connections = append(s.Connections, grant)
	}
	return s
}

func (g generator) object(name string) events.ObjectGrant {
	o := events.ObjectGrant{Object: name}
	for _, op := range events.DataOps() {
		if g.often(string(op)) {
			o.Operations = append(o.Operations, op)
		}
	}
	for _, f := range g.some("fields", someFields, 5) {
		o.Fields = append(o.Fields, events.FieldGrant{Field: f, Read: g.often("read"), Write: g.often("write"), DisplayName: g.oneOf("shown", "", "", "A", "B")})
	}
	for range pick(g.t, "conditions", []int{0, 0, 0, 1, 1, 2}) {
		o.Conditions = append(o.Conditions, g.condition())
	}
	return o
}

func (g generator) condition() events.Condition {
	switch pick(g.t, "kind", []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
	case 0:
		return events.Condition{HasSet: g.oneOf("held", "s1", "s2", "x2", "l1", "never")}
	case 1, 2:
		return events.Condition{Force: &events.ForcedValue{Field: g.oneOf("forced", "Owner", "Region", "Author"), Value: g.oneOf("value", forcedTexts...)}}
	case 3:
		return events.Condition{Formula: g.oneOf("broken", "LEN(", conditionTexts[0], conditionTexts[1], conditionTexts[2])}
	default:
		return events.Condition{Formula: g.oneOf("formula", conditionTexts...)}
	}
}

func (g generator) attributes() map[string]any {
	all := map[string]any{}
	for name, values := range sorted(map[string][]any{
		"region": {"North", "South", "", 7, "th"}, "limit": {0, 50, 100, "much"}, "chief": {true, false, "yes"},
	}) {
		if g.often(name) {
			all[name] = pick(g.t, name, values)
		}
	}
	return all
}

func (g generator) record() record {
	r := record{}
	for name, values := range sorted(map[string][]any{
		"Region": {"North", "South", "", nil, json.Number("7"), "th"}, "Amount": {json.Number("0"), json.Number("50"), json.Number("150"), nil, "much"},
		"Owner": {"ann", "bob", nil, ""}, "Open": {true, false, nil, "yes"}, "Author/Title": {"Ann", "Bob", nil},
		"Due": {"2026-03-15", "2026-03-16", nil, "soon", json.Number("3")},
	}) {
		if g.often(name) {
			r[name] = pick(g.t, name, values)
		}
	}
	return r
}

// often is three times of four, seldom once. Numbers would not do: rapid prefers small ones.
func (g generator) often(label string) bool {
	return pick(g.t, label, []bool{true, true, true, false})
}

func (g generator) seldom(label string) bool { return !g.often(label) }

func (g generator) oneOf(label string, of ...string) string {
	return pick(g.t, label, of)
}

// some draws at most so many, in their order.
func (g generator) some(label string, of []string, most int) (all []string) {
	for _, x := range of {
		if len(all) < most && rapid.Bool().Draw(g.t, label) {
			all = append(all, x)
		}
	}
	return all
}

// pick draws one of several, all as likely as the others.
func pick[T any](t *rapid.T, label string, of []T) T {
	i := 0
	for n := 1; n < 2*len(of); n *= 2 {
		i *= 2
		if rapid.Bool().Draw(t, label) {
			i++
		}
	}
	return of[i%len(of)]
}

// shuffled is a list in another order. What is drawn is the order alone: it is short enough to be printed.
func shuffled[T any](t *rapid.T, list []T) []T {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	next := make([]T, 0, len(list))
	for _, i := range rapid.Permutation(order).Draw(t, "order") {
		next = append(next, list[i])
	}
	return next
}

package permission_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/permission"
)

var everyone = append(slices.Clone(someUsers), "ghost", events.PermissionPublic)

// observe is all that a snapshot answers about a user in an app, in one text.
func observe(s *permission.Snapshot, who, app string, records []record) string {
	var b strings.Builder
	q := permission.Question{User: who, App: app, Now: today}
	fmt.Fprintln(&b, sayDecision(s.Decide(&q)), len(s.Explain(q).Would))
	for _, h := range s.Holds(who, app) {
		fmt.Fprintln(&b, sayUse(h.Set.ID, h.Through, h.Group), h.Set.Asset(), h.Set.Created)
	}
	for _, q.Connection = range someConnections {
		for _, q.Op = range []events.DataOp{permission.Reach, permission.Raw} {
			fmt.Fprintln(&b, sayDecision(s.Decide(&q)))
		}
		for _, q.Object = range []string{"Orders", "orders", "Lines"} {
			fields, d := s.Fields(q)
			fmt.Fprintln(&b, fields, sayDecision(d))
			for _, q.Op = range events.DataOps() {
				for _, q.Fields = range [][]string{nil, {"Region"}, {"Author/Title", "Owner"}} {
					for _, r := range records {
						q.Record = r.model()
						fmt.Fprintln(&b, sayDecision(s.Decide(&q)))
					}
				}
				q.Record, q.Fields = nil, nil
				if p, d := s.Plan(q); p != nil {
					filter, none := p.Filter(nil)
					fmt.Fprintln(&b, sayFilter(filter, none), p.Needed(), pairs(p.Forced))
				} else {
					fmt.Fprintln(&b, sayDecision(d))
				}
			}
		}
	}
	return b.String()
}

func pairs[V any](m map[string]V) (all []string) {
	for k, v := range sorted(m) {
		all = append(all, fmt.Sprintf("%s=%v", k, v))
	}
	return all
}

// observeSite is what a snapshot answers about a user in no app in particular.
func observeSite(s *permission.Snapshot, who string) string {
	set := ""
	if x := s.SiteSet(who); x != nil {
		set = x.ID
	}
	return fmt.Sprint(s.Apps(who), s.Landing(who, "a2"), s.ConfiguresSite(who), s.ConfiguresSelf(who), set, pairs(s.Attributes(who)))
}

// observeAll is everything that a snapshot answers.
func observeAll(s *permission.Snapshot, records []record) string {
	var b strings.Builder
	for _, set := range s.Sets() {
		fmt.Fprintln(&b, string(document(set)), s.Assigned(set.ID))
	}
	for _, who := range everyone {
		fmt.Fprintln(&b, observeSite(s, who))
		for _, app := range someApps {
			b.WriteString(observe(s, who, app, records))
		}
	}
	fmt.Fprintln(&b, s.Open("a1"), s.Open("a2"), s.Objects("", "c1"), s.Objects("a1", "c2"))
	return b.String()
}

func drawRecords(t *rapid.T) []record {
	return []record{nil, generator{t: t}.record(), generator{t: t}.record()}
}

// history is a world's facts with older states of them, and of what is gone, each fact's states in their order and
// everything else mixed.
func history(t *rapid.T, now *world) (all []events.Fact) {
	queues := make(map[string][]events.Fact)
	for range pick(t, "older worlds", []int{0, 1, 1, 2}) {
		for _, f := range drawWorld(t).facts() {
			queues[f.Key()] = append(queues[f.Key()], f)
			if rapid.Bool().Draw(t, "deleted in between") {
				queues[f.Key()] = append(queues[f.Key()], gone(f))
			}
		}
	}
	final := make(map[string]bool)
	for _, f := range now.facts() {
		final[f.Key()] = true
		queues[f.Key()] = append(queues[f.Key()], f)
	}
	var keys []string
	for key, states := range sorted(queues) {
		if !final[key] {
			states = append(states, gone(states[0]))
			if states[0].Kind == events.FactUser { // a user who was removed is another than one who never was
				states = append(states[:len(states)-1], factOf(events.FactUser, states[0].ID, assigned, events.User{}))
			}
			queues[key] = states
		}
		for range states {
			keys = append(keys, key)
		}
	}
	for _, key := range shuffled(t, keys) {
		all = append(all, queues[key][0])
		queues[key] = queues[key][1:]
	}
	return all
}

// TestP8_OnlyTheLastStateOfEachFactCounts: whatever was before, in whatever order facts of different keys came, and
// whether they come once more from the start, a snapshot answers the same.
func TestP8_OnlyTheLastStateOfEachFactCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := drawWorld(t)
		records := drawRecords(t)
		want := observeAll(now.snapshot(), records)
		past := history(t, now)
		lived := apply(past...)
		if got := observeAll(lived, records); got != want {
			t.Fatalf("after a past it answers otherwise:\n%s", firstDifference(got, want))
		}
		var all permission.Snapshots
		for _, f := range past {
			all.Apply(f)
		}
		all.Reset()
		if all.Of(tenant).Decide(&permission.Question{User: "ann", App: "a1"}).Allowed {
			t.Fatal("something is left after a reset")
		}
		for _, f := range past {
			all.Apply(f)
		}
		if got := observeAll(all.Of(tenant), records); got != want {
			t.Fatalf("replayed it answers otherwise:\n%s", firstDifference(got, want))
		}
	})
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\ngot  %s\nwant %s", i, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// touched is whom, and which apps, a change of one fact may concern; everything else has to answer as before.
func touched(before, after *permission.Snapshot, f events.Fact, members []string) (users, apps []string) {
	switch f.Kind {
	case events.FactUser, events.FactSiteSet:
		return []string{f.ID}, someApps
	case events.FactGroup:
		return members, someApps
	case events.FactPublicAccess:
		return []string{events.PermissionPublic}, []string{f.ID}
	case events.FactAssignment:
		id, to, _ := strings.Cut(f.ID, ".")
		if set := after.Set(id); set != nil {
			apps = []string{set.App}
		}
		switch kind, who, _ := strings.Cut(to, "."); kind {
		case "user":
			return []string{who}, apps
		case "group":
			return members, apps
		default:
			return []string{events.PermissionPublic}, apps
		}
	case events.FactSet:
		for _, s := range []*permission.Snapshot{before, after} {
			switch set := s.Set(f.ID); {
			case set == nil:
			case set.Kind == events.AppSet:
				users, apps = everyone, append(apps, set.App)
			default:
				apps = someApps
				for _, who := range everyone {
					if mine := s.SiteSet(who); mine != nil && mine.ID == f.ID {
						users = append(users, who)
					}
				}
			}
		}
		return users, apps
	default:
		return nil, nil
	}
}

// TestP4_P5_NothingLeaks: over random sequences of changes, in two tenants, a change of one fact changes no answer about
// users, apps, tenants or the public that it is not about. Those that it is about are: the user; a group's members,
// before or after; the app of an app's set; whoever has a site set.
func TestP4_P5_NothingLeaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all permission.Snapshots
		for _, f := range drawWorld(t).facts() {
			all.Apply(f)
			f.Tenant = "globex"
			all.Apply(f)
		}
		records := drawRecords(t)
		next := drawWorld(t)
		for _, f := range shuffled(t, next.facts())[:3] {
			if rapid.Bool().Draw(t, "is gone") {
				f = gone(f)
			}
			f.Sequence += 1000
			before, other := all.Of(tenant), all.Of("globex")
			members := membersOf(&all, f)
			all.Apply(f)
			if all.Of("globex") != other {
				t.Fatalf("%s changes another tenant", f.Key())
			}
			after := all.Of(tenant)
			users, apps := touched(before, after, f, append(members, membersOf(&all, f)...))
			untouched(t, before, after, f, users, apps, records)
		}
	})
}

// membersOf are the members of the group that a fact is about.
func membersOf(all *permission.Snapshots, f events.Fact) []string {
	group := f.ID
	if _, to, ok := strings.Cut(f.ID, ".group."); ok {
		group = to
	}
	return all.Of(tenant).Directory().Members(group)
}

func untouched(t *rapid.T, before, after *permission.Snapshot, f events.Fact, users, apps []string, records []record) {
	for _, who := range everyone {
		concerned := slices.Contains(users, who)
		if !concerned && observeSite(before, who) != observeSite(after, who) {
			t.Fatalf("%s changes the site of %s", f.Key(), who)
		}
		for _, app := range someApps {
			if concerned && slices.Contains(apps, app) {
				continue
			}
			got, want := observe(after, who, app, records), observe(before, who, app, records)
			if got != want {
				t.Fatalf("%s %s changes what %s may in %s: %s", f.Key(), f.Data, who, app, firstDifference(got, want))
			}
		}
	}
}

// absence are the formulas of random worlds that ask whether a set is not held: more sets may make them FALSE.
var absence = []string{`ISBLANK({{$User.appPermissions.x2.id}})`}

// TestP2_MoreSetsNeverTakeAccessAway: a set more, an assignment more, a member more, an app open to the public, a site set
// for whoever has none: what was allowed still is, and what did not depend on the record still does not. Left out are
// worlds with a formula that asks for the absence of a set; and, for writes alone, worlds where a set forces a value:
// two of them may differ, and a value may make a record one that its writer may not have.
func TestP2_MoreSetsNeverTakeAccessAway(t *testing.T) {
	checked, grew := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		more := &world{users: w.users, groups: maps.Clone(w.groups), sets: maps.Clone(w.sets), given: slices.Clone(w.given), site: maps.Clone(w.site), open: maps.Clone(w.open)}
		addSomething(t, w, more)
		if more.saysOf(func(c events.Condition) bool { return slices.Contains(absence, c.Formula) }) {
			return
		}
		forced := more.saysOf(func(c events.Condition) bool { return c.Force != nil })
		before, after := w.snapshot(), more.snapshot()
		records := drawRecords(t)
		for _, who := range everyone {
			for _, app := range someApps {
				n, g := never(t, before, after, permission.Question{User: who, App: app, Now: today}, records, forced)
				checked, grew = checked+n, grew+g
			}
		}
	})
	if checked < 1000 || grew < 100 {
		t.Errorf("%d answers were yes before, %d only afterwards: the worlds are too poor", checked, grew)
	}
	t.Logf("%d answers were yes before, %d only afterwards", checked, grew)
}

func (w *world) saysOf(is func(events.Condition) bool) bool {
	for _, s := range w.sets {
		for _, c := range s.Connections {
			for _, o := range c.Objects {
				if slices.ContainsFunc(o.Conditions, is) {
					return true
				}
			}
		}
	}
	return false
}

func addSomething(t *rapid.T, old, w *world) {
	g := generator{t, w}
	switch pick(t, "what more", []string{"set", "assignment", "member", "open", "site"}) {
	case "set":
		for _, id := range someSets {
			if _, there := old.sets[id]; !there {
				s := g.set(id)
				s.App, s.Kind = g.oneOf("app", someApps...), events.AppSet
				w.sets[id] = madeSet{s, made}
				g.give(events.PermissionAssignment{Set: id, User: g.oneOf("to", someUsers...)})
				return
			}
		}
	case "assignment":
		w.given = append(w.given, given{rapid.SampledFrom([]events.PermissionAssignment{{User: "ann"}, {User: "bob"}, {Group: "g1"}, {Public: true}}).Draw(t, "to"), assigned})
		w.given[len(w.given)-1].Set = g.oneOf("set", someSets...)
	case "member":
		group := g.oneOf("group", someGroups...)
		w.groups[group] = append(slices.Clone(w.groups[group]), g.oneOf("member", someUsers...))
	case "open":
		w.open[g.oneOf("app", someApps...)] = true
	default:
		who := g.oneOf("who", someUsers...)
		if _, has := old.siteSetOf(who); !has {
			w.site[who] = siteOf{g.oneOf("site set", someSiteSets...), assigned}
		}
	}
}

// never holds every yes of before against after.
func never(t *rapid.T, before, after *permission.Snapshot, q permission.Question, records []record, forced bool) (checked, grew int) {
	ask := func(q permission.Question) {
		if forced && writes(q.Op) {
			return
		}
		b, a := before.Decide(&q), after.Decide(&q)
		if b.Allowed && (!a.Allowed || a.Conditional && !b.Conditional) {
			t.Fatalf("%+v\nwas %s\nis  %s", q, sayDecision(b), sayDecision(a))
		}
		checked += count(b.Allowed)
		grew += count(a.Allowed && !b.Allowed)
	}
	ask(q)
	for _, q.Connection = range someConnections {
		for _, q.Op = range []events.DataOp{permission.Reach, permission.Raw} {
			ask(q)
		}
		for _, q.Object = range []string{"Orders", "Lines"} {
			for _, q.Op = range events.DataOps() {
				for _, q.Fields = range [][]string{nil, {"Region"}, {"Author/Title", "Owner"}} {
					for _, r := range records {
						q.Record = r.model()
						ask(q)
					}
					q.Record = nil
					neverByPlan(t, before, after, q, records, forced)
				}
			}
		}
	}
	return checked, grew
}

func writes(op events.DataOp) bool { return op == events.CreateRecords || op == events.UpdateRecords }

func neverByPlan(t *rapid.T, before, after *permission.Snapshot, q permission.Question, records []record, forced bool) {
	b, _ := before.Plan(q)
	a, d := after.Plan(q)
	reads := q.Op == events.ReadRecords
	switch {
	case b == nil || forced && !reads:
		return
	case a == nil:
		t.Fatalf("%+v: there was a plan, and is none: %s", q, sayDecision(d))
	}
	for _, r := range records[1:] {
		lost := b.Visible(r, q.Fields) && !a.Visible(r, q.Fields)
		if !reads {
			after := record(nil).with(r).model()
			if q.Op == events.DeleteRecords {
				after = nil
			}
			lost = b.Change(r, after, q.Fields).Allowed && !a.Change(r, after, q.Fields).Allowed
		}
		if lost {
			t.Fatalf("%+v: %v was reached, and is not", q, r)
		}
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

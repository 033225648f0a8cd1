package permission_test

import (
	"fmt"
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

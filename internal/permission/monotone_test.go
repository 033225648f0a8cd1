package permission_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/permission"
)

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

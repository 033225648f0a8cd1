package permission_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/permission"
)

// TestP10_WhoeverCanNotWriteWasToldOf: over random worlds, whose facts came one by one in random order, two sets that are a
// refusal at run time were told of when they became one.
func TestP10_WhoeverCanNotWriteWasToldOf(t *testing.T) {
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.forceMore(t)
		var all permission.Snapshots
		var told []permission.Conflict
		for _, f := range shuffled(t, w.facts()) {
			before := all.Of(tenant)
			all.Apply(f)
			told = append(told, all.Of(tenant).NewConflicts(before, f)...)
		}
		now := all.Of(tenant)
		for _, who := range everyone {
			for _, app := range someApps {
				refused += w.toldOf(t, now, permission.Question{User: who, App: app, Now: today}, told)
			}
		}
	})
	if refused < 10 {
		t.Errorf("only %d writes were refused for it: the worlds are too poor", refused)
	}
	t.Logf("%d writes were refused for it", refused)
}

func (w *world) toldOf(t *rapid.T, now *permission.Snapshot, q permission.Question, told []permission.Conflict) (refused int) {
	for _, q.Connection = range someConnections {
		for _, q.Object = range []string{"Orders", "orders", "Lines"} {
			for _, q.Op = range []events.DataOp{events.CreateRecords, events.UpdateRecords} {
				_, d := now.Plan(q)
				if d.Rule != permission.ForcedValuesDiffer {
					continue
				}
				refused++
				if !w.forcesTwice() && !slices.ContainsFunc(told, func(c permission.Conflict) bool { return concerns(now, c, q, d.Field) }) {
					t.Fatalf("%s in %s: %s of %s on %s is forced differently, and told was %+v", q.User, q.App, d.Field, q.Object, q.Connection, told)
				}
			}
		}
	}
	return refused
}

// forceMore makes every second grant force the owner, instead of whatever its conditions were.
func (w *world) forceMore(t *rapid.T) {
	for _, s := range sorted(w.sets) {
		for _, c := range s.Connections {
			for i := range c.Objects {
				if rapid.Bool().Draw(t, "forces") {
					c.Objects[i].Conditions = []events.Condition{{Force: &events.ForcedValue{Field: "Owner", Value: pick(t, "value", forcedTexts)}}}
				}
			}
		}
	}
}

// concerns tells whether a conflict is the one that refuses a write.
func concerns(now *permission.Snapshot, c permission.Conflict, q permission.Question, field string) bool {
	held := 0
	for _, h := range now.Holds(q.User, q.App) {
		if slices.Contains(c.Sets[:], h.Set.ID) {
			held++
		}
	}
	return held == 2 && c.App == q.App && c.Connection == q.Connection && c.Field == field && (c.Object == q.Object || c.Object == events.Any)
}

// forcesTwice tells whether a grant forces a field twice by itself: a set that does is refused when it comes.
func (w *world) forcesTwice() bool {
	for _, s := range w.sets {
		for _, c := range s.Connections {
			for _, o := range c.Objects {
				seen := make(map[string]bool)
				for _, x := range o.Conditions {
					if x.Force != nil && seen[x.Force.Field] {
						return true
					}
					if x.Force != nil {
						seen[x.Force.Field] = true
					}
				}
			}
		}
	}
	return false
}

package permission

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/table"
)

// For every name that anybody could ask for there is one among those that are compared of which each grant says the same.
func TestP18_EveryNameIsLikeOneThatIsCompared(t *testing.T) {
	part := rapid.SampledFrom([]string{"a", "A", "ab", "aB", "AB", "k", "K", "\u212a", "é", "É", "1"})
	path := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(part, 1, 3).Draw(t, "parts"), "/")
	})
	rapid.Check(t, func(t *rapid.T) {
		var grants []*object
		var named, objects []string
		c := make([]*connection, 2)
		for i := range 2 {
			g := events.ObjectGrant{}
			for _, f := range rapid.SliceOfNDistinct(path, 0, 4, rapid.ID[string]).Draw(t, "fields") {
				g.Fields = append(g.Fields, events.FieldGrant{Field: f, Read: rapid.Bool().Draw(t, "read"), Write: rapid.Bool().Draw(t, "write")})
				named = append(named, f)
			}
			g.Fields = append(g.Fields, events.FieldGrant{Field: events.Any, Read: true, Write: rapid.Bool().Draw(t, "others")})
			if rapid.Bool().Draw(t, "forces") {
				f := path.Draw(t, "forced")
				g.Conditions = []events.Condition{{Force: &events.ForcedValue{Field: f, Value: "1"}}}
				named = append(named, f)
			}
			grants = append(grants, compiler{}.object(g))
			names := rapid.SliceOfNDistinct(part, 0, 3, rapid.ID[string]).Draw(t, "objects")
			all := make(map[string]*object)
			for _, n := range names {
				all[n] = grants[i]
			}
			c[i] = &connection{objects: table.NamesOf(all), others: everything}
			objects = append(objects, names...)
		}
		slices.Sort(named)
		slices.Sort(objects)
		compared := make(map[string]bool)
		for _, f := range fieldNames(slices.Compact(named)) {
			compared[says(grants, f)] = true
		}
		if f := path.Draw(t, "asked"); !compared[says(grants, f)] {
			t.Errorf("nothing that is compared is like %q among %q", f, named)
		}
		compared = make(map[string]bool)
		object := func(name string) string {
			x, y := c[0].object(table.KeyOf(name)), c[1].object(table.KeyOf(name))
			return fmt.Sprint(x == grants[0], x == nil, y == grants[1], y == nil)
		}
		for _, o := range objectNames(slices.Compact(objects)) {
			compared[object(o)] = true
		}
		if o := part.Draw(t, "object asked"); !compared[object(o)] {
			t.Errorf("nothing that is compared is like %q among %q", o, objects)
		}
	})
}

// says is what grants say of a field.
func says(grants []*object, f string) (all string) {
	for _, g := range grants {
		all += fmt.Sprint(g.field(f), g.forces(f), " ")
	}
	return all
}

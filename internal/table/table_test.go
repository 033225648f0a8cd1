package table_test

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/table"
)

// version is a table, and what it has to hold.
type version struct {
	table table.Of[int]
	want  map[string]int
}

// TestATableIsAMapThatNeverChanges: whatever tables are made of it.
func TestATableIsAMapThatNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom([]int{5, 100, 2000}).Draw(t, "keys")
		versions := []version{{want: map[string]int{}}}
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			from := versions[rapid.IntRange(0, len(versions)-1).Draw(t, "of")]
			next := version{from.table, maps.Clone(from.want)}
			first, step := rapid.IntRange(0, keys).Draw(t, "first"), rapid.IntRange(1, 7).Draw(t, "step")
			drop := rapid.Bool().Draw(t, "drop")
			for i := range keys {
				key := fmt.Sprint((first + i*step) % keys)
				if drop && i%3 == 0 {
					next.table = next.table.Without(key)
					delete(next.want, key)
					continue
				}
				next.table = next.table.With(key, i)
				next.want[key] = i
			}
			versions = append(versions, next)
		}
		for i, v := range versions {
			hold(t, i, v, keys)
		}
	})
}

func hold(t *rapid.T, i int, v version, keys int) {
	got := make(map[string]int)
	v.table.Each(func(key string, n int) bool { got[key] = n; return true })
	if v.table.Len() != len(v.want) || !maps.Equal(got, v.want) {
		t.Fatalf("table %d has %d keys, want %d", i, v.table.Len(), len(v.want))
	}
	for k := range keys + 1 {
		key := fmt.Sprint(k)
		n, ok := v.table.Get(key)
		if want, there := v.want[key]; n != want || ok != there {
			t.Fatalf("table %d: %s is %d, %v; want %d, %v", i, key, n, ok, want, there)
		}
	}
	calls := 0
	v.table.Each(func(string, int) bool { calls++; return calls < 2 })
	if calls != min(2, len(v.want)) {
		t.Fatalf("asked to stop, it goes on: %d", calls)
	}
}

// TestNamesAreAMap of any size.
func TestNamesAreAMap(t *testing.T) {
	for _, size := range []int{0, 1, 7, 8, 9, 100, 2000} {
		want := make(map[string]int)
		for i := range size {
			want[fmt.Sprint(i)] = i
		}
		names := table.NamesOf(want)
		if got := maps.Collect(names.All()); !maps.Equal(got, want) {
			t.Errorf("of %d there are %d", size, len(got))
		}
		for i := range size + 1 {
			n, ok := names.Get(table.KeyOf(fmt.Sprint(i)))
			if _, there := want[fmt.Sprint(i)]; ok != there || ok && n != i {
				t.Errorf("of %d, %d is %d, %v", size, i, n, ok)
			}
		}
	}
	a, b := table.KeyOf("a"), table.KeyOf("b")
	if !a.Is(table.KeyOf("a")) || a.Is(b) || a.Name() != "a" {
		t.Error("keys are not told apart by their names")
	}
}

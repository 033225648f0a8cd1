package letters

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"
)

// Group is the letters of one reason and origin.
type Group struct {
	Reason   string `json:"reason"`
	Stream   string `json:"stream"`
	Consumer string `json:"consumer"`
	Type     string `json:"event_type,omitempty"`
	Count    int    `json:"count"`
	// Retrying is how many of them are, Again how many had failed before.
	Retrying int       `json:"retrying"`
	Again    int       `json:"failed_before"`
	Tenants  int       `json:"tenants"`
	Oldest   time.Time `json:"oldest_at"`
	Newest   time.Time `json:"newest_at"`
	// Example is the newest of them.
	Example uint64 `json:"example"`
}

type groupKey struct{ reason, stream, consumer, kind string }

// Grouped puts letters of one reason and origin together, the largest groups first.
func Grouped(all iter.Seq2[View, error]) ([]Group, error) {
	groups, tenants := make(map[groupKey]Group), make(map[groupKey]map[string]bool)
	for v, err := range all {
		if err != nil {
			return nil, err
		}
		key := groupKey{v.Reason, v.Origin.Stream, v.Consumer, v.Type}
		if tenants[key] == nil {
			tenants[key] = make(map[string]bool)
		}
		tenants[key][v.Tenant] = true
		groups[key] = groups[key].with(v, len(tenants[key]))
	}
	sorted := slices.Collect(maps.Values(groups))
	slices.SortFunc(sorted, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.Oldest.Compare(b.Oldest), cmp.Compare(a.Example, b.Example))
	})
	return sorted, nil
}

// with is the group with one more letter, a newer one.
func (g Group) with(v View, tenants int) Group {
	if g.Count == 0 {
		g = Group{Reason: v.Reason, Stream: v.Origin.Stream, Consumer: v.Consumer, Type: v.Type, Oldest: v.StoredAt}
	}
	g.Count, g.Tenants, g.Newest, g.Example = g.Count+1, tenants, v.StoredAt, v.Sequence
	if v.State == Retrying {
		g.Retrying++
	}
	if v.Tries > 1 {
		g.Again++
	}
	return g
}

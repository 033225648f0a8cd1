package letters

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"
)

// Stats counts letters, those included that nothing is to be done about any more.
type Stats struct {
	Letters     int `json:"letters"`
	Open        int `json:"open"`
	Retrying    int `json:"retrying"`
	Resolved    int `json:"resolved"`
	FailedAgain int `json:"failed_again"`
	Dropped     int `json:"dropped"`
	// Retried is how many were published again, whatever came of it.
	Retried int `json:"retried"`
	// OldestOpen is the oldest that something is to be done about, OldestSequence its sequence; zero where there is none.
	OldestOpen     time.Time `json:"oldest_open_at,omitzero"`
	OldestSequence uint64    `json:"oldest_open_sequence,omitempty"`
	ByTenant       []Count   `json:"by_tenant"`
	ByReason       []Count   `json:"by_reason"`
	ByType         []Count   `json:"by_event_type"`
	// Per is hour or day, ByTime the letters that were stored in each, UTC.
	Per    string  `json:"per"`
	ByTime []Count `json:"by_time"`
}

// Count is the letters that have something in common.
type Count struct {
	Name    string `json:"name"` // of ByTime: the hour's or day's begin, RFC 3339
	Letters int    `json:"letters"`
	Open    int    `json:"open"` // retrying included
}

// Spans of Stats.ByTime.
const (
	PerHour = "hour"
	PerDay  = "day"
)

// Counted counts letters; per is PerHour or PerDay.
func Counted(all iter.Seq2[View, error], per string) (Stats, error) {
	s := Stats{Per: per}
	tenants, reasons, types, times := tally{}, tally{}, tally{}, tally{}
	span := time.Hour
	if per == PerDay {
		span = 24 * time.Hour
	}
	for v, err := range all {
		if err != nil {
			return s, err
		}
		s.add(v)
		tenants.add(v.Tenant, v)
		reasons.add(v.Reason, v)
		types.add(cmp.Or(v.Type, "(unknown)"), v)
		times.add(v.StoredAt.UTC().Truncate(span).Format(time.RFC3339), v)
	}
	s.Retried = s.Retrying + s.Resolved + s.FailedAgain
	s.ByTenant, s.ByReason, s.ByType, s.ByTime = tenants.largest(), reasons.largest(), types.largest(), times.inOrder()
	return s, nil
}

func (s *Stats) add(v View) {
	s.Letters++
	switch v.State {
	case Open:
		s.Open++
	case Retrying:
		s.Retrying++
	case Resolved:
		s.Resolved++
	case FailedAgain:
		s.FailedAgain++
	case Dropped:
		s.Dropped++
	}
	if !v.State.Over() && s.OldestSequence == 0 {
		s.OldestOpen, s.OldestSequence = v.StoredAt, v.Sequence
	}
}

type tally map[string]Count

func (t tally) add(name string, v View) {
	c := t[name]
	c.Name = name
	c.Letters++
	if !v.State.Over() {
		c.Open++
	}
	t[name] = c
}

func (t tally) inOrder() []Count {
	all := slices.AppendSeq([]Count{}, maps.Values(t))
	slices.SortFunc(all, func(a, b Count) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (t tally) largest() []Count {
	all := t.inOrder()
	slices.SortStableFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Open, a.Open), cmp.Compare(b.Letters, a.Letters)) })
	return all
}

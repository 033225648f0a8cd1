package letters_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
)

// several stores letters of two tenants: 1 and 2 of requests (poison, schema_violation), 3 of a connection, 4 of another
// tenant, 5 of a tenant that can not be told.
func (w *world) several() {
	w.Helper()
	w.letter(events.ActionRequested, w.request("req-1", `{}`))
	w.letter(events.ActionRequested, w.request("req-2", `{}`), func(l *events.DeadLetterData) {
		l.Reason, l.Field, l.Tries, l.RetryOf = string(fault.SchemaViolation), "/data/step_kind", 2, 1000
	})
	w.letter(events.ConnectionUpdated, []byte(`{"data":{"connection_id":"crm"}}`), func(l *events.DeadLetterData) { l.Consumer = "connections" })
	w.letter(events.ActionRequested, w.request("req-1", `{}`), func(l *events.DeadLetterData) {
		l.Tenant, l.Subject = "globex", "hf.globex.action.requested"
	})
	w.letter(events.ActionRequested, []byte("nonsense"), func(l *events.DeadLetterData) {
		l.Tenant, l.Subject, l.Reason, l.Type = "unknown", "hf.a:b.action.requested", string(fault.NotJSON), ""
	})
}

func TestO2_DeadLettersAreSelected(t *testing.T) {
	w := newWorld(t)
	w.several()
	if err := w.desk.Drop(t.Context(), []uint64{2}, ann, false, 1000, func(letters.Result) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*letters.Selection)
		want   []uint64
	}{
		"all that is open":            {func(*letters.Selection) {}, []uint64{1, 3, 4, 5}},
		"every state":                 {func(s *letters.Selection) { s.States = letters.States() }, []uint64{1, 2, 3, 4, 5}},
		"dropped":                     {func(s *letters.Selection) { s.States = []letters.State{letters.Dropped} }, []uint64{2}},
		"a tenant":                    {func(s *letters.Selection) { s.Tenant = "acme" }, []uint64{1, 3}},
		"a tenant that is not told":   {func(s *letters.Selection) { s.Tenant = "unknown" }, []uint64{5}},
		"a reason":                    {func(s *letters.Selection) { s.Reason = "poison" }, []uint64{1, 3, 4}},
		"a type":                      {func(s *letters.Selection) { s.Type = "action.requested" }, []uint64{1, 4}},
		"a whole type":                {func(s *letters.Selection) { s.Type = string(events.ConnectionUpdated) }, []uint64{3}},
		"a subject":                   {func(s *letters.Selection) { s.Subject = "hf.*.action.requested" }, []uint64{1, 4, 5}},
		"from a sequence":             {func(s *letters.Selection) { s.From = 3 }, []uint64{3, 4, 5}},
		"a range":                     {func(s *letters.Selection) { s.From, s.To = 3, 4 }, []uint64{3, 4}},
		"named":                       {func(s *letters.Selection) { s.Sequences = []uint64{4, 1, 2} }, []uint64{1, 4}},
		"a request":                   {func(s *letters.Selection) { s.Request = "req-1" }, []uint64{1, 4}},
		"a request of a tenant":       {func(s *letters.Selection) { s.Request, s.Tenant = "req-1", "globex" }, []uint64{4}},
		"a connection":                {func(s *letters.Selection) { s.Connection = "crm" }, []uint64{1, 3, 4}},
		"a run":                       {func(s *letters.Selection) { s.Run = "run-req-2" }, nil},
		"since":                       {func(s *letters.Selection) { s.Since = ops.When{Ago: time.Hour} }, []uint64{1, 3, 4, 5}},
		"since, and from a sequence":  {func(s *letters.Selection) { s.Since, s.From = ops.When{Ago: time.Hour}, 4 }, []uint64{4, 5}},
		"before they were there":      {func(s *letters.Selection) { s.Until = ops.When{Ago: time.Hour} }, nil},
		"two conditions that exclude": {func(s *letters.Selection) { s.Type, s.Tenant = "connection.updated", "globex" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := letters.NewSelection()
			if !s.Unbounded() {
				t.Fatal("an empty selection selects")
			}
			c.change(&s)
			if got := sequences(w.selected(s)); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	for name, change := range map[string]func(*letters.Selection){
		"reason": func(s *letters.Selection) { s.Reason = "bad_credentials" }, "type": func(s *letters.Selection) { s.Type = "nonsense" },
		"state": func(s *letters.Selection) { s.States = []letters.State{"gone"} }, "tenant": func(s *letters.Selection) { s.Tenant = "a.>" },
	} {
		s := letters.NewSelection()
		change(&s)
		for _, err := range letters.List(t.Context(), w.ops.Records(), s, time.Now()) {
			if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Unclear {
				t.Errorf("a wrong %s: %v", name, err)
			}
		}
	}
}

func TestO2_DeadLettersAreGroupedAndCounted(t *testing.T) {
	w := newWorld(t)
	w.several()
	w.retry(w.desk, 1, false)
	if err := w.desk.Drop(t.Context(), []uint64{3}, ann, false, 1000, func(letters.Result) error { return nil }); err != nil {
		t.Fatal(err)
	}
	all := letters.NewSelection()
	groups, err := letters.Grouped(letters.List(t.Context(), w.ops.Records(), all, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if g := groups[0]; len(groups) != 3 || g.Reason != "poison" || g.Count != 2 || g.Retrying != 1 || g.Tenants != 2 || g.Stream != events.StreamActions ||
		g.Consumer != "x" || g.Oldest.IsZero() || g.Newest.Before(g.Oldest) || g.Example != 4 {
		t.Errorf("%+v", groups)
	}
	if i := slices.IndexFunc(groups, func(g letters.Group) bool { return g.Reason == "schema_violation" }); i < 0 || groups[i].Again != 1 {
		t.Errorf("%+v", groups)
	}

	all.States = letters.States()
	s, err := letters.Counted(letters.List(t.Context(), w.ops.Records(), all, time.Now()), letters.PerHour)
	if err != nil {
		t.Fatal(err)
	}
	if s.Letters != 5 || s.Open != 3 || s.Retrying != 1 || s.Retried != 1 || s.Dropped != 1 || s.Resolved+s.FailedAgain != 0 || s.OldestSequence != 1 {
		t.Errorf("%+v", s)
	}
	if want := "[{acme 3 2} {globex 1 1} {unknown 1 1}]"; fmt.Sprint(s.ByTenant) != want {
		t.Errorf("by tenant %v", s.ByTenant)
	}
	if want := "[{poison 3 2} {not_json 1 1} {schema_violation 1 1}]"; fmt.Sprint(s.ByReason) != want {
		t.Errorf("by reason %v", s.ByReason)
	}
	if want := "[{holdfast.action.requested.v1 3 3} {(unknown) 1 1} {holdfast.connection.updated.v1 1 0}]"; fmt.Sprint(s.ByType) != want {
		t.Errorf("by type %v", s.ByType)
	}
	sum := 0
	for _, c := range s.ByTime {
		at, err := time.Parse(time.RFC3339, c.Name)
		if sum += c.Letters; err != nil || at.Minute() != 0 || len(s.ByTime) > 2 {
			t.Errorf("by time %v", s.ByTime)
		}
	}
	if sum != 5 {
		t.Errorf("by time %v", s.ByTime)
	}
}

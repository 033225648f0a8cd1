package top

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// write appends to ledgers and chains as a worker does.
type write struct {
	testing.TB

	bus  *bus.Bus
	last map[string]uint64
}

func (w *write) append(subject string, kind events.Type, payload any) {
	w.Helper()
	e, err := events.New(kind, time.Now(), payload)
	if err != nil {
		w.Fatal(err)
	}
	if w.last[subject], err = w.bus.Journal().Append(w.Context(), subject, w.last[subject], e); err != nil {
		w.Fatal(err)
	}
}

// chain moves the chain of a request; its deadline is so many hours away.
func (w *write) chain(kind events.Type, connection string, request, hours int) {
	w.Helper()
	s := events.Suspension{Tenant: "acme", Connection: connection, Run: fmt.Sprintf("run-%d", request), Request: fmt.Sprintf("req-%d", request),
		Reason: "bad_credentials", TerminatesAt: time.Now().Add(time.Duration(hours) * time.Hour), Original: json.RawMessage(`{}`)}
	w.append(s.Chain().Subject(), kind, s)
}

func (w *write) outcome(kind events.Type, request int) {
	w.Helper()
	id := fmt.Sprintf("req-%d", request)
	w.append(events.LedgerSubject("acme", id), kind, events.Outcome{Tenant: "acme", Request: id})
}

func (w *write) connection(id string, revision uint64, change func(*connection.Entry)) uint64 {
	w.Helper()
	e := &connection.Entry{Connection: events.Connection{Tenant: "acme", ID: id}}
	change(e)
	rev, err := w.bus.Registry().Put(w.Context(), e, revision)
	if err != nil {
		w.Fatal(err)
	}
	return rev
}

func broken(e *connection.Entry) {
	e.Broken = &connection.Broken{Reason: fault.BadCredentials, Since: time.Now()}
}

// number is a snapshot's rate times its seconds: how many there were.
func number(s Snapshot, what string) int {
	for _, r := range s.Rates {
		if r.What == what {
			return int(r.PerSecond*s.Seconds + .5)
		}
	}
	return -1
}

func TestO1_TopCountsWhatHappensFromNowOn(t *testing.T) {
	_, b := testkit.StartBus(t)
	w := &write{t, b, make(map[string]uint64)}
	w.outcome(events.ActionCompleted, 1) // before: it does not count
	w.chain(events.SuspensionSuspended, "crm", 1, 5)
	w.chain(events.SuspensionSuspended, "crm", 2, 3)
	w.chain(events.SuspensionSuspended, "erp", 3, 4)
	w.chain(events.SuspensionSuspended, "erp", 4, 1)
	w.chain(events.SuspensionResumed, "erp", 4, 1)
	crm := w.connection("crm", 0, broken)
	w.connection("old", 0, broken)
	w.connection("fine", 0, func(*connection.Entry) {})
	w.connection("off", 0, func(e *connection.Entry) { e.Disabled = true }) // nobody's trouble

	c := Start(t.Context(), Options{Looks: b, Clock: b.Clock(), Most: 2})
	t.Cleanup(c.Close)
	var s Snapshot
	see := func(what string, ok func() bool) {
		t.Helper()
		testkit.Eventually(t, 20*time.Second, what, func() bool {
			var err error
			if s, err = c.Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
			return ok()
		})
	}
	see("everything to be read", func() bool { return !s.Reading && s.Seconds > 0 })
	if s.SuspendedTotal != 3 || len(s.Deadlines) != 2 || s.Deadlines[0].Request != "req-2" || s.Deadlines[1].Request != "req-3" {
		t.Errorf("deadlines %+v of %d", s.Deadlines, s.SuspendedTotal)
	}
	if s.BrokenTotal != 3 || len(s.Broken) != 2 || s.Broken[0].Connection != "crm" || s.Broken[0].Waiting != 2 || s.Broken[0].Reason != "bad_credentials" ||
		s.Broken[1].Connection != "erp" || s.Broken[1].Waiting != 1 || s.Broken[1].State != "active" {
		t.Errorf("broken %+v of %d", s.Broken, s.BrokenTotal)
	}
	if len(s.Consumers) != len(bus.Durables()) || len(s.Dependencies) != 2 || s.Dependencies[0].State != Healthy ||
		s.Dependencies[1].Detail != "messages wait, and none is asked for: chains, registry" {
		t.Errorf("%+v %+v", s.Consumers, s.Dependencies)
	}

	// What happens now is counted, and moves what is shown.
	totals := make(map[string]int)
	count := func() bool {
		for _, what := range []string{"requested", "completed", "failed", "dead letters"} {
			totals[what] += max(0, number(s, what))
		}
		return true
	}
	count()
	clear(totals)
	testkit.Publish(t, b, "acme", events.ActionRequested, events.Request{ID: "req-9"})
	w.outcome(events.ActionCompleted, 5)
	w.outcome(events.ActionCompleted, 6)
	w.outcome(events.ActionFailed, 7)
	w.chain(events.SuspensionExtended, "crm", 2, 48)
	w.chain(events.SuspensionTerminated, "erp", 3, 4)
	w.connection("crm", crm, func(*connection.Entry) {})
	see("what happened", func() bool {
		count()
		return totals["requested"] == 1 && totals["completed"] == 2 && totals["failed"] == 1 && s.SuspendedTotal == 2 && s.BrokenTotal == 2 &&
			s.Broken[0].State == "active"
	})
	if totals["dead letters"] != 0 || s.Deadlines[0].Request != "req-1" || s.Deadlines[1].Request != "req-2" {
		t.Errorf("%v %+v", totals, s.Deadlines)
	}
	if s.Broken[0].Connection != "crm" || s.Broken[1].Connection != "old" {
		t.Errorf("broken %+v", s.Broken)
	}
	if a := s.Consumers[2]; a.Name != bus.DurableActions || a.Lag != 1 || !a.Trouble {
		t.Errorf("a request that nobody asks for: %+v", a)
	}
}

// One tenant's top counts nothing of another's.
func TestO1_TopOfOneTenant(t *testing.T) {
	_, b := testkit.StartBus(t)
	w := &write{t, b, make(map[string]uint64)}
	w.chain(events.SuspensionSuspended, "crm", 1, 5)
	w.connection("crm", 0, broken)
	c := Start(t.Context(), Options{Looks: b, Clock: b.Clock(), Most: 2, Tenant: "other"})
	t.Cleanup(c.Close)
	testkit.Eventually(t, 20*time.Second, "everything to be read", func() bool {
		s, err := c.Snapshot(t.Context())
		if err != nil || s.SuspendedTotal+s.BrokenTotal > 0 {
			t.Fatalf("%+v, %v", s, err)
		}
		return !s.Reading && s.Seconds > 0 && number(s, "requested") == -1 && number(s, "completed") == 0
	})
}

// What can not be read is told, with what to do.
func TestO1_TopSaysWhatItCanNotRead(t *testing.T) {
	n := testkit.StartNATS(t)
	b := testkit.ConnectBus(t, n.ClientURL())
	c := Start(t.Context(), Options{Looks: b, Clock: b.Clock(), Most: 2})
	t.Cleanup(c.Close)
	testkit.Eventually(t, 20*time.Second, "a failure", func() bool {
		_, err := c.Snapshot(t.Context())
		return err != nil && fault.From(err).Hint == "holdfast setup"
	})
}

// Where outcomes come faster than they can be read, the rates are those of a part, and of all.
func TestO1_TopPassesOverWhatItCanNotKeepUpWith(t *testing.T) {
	c := &Collector{outcomes: outcomes{read: map[events.Type]uint64{}}}
	c.rates(&Snapshot{At: noon}, nil)
	for range 10 {
		c.outcomes.count(bus.Stored{Record: events.Record{Event: events.Event{Type: events.ActionCompleted}}})
	}
	c.outcomes.count(bus.Stored{Record: events.Record{Event: events.Event{Type: events.ActionFailed}}, Left: 109_989})
	s := Snapshot{At: noon.Add(10 * time.Second)}
	c.rates(&s, nil)
	if !s.Partial || number(s, "completed") != 100_000 || number(s, "failed") != 10_000 {
		t.Errorf("%+v", s)
	}
}

package bus_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

var chain = events.Chain{Tenant: "acme", Connection: "c", Run: "r", Request: "q"}

// alarms collects what rings.
type alarms struct {
	mu   sync.Mutex
	rang []bus.Alarm
}

func (a *alarms) handle(_ context.Context, d dispatch.Delivery) dispatch.Result {
	if alarm, ok := bus.ParseAlarm(d); ok {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.rang = append(a.rang, alarm)
	}
	return dispatch.Done("heard")
}

func (a *alarms) sequences() map[uint64]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := make(map[uint64]int)
	for _, r := range a.rang {
		n[r.Sequence]++
	}
	return n
}

func listen(t *testing.T, b *bus.Bus) *alarms {
	t.Helper()
	a := new(alarms)
	_, err := b.Consume(t.Context(), bus.ConsumerSpec{Stream: "KV_" + events.BucketTimers, Durable: bus.DurableAlarms}, a.handle)
	must(t, err)
	return a
}

func TestC13_AlarmsRingOnceAndCancelledOnesNever(t *testing.T) {
	_, b := testkit.StartBus(t)
	timers, a := b.Timers(), listen(t, b)
	began := b.Clock().Now()
	must(t, timers.Set(t.Context(), chain, 1, 900*time.Millisecond))
	must(t, timers.Set(t.Context(), chain, 1, time.Hour)) // there already: left as it is
	must(t, timers.Set(t.Context(), chain, 2, time.Second))
	must(t, timers.Cancel(t.Context(), chain, 2))
	must(t, timers.Cancel(t.Context(), chain, 99)) // none there
	must(t, timers.Set(t.Context(), chain, 3, 2*time.Second))
	for sequence, want := range map[uint64]bool{1: true, 2: false, 3: true, 4: false} {
		if has, err := timers.Has(t.Context(), chain, sequence); err != nil || has != want {
			t.Fatalf("timer %d: %v %v", sequence, has, err)
		}
	}
	testkit.Eventually(t, patience, "alarms 1 and 3", func() bool { s := a.sequences(); return s[1] > 0 && s[3] > 0 })
	if s := a.sequences(); len(s) != 2 || s[1] != 1 || s[3] != 1 {
		t.Fatalf("rang: %v", s)
	}
	first := a.rang[0]
	if first.Chain != chain || first.RangAt.Before(began.Add(900*time.Millisecond)) || first.RangAt.After(began.Add(5*time.Second)) {
		t.Fatalf("%+v, began %s", first, began)
	}
	must(t, timers.Set(t.Context(), chain, 1, time.Second)) // it has rung: that was heard
	if has, err := timers.Has(t.Context(), chain, 1); err != nil || has {
		t.Fatal(has, err)
	}
}

func TestC13_AlarmsRingAfterARestart(t *testing.T) {
	n, b := testkit.StartBus(t)
	must(t, b.Timers().Set(t.Context(), chain, 7, time.Second))
	n.Shutdown()
	n.Start()
	a := listen(t, testkit.ConnectBus(t, n.ClientURL()))
	testkit.Eventually(t, patience, "the alarm", func() bool { return a.sequences()[7] == 1 })
}

func TestRegistry(t *testing.T) {
	n, b := testkit.StartBus(t)
	r := b.Registry()
	ctx := t.Context()
	e, rev, err := r.Get(ctx, "acme", "c")
	if e != nil || rev != 0 || err != nil {
		t.Fatal(e, rev, err)
	}
	entry := &connection.Entry{Connection: events.Connection{Tenant: "acme", ID: "c", Name: "one"}}
	rev, err = r.Put(ctx, entry, 0)
	must(t, err)
	if _, err := r.Put(ctx, entry, 0); reason(err) != fault.Conflict {
		t.Fatal(err)
	}
	other := testkit.ConnectBus(t, n.ClientURL())
	or := other.Registry()
	testkit.Eventually(t, patience, "the snapshot", func() bool { return other.Ready(ctx) == nil })
	entry.Name = "two"
	rev2, err := or.Put(ctx, entry, rev)
	must(t, err)
	testkit.Eventually(t, patience, "the change to arrive", func() bool {
		got, rev, err := r.Get(ctx, "acme", "c")
		return err == nil && rev == rev2 && got.Name == "two"
	})
	entry.Name = "the caller's own"
	if got, _, _ := or.Get(ctx, "acme", "c"); got.Name != "two" {
		t.Fatal("the cache shares the caller's entry")
	}
	if got, rev, err := r.Fresh(ctx, "acme", "c"); err != nil || rev != rev2 || got.Tenant != "acme" {
		t.Fatal(got, rev, err)
	}
	if e, _, _ := r.Get(ctx, "other", "c"); e != nil {
		t.Fatal("another tenant's")
	}
}

// What changes while a worker is cut off is seen after it.
func TestRegistryFollowsOverARestart(t *testing.T) {
	n, b := testkit.StartBus(t)
	r := b.Registry()
	runs, err := b.Runs(t.Context())
	must(t, err)
	put := func(id string) {
		_, err := b.Registry().Put(t.Context(), &connection.Entry{Connection: events.Connection{Tenant: "acme", ID: id}}, 0)
		must(t, err)
	}
	put("before")
	testkit.Eventually(t, patience, "the snapshot", func() bool { return b.Ready(t.Context()) == nil })
	n.Shutdown()
	n.Start()
	testkit.Eventually(t, patience, "the bus", func() bool {
		return runs.Terminate(t.Context(), "acme", "r") == nil && runs.Terminated("acme", "r")
	})
	other := testkit.ConnectBus(t, n.ClientURL())
	_, err = other.Registry().Put(t.Context(), &connection.Entry{Connection: events.Connection{Tenant: "acme", ID: "after"}}, 0)
	must(t, err)
	testkit.Eventually(t, patience, "the change to arrive", func() bool {
		count := 0
		for range r.All() {
			count++
		}
		return count == 2
	})
}

func TestRuns(t *testing.T) {
	n, b := testkit.StartBus(t)
	r, err := b.Runs(t.Context())
	must(t, err)
	other := testkit.ConnectBus(t, n.ClientURL())
	or, err := other.Runs(t.Context())
	must(t, err)
	if r.Terminated("acme", "r") {
		t.Fatal("nothing was terminated")
	}
	must(t, r.Terminate(t.Context(), "acme", "r"))
	must(t, r.Terminate(t.Context(), "acme", "r"))
	if !r.Terminated("acme", "r") || r.Terminated("other", "r") {
		t.Fatal("not known at once")
	}
	testkit.Eventually(t, patience, "the other worker to know", func() bool { return or.Terminated("acme", "r") })
}

func TestLeases(t *testing.T) {
	_, b := testkit.StartBus(t)
	l, ctx := b.Leases(), t.Context()
	if ok, err := l.Hold(ctx, "sweep", time.Second); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err := l.Hold(ctx, "sweep", time.Second); err != nil || ok {
		t.Fatal(ok, err)
	}
	testkit.Eventually(t, patience, "the lease to end", func() bool {
		ok, err := l.Hold(ctx, "sweep", time.Hour)
		return err == nil && ok
	})

	first, err := l.Acquire(ctx, "refresh.acme.c", 2*time.Second)
	must(t, err)
	must(t, first.Renew(ctx, 2*time.Second))
	if _, err := l.Acquire(ctx, "refresh.acme.c", time.Second); reason(err) != fault.LeaseHeld {
		t.Fatal(err)
	}
	must(t, first.Release(ctx))
	second, err := l.Acquire(ctx, "refresh.acme.c", time.Hour)
	must(t, err)
	must(t, first.Release(ctx)) // it is not its any more
	if reason(first.Renew(ctx, time.Second)) != fault.LeaseHeld {
		t.Fatal("renewed somebody else's lease")
	}
	must(t, second.Renew(ctx, time.Hour))
}

func TestNoticesOnceForEachEvent(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	e := event(t, events.ConnectionBroken, events.ConnectionNotice{ID: "c"})
	must(t, b.Notices().Notify(t.Context(), "acme", e))
	must(t, b.Notices().Notify(t.Context(), "acme", e))
	s, err := js.Stream(t.Context(), events.StreamNotices)
	must(t, err)
	if got := s.CachedInfo().State.Msgs; got != 1 {
		t.Fatalf("%d notices", got)
	}
}

func TestClockIsTheBuses(t *testing.T) {
	_, b := testkit.StartBus(t)
	must(t, b.Clock().Sync(t.Context()))
	_, err := b.Journal().Append(t.Context(), events.LedgerSubject("acme", "r"), 0, event(t, events.ActionCompleted, nil))
	must(t, err)
	r, err := b.Journal().Last(t.Context(), events.LedgerSubject("acme", "r"))
	must(t, err)
	if d := b.Clock().Now().Sub(r.Stored); d < 0 || d > time.Second {
		t.Fatalf("off by %s", d)
	}
}

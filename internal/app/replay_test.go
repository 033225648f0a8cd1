package app_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/replay"
	"holdfast/internal/testkit"
)

// A dry replay says of each request what a worker then really does, and changes nothing on the bus and asks nothing of
// Vault.
func TestO2_ADryReplaySaysWhatTheWorkerDoesAndTouchesNothing(t *testing.T) {
	w := newRoleWorld(t)
	stop := w.worker()
	w.connect("crm")
	w.connect("erp")
	w.connect("old")
	w.target.SetPassword("demo", "other") // of all connections
	broken := w.request("erp")
	w.suspended("erp", runOf(broken), broken)
	w.target.SetPassword("demo", "demo-password")
	done := w.request("crm")
	w.ends(done, events.ActionCompleted)
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "old", Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "the connection to be gone", func() bool {
		e, _, err := w.registry.Fresh(t.Context(), tenant, "old")
		return err == nil && e.Deleted
	})
	stop()

	past := time.Now().Add(-time.Minute)
	ids := map[string]string{
		"runs":     w.request("crm"),
		"suspends": w.request("erp"),
		"gone":     w.request("old"),
		"denied":   w.request("crm", func(r *events.Request) { r.StepKind = events.FormStep }),
		"late":     w.request("crm", func(r *events.Request) { r.Deadline = &past }),
	}
	stale := w.action("crm")
	w.publishAt(events.ActionRequested, time.Now().Add(-8*24*time.Hour), stale)
	copied := w.action("crm", func(r *events.Request) { r.ID, r.Run = done, runOf(done) })
	w.publish(events.ActionRequested, copied)
	w.lose(events.StreamActions, bus.DurableActions, len(ids)+2)

	before, calls := w.everything(), len(w.proxy.Calls())
	f := w.foresee(actions())
	if after := w.everything(); !maps.Equal(before, after) {
		t.Errorf("the bus was changed: before %v, after %v", before, after)
	}
	if n := len(w.proxy.Calls()) - calls; n != 0 {
		t.Errorf("%d calls of Vault", n)
	}
	w.wantCounts(f.Groups, map[handlers.Verdict]int{handlers.Ended: 2, handlers.Pending: 1, handlers.WouldRun: 1,
		handlers.WouldSuspend: 1, handlers.ConnectionGone: 1, handlers.Denied: 1, handlers.NotValid: 2})
	for _, g := range f.Groups {
		switch g.Verdict {
		case handlers.NotValid:
			if g.Reason != fault.Stale && g.Reason != fault.Deadline {
				t.Errorf("not valid for %s", g.Reason)
			}
		case handlers.Denied:
			if g.Reason != fault.FormStep || g.Example.Rule == "" || g.Example.Request != ids["denied"] {
				t.Errorf("denied: %+v", g)
			}
		default:
		}
	}

	w.worker() // and this is what it does with them
	var all []uint64
	for m, err := range w.bus.Messages(t.Context(), bus.Search{Stream: events.StreamActions}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m.Sequence)
	}
	w.copyAgain(events.StreamActions, all...)
	w.ends(ids["runs"], events.ActionCompleted)
	w.suspended("erp", runOf(ids["suspends"]), ids["suspends"])
	w.suspended("old", runOf(ids["gone"]), ids["gone"])
	w.ends(ids["denied"], events.ActionDenied)
	w.ends(ids["late"], events.ActionFailed)
	testkit.Eventually(t, patient, "the stale one to be a dead letter", func() bool {
		return len(w.read(events.StreamDeadLetters, events.DeadLetterSubject(tenant, fault.Stale))) == 1
	})
	w.wantEffects(done, 1)
}

// Everything that was ever requested is replayed after it has its outcome: no effect happens again, neither by what the
// replay does, nor by the same requests published as they were.
func TestO2_AReplayOfEverythingRepeatsNoEffect(t *testing.T) {
	const n = 60
	w := newRoleWorld(t)
	w.worker()
	w.connect("crm")
	var ids []string
	for i := range n {
		if i%3 == 0 {
			ids = append(ids, w.request("crm", atMostOnce))
		} else {
			ids = append(ids, w.request("crm"))
		}
	}
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
	}
	res := w.replayed(actions())
	if res.Selected != n || res.Driven != 0 || counts(res.Groups)[handlers.Ended] != n {
		t.Errorf("%+v", res)
	}
	all := make([]uint64, n)
	for i := range all {
		all[i] = uint64(i + 1)
	}
	last := w.copyAgain(events.StreamActions, all...)
	testkit.Eventually(t, patient, "all copies to be answered", func() bool {
		workers, err := w.bus.Consumer(t.Context(), bus.Durable{Stream: events.StreamActions, Name: bus.DurableActions})
		return err == nil && workers.Floor >= last
	})
	for _, id := range ids {
		w.wantEffects(id, 1)
	}
}

// What was lost is driven again, once, within what may be in flight; what has come of it is counted.
func TestO2_AReplayDrivesWhatHasNoOutcome(t *testing.T) {
	const n = 40
	w := newRoleWorld(t)
	stop := w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	stop()
	lost := w.lostRequests(n, "crm")
	w.worker()
	for _, id := range lost {
		w.wantLedger(id)
	}
	var most atomic.Int64
	o := actions(func(o *replay.Options) { o.InFlight = 5; o.Select.Tenant = tenant })
	res, err := w.replaying(o).Run(t.Context(), nil, func(s replay.Status) { most.Store(max(most.Load(), int64(s.InFlight))) })
	if err != nil {
		t.Fatal(err)
	}
	if res.Driven != n || res.Outcomes["completed"] != n || res.Open != 0 || most.Load() > 5 {
		t.Errorf("%+v, %d in flight", res, most.Load())
	}
	for id, times := range w.target.Effects() {
		if times != 1 {
			t.Errorf("%d effects of %s", times, id)
		}
	}
	if again := w.replayed(o); again.Driven != 0 {
		t.Errorf("a second replay: %+v", again)
	}
}

// Two replays over the same are refused, whoever came first is named, also where one is of all tenants.
func TestO2_TwoReplaysAtOnceOverTheSameAreRefused(t *testing.T) {
	w := newRoleWorld(t)
	w.lostRequests(30, "crm")
	first := w.replaying(actions(func(o *replay.Options) { o.Rate, o.Select.Tenant = 1, tenant }))
	began, ended := make(chan struct{}), make(chan error, 1)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		var told atomic.Bool
		_, err := first.Run(ctx, nil, func(s replay.Status) {
			if s.Driven > 0 && !told.Swap(true) {
				close(began)
			}
		})
		ended <- err
	}()
	<-began
	for name, o := range map[string]replay.Options{
		"the same":    actions(func(o *replay.Options) { o.Select.Tenant, o.Actor = tenant, "otto" }),
		"all tenants": actions(func(o *replay.Options) { o.Actor = "otto" }),
	} {
		_, err := w.replaying(o).Run(t.Context(), nil, nil)
		p, ok := errors.AsType[*ops.Problem](err)
		if !ok || p.Kind != ops.Refused {
			t.Fatalf("%s: %v", name, err)
		}
		contains(t, p.Text, "another replay is at work", "olga on ", "tenant "+tenant)
	}
	other := actions(func(o *replay.Options) { o.Select.Tenant = "other" })
	if _, err := w.replaying(other).Run(t.Context(), nil, nil); err != nil {
		t.Errorf("another tenant's: %v", err)
	}
	interrupt()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	rest := w.replayed(actions(func(o *replay.Options) { o.Select.Tenant, o.Wait = tenant, time.Nanosecond }))
	if rest.Before == 0 || rest.Before+rest.Driven != 30 {
		t.Errorf("the lease was given back, and it goes on: %+v", rest)
	}
	for of, n := range w.copies(events.StreamActions) {
		if n != 1 {
			t.Errorf("%d copies of %s", n, of)
		}
	}
}

// Interrupted in the middle, the same replay goes on where it was, and another one begins anew.
func TestO2_AnInterruptedReplayGoesOn(t *testing.T) {
	const n = 60
	w := newRoleWorld(t)
	w.lostRequests(n, "crm")
	o := actions(func(o *replay.Options) { o.Rate, o.Wait = 40, time.Nanosecond })
	ctx, interrupt := context.WithCancel(t.Context())
	res, err := w.replaying(o).Run(ctx, nil, func(s replay.Status) {
		if s.Driven >= n/3 {
			interrupt()
		}
	})
	interrupt()
	if !errors.Is(err, context.Canceled) || res.Driven < n/3 || res.Driven >= n {
		t.Fatalf("%v: %+v", err, res)
	}
	o.Rate, o.Actor = 0, "otto" // neither makes it another one
	rest := w.replayed(o)
	if rest.Replay != res.Replay || rest.Before != res.Driven || rest.Before+rest.Driven != n || rest.From != uint64(res.Driven)+1 {
		t.Errorf("went on as %+v after %+v", rest, res)
	}
	copies := w.copies(events.StreamActions)
	for of, times := range copies {
		if times != 1 {
			t.Errorf("%d copies of %s", times, of)
		}
	}
	if len(copies) != n {
		t.Errorf("%d were driven again", len(copies))
	}
	if anew := w.replayed(o); anew.Replay == res.Replay || anew.Before != 0 {
		t.Errorf("a replay that is done went on: %+v", anew)
	}
}

// By force, a request that has its outcome is done again under an id of its own, once, and the outcome says of which, why
// and who.
func TestO2_ForcedEffectsAreCountedAndMarked(t *testing.T) {
	w := newRoleWorld(t)
	w.worker()
	w.connect("crm")
	ids := []string{w.request("crm"), w.request("crm", atMostOnce)}
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
	}
	o := actions(func(o *replay.Options) { o.Force, o.Reason = true, "the target lost our orders" })
	if _, err := w.foresight().Replay(actions(func(o *replay.Options) { o.Force = true })); err == nil {
		t.Error("was taken without a reason")
	}
	if f := w.foresee(o); f.Forced != 2 || f.Driven != 2 {
		t.Errorf("%+v", f)
	}
	_, err := w.replaying(o).Run(t.Context(), func(f replay.Forecasts) error { return f.Check(1) }, nil)
	if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Refused {
		t.Fatalf("another number: %v", err)
	}
	for _, id := range ids {
		w.wantEffects(id, 1)
	}
	res, err := w.replaying(o).Run(t.Context(), func(f replay.Forecasts) error { return f.Check(2) }, nil)
	if err != nil || res.Forced != 2 || res.Outcomes["completed"] != 2 {
		t.Fatalf("%v: %+v", err, res)
	}
	marked := make(map[string]bool)
	for _, r := range w.read(events.StreamOutcomes, events.LedgerSubject(tenant, "*")) {
		o, err := events.Payload[events.Outcome](r.Event)
		if err != nil {
			t.Fatal(err)
		}
		if o.ReplayOf == "" || r.Type != events.ActionCompleted {
			continue
		}
		marked[o.ReplayOf] = true
		if o.ReplayReason != "the target lost our orders" || o.ReplayedBy != "olga" || !strings.HasPrefix(o.Request, o.ReplayOf+"-again-") {
			t.Errorf("%+v", o)
		}
		w.wantEffects(o.Request, 1)
	}
	for _, id := range ids {
		w.wantEffects(id, 1)
		if !marked[id] {
			t.Errorf("nothing says that %s was done again", id)
		}
	}
}

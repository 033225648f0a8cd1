package app_test

import (
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

func atMostOnce(r *events.Request) { r.Delivery = events.AtMostOnce }

// ledger is the types of a request's ledger.
func (w *world) ledger(id string) []events.Type {
	w.Helper()
	return types(w.read(events.StreamOutcomes, events.LedgerSubject(tenant, id)))
}

func (w *world) wantLedger(id string, want ...events.Type) {
	w.Helper()
	if got := w.ledger(id); !slices.Equal(got, want) {
		w.Errorf("ledger of %s: %v, want %v", id, got, want)
	}
}

// wantEffects checks how often the target applied a request.
func (w *world) wantEffects(id string, want int) {
	w.Helper()
	if n := w.target.Effects()[id]; n != want {
		w.Errorf("%d effects of %s, want %d", n, id, want)
	}
}

func TestO5_AnEffectWhoseAnswerIsLostIsUnknownAndNotRepeated(t *testing.T) {
	for name, f := range map[string]devtarget.Fault{
		"reset":               {AfterEffect: true, Reset: true},
		"502 after it":        {AfterEffect: true, Status: 502},
		"no answer in time":   {AfterEffect: true, DelayMS: 5000, Status: 200},
		"500 before anything": {Status: 500},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *config.Config) { c.HTTP.Timeout = time.Second })
			w.worker()
			w.connect("crm")
			w.target.SetFault(&f)
			id := w.request("crm", atMostOnce)
			if o := w.ends(id, events.ActionUnknown); o.Reason != string(fault.EffectUnknown) {
				t.Errorf("unknown for %q", o.Reason)
			}
			w.wantLedger(id, events.ActionStarted, events.ActionUnknown)
			if n := w.target.Effects()[id]; n > 1 {
				t.Errorf("%d effects", n)
			}
			if f.AfterEffect {
				w.wantEffects(id, 1)
			}
		})
	}
}

func TestO5_AWorkerKilledInTheMiddleOfAnEffectLeavesItUnknown(t *testing.T) {
	w := newWorld(t)
	p := w.processes()
	first := p.start()
	w.connect("crm")
	w.target.SetFault(&devtarget.Fault{AfterEffect: true, DelayMS: 60_000, Status: 201, Count: 1})
	id := w.request("crm", atMostOnce)
	testkit.Eventually(t, patient, "the effect", func() bool { return w.target.Effects()[id] == 1 })
	w.wantLedger(id, events.ActionStarted)
	first.Kill()
	p.start()
	if o := w.ends(id, events.ActionUnknown); o.Rule != "shared_tenant" {
		t.Errorf("it had started by rule %q", o.Rule)
	}
	w.wantLedger(id, events.ActionStarted, events.ActionUnknown)
	w.wantEffects(id, 1)
}

// Copies of a request that was started leave its end to the message that started it.
func TestO5_CopiesOfAnAtMostOnceRequestHaveOneEffect(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.worker()
	w.connect("crm")
	w.target.SetFault(&devtarget.Fault{DelayMS: 200})
	r := w.action("crm", atMostOnce)
	for range 20 {
		w.publish(events.ActionRequested, r)
	}
	w.ends(r.ID, events.ActionCompleted)
	testkit.Eventually(t, patient, "all copies to be handled", func() bool { return w.unanswered("actions") == 0 })
	w.wantLedger(r.ID, events.ActionStarted, events.ActionCompleted)
	w.wantEffects(r.ID, 1)
}

func TestO5_WorkersKilledAgainAndAgainRepeatNoEffect(t *testing.T) {
	const kills, each = 3, 60
	w := newWorld(t)
	p := w.processes()
	worker := p.start()
	w.connect("crm")
	w.target.SetFault(&devtarget.Fault{AfterEffect: true, DelayMS: 150, Status: 201})
	var ids []string
	for range kills {
		last := ""
		for range each {
			last = w.request("crm", atMostOnce)
			ids = append(ids, last)
		}
		testkit.Eventually(t, patient, "effects under way", func() bool { return len(w.ledger(last)) > 0 })
		worker.Kill()
		worker = p.start()
	}
	ended := map[events.Type]int{}
	for _, id := range ids {
		testkit.Eventually(t, patient, "the end of "+id, func() bool {
			l := w.ledger(id)
			return len(l) > 0 && l[len(l)-1].Ends()
		})
		l := w.ledger(id)
		ended[l[len(l)-1]]++
		if len(l) != 2 || w.target.Effects()[id] > 1 {
			t.Errorf("%s: ledger %v, %d effects", id, l, w.target.Effects()[id])
		}
		if l[len(l)-1] == events.ActionCompleted {
			w.wantEffects(id, 1)
		}
	}
	t.Logf("%d requests, %d kills: %v", len(ids), kills, ended)
	if ended[events.ActionUnknown] == 0 {
		t.Error("no kill hit an effect: this proves nothing")
	}
}

func TestO5_C12_ARefusedCredentialIsReleasedSuspendedAndTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.target.SetPassword("demo", "second")
	id := w.request("crm", atMostOnce)
	w.suspended("crm", runOf(id), id)
	w.wantEffects(id, 0)
	w.password("crm", "second")
	w.ends(id, events.ActionCompleted)
	w.wantLedger(id, events.ActionStarted, events.ActionReleased, events.ActionSuspended, events.ActionStarted, events.ActionCompleted)
	w.wantEffects(id, 1)
}

func TestO5_AnAnswerThatProvesThatNothingHappenedIsTriedAgain(t *testing.T) {
	t.Run("connection refused", func(t *testing.T) {
		w := newWorld(t)
		book := w.logged()
		s := &scene{world: w}
		w.connect("crm", w.at(closedPort(s)))
		id := w.request("crm", atMostOnce)
		book.retried(t, id, fault.TargetUnavailable)
		w.publish(events.ConnectionUpdated, w.basic("crm"))
		w.ends(id, events.ActionCompleted)
		w.wantReleases(id)
	})
	t.Run("429", func(t *testing.T) {
		w := newWorld(t)
		book := w.logged()
		w.connect("crm")
		w.target.SetFault(&devtarget.Fault{Status: 429})
		id := w.request("crm", atMostOnce)
		book.retried(t, id, fault.TargetThrottled)
		w.target.SetFault(nil)
		w.ends(id, events.ActionCompleted)
		w.wantReleases(id)
	})
}

// wantReleases checks that each try but the last was taken back.
func (w *world) wantReleases(id string) {
	w.Helper()
	l := w.ledger(id)
	last := len(l) - 2
	if last < 2 || l[last] != events.ActionStarted || l[last+1] != events.ActionCompleted {
		w.Fatalf("ledger of %s: %v", id, l)
	}
	for i := 0; i < last; i += 2 {
		if l[i] != events.ActionStarted || l[i+1] != events.ActionReleased {
			w.Fatalf("ledger of %s: %v", id, l)
		}
	}
	w.wantEffects(id, 1)
	w.neverSuspended()
}

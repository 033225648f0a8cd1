package app_test

import (
	"testing"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/devtarget"
	"holdfast/internal/replay"
	"holdfast/internal/testkit"
)

// heldRequests are requests whose effects wait for release, each in the hands of a worker.
func (w *world) heldRequests(n int, connection string) (ids []string, release func()) {
	w.Helper()
	var all []*devtarget.Held
	for range n {
		r := w.action(connection)
		held := w.target.Hold(r.ID)
		w.Cleanup(held.Release)
		w.publish(events.ActionRequested, r)
		ids, all = append(ids, r.ID), append(all, held)
	}
	for _, held := range all {
		<-held.Arrived()
	}
	return ids, func() {
		for _, held := range all {
			held.Release()
		}
	}
}

// connected is a connection that a worker took up, and stopped.
func (w *world) connected(id string) {
	w.Helper()
	stop := w.worker()
	w.connect(id)
	stop()
}

// What workers have in their hands is left to them: driven again, the other worker would do it, too.
func TestO2_AReplayLeavesToTheWorkersWhatTheyHaveNotAnswered(t *testing.T) {
	const n = 8
	w := newRoleWorld(t)
	w.worker()
	w.worker()
	w.connect("crm")
	ids, release := w.heldRequests(n, "crm")
	w.wantCounts(w.foresee(actions()).Groups, map[handlers.Verdict]int{handlers.Pending: n})
	res := w.replayed(actions())
	if res.Driven != 0 || counts(res.Groups)[handlers.Pending] != n {
		t.Errorf("%+v", res)
	}
	release()
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
		w.wantEffects(id, 1)
	}
	testkit.Eventually(t, patient, "all to be answered", func() bool { return w.unanswered("actions") == 0 })
	w.wantCounts(w.foresee(actions()).Groups, map[handlers.Verdict]int{handlers.Ended: n})
}

// What waits for its turn when the replay begins, and is answered before the replay comes to it, is judged by its ledger.
func TestO2_AReplayLooksAgainAtWhatWasAnsweredMeanwhile(t *testing.T) {
	const n = 20
	w := newRoleWorld(t)
	w.connected("crm")
	lost := w.lostRequests(n, "crm")
	late := w.request("crm")
	done := make(chan struct{})
	o := actions(func(o *replay.Options) { o.Rate = 5 })
	go func() {
		defer close(done)
		res, err := w.replaying(o).Run(t.Context(), nil, nil)
		if err != nil || res.Driven != n || counts(res.Groups)[handlers.WouldRun] != n {
			t.Errorf("%v: %+v", err, res)
		}
	}()
	testkit.Eventually(t, patient, "the replay to drive", func() bool { return len(w.copies(events.StreamActions)) > 0 })
	w.worker()
	<-done
	for _, id := range append(lost, late) {
		w.ends(id, events.ActionCompleted)
		w.wantEffects(id, 1)
	}
}

// A second replay, of another selection, leaves alone what the first one published and nobody has answered yet.
func TestO2_ASecondReplayDoesNotDoubleTheCopiesOfTheFirst(t *testing.T) {
	const n = 10
	w := newRoleWorld(t)
	w.connected("crm")
	lost := w.lostRequests(n, "crm")
	soon := func(o *replay.Options) { o.Wait = 1 }
	if first := w.replayed(actions(soon)); first.Driven != n {
		t.Fatalf("%+v", first)
	}
	for name, o := range map[string]replay.Options{
		"of the originals": actions(soon, func(o *replay.Options) { o.Select.To = n }),
		"of all":           actions(soon, func(o *replay.Options) { o.Select.From = 1 }),
	} {
		if again := w.replayed(o); again.Driven != 0 || counts(again.Groups)[handlers.Pending] != n {
			t.Errorf("%s: %+v", name, again)
		}
	}
	w.worker()
	w.worker()
	for _, id := range lost {
		w.ends(id, events.ActionCompleted)
		w.wantEffects(id, 1)
	}
}

// Two copies of a request are never at work at once, whichever workers they come to: nobody who published them looked
// whether there was another.
func TestO2_CopiesOfARequestAreKeptApartAcrossWorkers(t *testing.T) {
	const copies = 8
	w := newRoleWorld(t)
	w.connected("crm")
	id := w.lostRequests(1, "crm")[0]
	held := w.target.Hold(id)
	t.Cleanup(held.Release)
	w.worker()
	w.worker()
	w.copyAgain(events.StreamActions, 1)
	<-held.Arrived()
	for range copies {
		w.copyAgain(events.StreamActions, 1)
	}
	testkit.Eventually(t, patient, "the other copies to be put off, and come again", func() bool {
		workers, err := w.bus.Consumer(t.Context(), bus.Durable{Stream: events.StreamActions, Name: bus.DurableActions})
		return err == nil && workers.Again >= copies
	})
	w.wantEffects(id, 0)
	held.Release()
	w.ends(id, events.ActionCompleted)
	testkit.Eventually(t, patient, "all copies to be answered", func() bool { return w.unanswered("actions") == 0 })
	w.wantEffects(id, 1)
}

package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/ops"
	"holdfast/internal/replay"
)

// interrupted is a replay that ends after it has published n messages.
func (w *world) interrupted(o replay.Options, n int) replay.Result {
	w.Helper()
	ctx, interrupt := context.WithCancel(w.Context())
	defer interrupt()
	res, err := w.replaying(o).Run(ctx, func(replay.Forecasts) error { return nil }, func(s replay.Status) {
		if s.Driven >= n {
			interrupt()
		}
	})
	if !errors.Is(err, context.Canceled) {
		w.Fatalf("%v: %+v", err, res)
	}
	return res
}

// renote changes the one note of an interrupted replay.
func (w *world) renote(change func(note map[string]any)) {
	w.Helper()
	kv, err := w.js.KeyValue(w.Context(), events.BucketReplays)
	if err != nil {
		w.Fatal(err)
	}
	keys, err := kv.ListKeys(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	var entry jetstream.KeyValueEntry
	for key := range keys.Keys() {
		if strings.HasPrefix(key, "checkpoint.") {
			if entry, err = kv.Get(w.Context(), key); err != nil {
				w.Fatal(err)
			}
		}
	}
	note := make(map[string]any)
	if err := json.Unmarshal(entry.Value(), &note); err != nil {
		w.Fatal(err)
	}
	change(note)
	raw, err := json.Marshal(note)
	if err == nil {
		_, err = kv.Update(w.Context(), entry.Key(), raw, entry.Revision())
	}
	if err != nil {
		w.Fatal(err)
	}
}

// What ends while a forced replay is interrupted is not forced when it goes on, and the number is asked for again.
func TestO2_AForcedReplayThatGoesOnForcesNoMoreThanWasConfirmed(t *testing.T) {
	const ended, open = 4, 6
	w := newRoleWorld(t)
	stop := w.worker()
	w.connect("crm")
	for range ended {
		w.ends(w.request("crm"), events.ActionCompleted)
	}
	stop()
	var later []string
	for range open {
		later = append(later, w.request("crm"))
	}
	o := actions(func(o *replay.Options) { o.Force, o.Reason, o.Rate, o.Wait = true, "lost", 2, 1 })
	first := w.interrupted(o, 1)
	w.worker()
	for _, id := range later {
		w.ends(id, events.ActionCompleted)
	}
	o.Rate, o.Wait = 0, patient
	f := w.foresee(o)
	if f.Begun == nil || f.Begun.Effects != ended || f.Begun.Forced != first.Forced || f.Forced != ended-first.Forced {
		t.Errorf("%+v %+v", f, f.Begun)
	}
	_, err := w.replaying(o).Run(t.Context(), func(f replay.Forecasts) error { return f.Check(ended + open) }, nil)
	if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Refused {
		t.Fatalf("another number: %v", err)
	}
	res, err := w.replaying(o).Run(t.Context(), func(f replay.Forecasts) error { return f.Check(ended) }, nil)
	if err != nil || res.Forced != ended-first.Forced || counts(res.Groups)[handlers.Ended] != open {
		t.Errorf("%v: %+v after %+v", err, res, first)
	}
	for _, id := range later {
		w.wantEffects(id, 1)
	}
	if n := len(w.target.Effects()); n != 2*ended+open {
		t.Errorf("%d effects, want %d", n, 2*ended+open)
	}
}

// The dry run tells of a replay that was interrupted and foresees its rest. Where its range was named by how long ago, and
// long ago, it has to be chosen.
func TestO2_AnInterruptedReplayIsToldOfAndChosen(t *testing.T) {
	const n = 12
	w := newRoleWorld(t)
	w.lostRequests(n, "crm")
	o := actions(func(o *replay.Options) {
		o.Rate, o.Wait, o.Select.Since = 4, 1, ops.When{Ago: 2 * time.Hour}
	})
	first := w.interrupted(o, 2)
	f := w.foresee(o)
	if b := f.Begun; b == nil || b.Choose || b.Driven != first.Driven || f.First != uint64(first.Driven)+1 || b.First != f.First || f.Last != n {
		t.Errorf("%+v, begun %+v", f, f.Begun)
	}
	var said []string
	o.Say = func(text string) { said = append(said, text) }
	w.renote(func(note map[string]any) {
		s, _ := note["span"].(map[string]any)
		s["asked"] = time.Now().Add(-25 * time.Hour)
	})
	if f := w.foresee(o); f.Begun == nil || !f.Begun.Choose || f.First != 1 || f.Last <= n {
		t.Errorf("of another day: %+v, begun %+v", f, f.Begun)
	}
	_, err := w.replaying(o).Run(t.Context(), nil, nil)
	if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Refused || len(said) != 0 {
		t.Fatalf("was not asked: %v", err)
	} else {
		contains(t, p.Text+p.Hint, "olga", "--go-on", "--anew")
	}
	o.Rate, o.GoOn = 0, true
	if rest := w.replayed(o); rest.Replay != first.Replay || rest.Before != first.Driven || len(said) != 1 {
		t.Errorf("%+v, said %q", rest, said)
	}
}

// Begun anew, the same replay has a range and an id of its own.
func TestO2_AReplayIsBegunAnew(t *testing.T) {
	const n = 12
	w := newRoleWorld(t)
	w.lostRequests(n, "crm")
	o := actions(func(o *replay.Options) { o.Rate, o.Wait = 4, 1 })
	first := w.interrupted(o, 2)
	o.Rate, o.Anew = 0, true
	if f := w.foresee(o); f.Begun != nil || f.First != 1 {
		t.Errorf("%+v", f)
	}
	res := w.replayed(o)
	if res.Replay == first.Replay || res.Before != 0 || res.Driven != n-first.Driven {
		t.Errorf("%+v after %+v", res, first)
	}
	for of, times := range w.copies(events.StreamActions) {
		if times != 1 {
			t.Errorf("%d copies of %s", times, of)
		}
	}
}

// Published, and killed before that was noted: in the queue it is left alone, under whatever message id it is there.
func TestO2_WhatWasPublishedAndNotNotedIsNotDoubled(t *testing.T) {
	const n = 6
	w := newRoleWorld(t)
	w.connected("crm")
	lost := w.lostRequests(n, "crm")
	o := actions(func(o *replay.Options) { o.Rate, o.Wait = 2, 1 })
	w.interrupted(o, 2)
	w.renote(func(note map[string]any) { // and the bus has forgotten the message ids
		note["position"], note["driven"], note["replay"] = 0, 0, "another"
	})
	o.Rate = 0
	w.replayed(o)
	w.worker()
	w.worker()
	for _, id := range lost {
		w.ends(id, events.ActionCompleted)
		w.wantEffects(id, 1)
	}
	for of, times := range w.copies(events.StreamActions) {
		if times != 1 {
			t.Errorf("%d copies of %s", times, of)
		}
	}
}

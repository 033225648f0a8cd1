package app_test

import (
	"context"
	"iter"
	"testing"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/catalog"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/metrics"
	"holdfast/internal/testkit"
)

// listedLate lists chains a while after it was asked to, as a bus does whose leader was killed in between.
type listedLate struct {
	handlers.Journal

	meanwhile func()
}

func (j listedLate) Each(ctx context.Context, filter string) iter.Seq2[events.ChainRecord, error] {
	j.meanwhile()
	return j.Journal.Each(ctx, filter)
}

// readBehind answers as a leader does that has not yet caught up.
type readBehind struct {
	handlers.Registry

	entry    *connection.Entry
	revision uint64
}

func (r readBehind) Fresh(context.Context, string, string) (*connection.Entry, uint64, error) {
	return r.entry, r.revision, nil
}

// recoverer are the handlers of a worker that only resumes.
func (w *world) recoverer(j handlers.Journal, r handlers.Registry) *handlers.Handlers {
	w.Helper()
	types, err := catalog.Builtin()
	if err != nil {
		w.Fatal(err)
	}
	return handlers.New(handlers.Ports{Journal: j, Timers: w.bus.Timers(), Registry: r, Clock: w.bus.Clock(),
		Types: types, Notices: w.bus.Notices(), Observer: metrics.New()}, handlers.Options{})
}

// refusedAnew is refused under a new generation of the connection.
func (w *world) refusedAnew(id, password string) events.Chain {
	w.Helper()
	before := w.entry(id).Generation
	w.publish(events.ConnectionSecretRotated, ref(id))
	testkit.Eventually(w, patient, "the new generation", func() bool { return w.entry(id).Generation > before })
	return w.refused(id, password)
}

// refused has the target refuse the connection's password from now on, and gives the run that was suspended for it.
func (w *world) refused(id, password string) events.Chain {
	w.Helper()
	w.target.SetPassword("demo", password)
	request := w.request(id)
	w.suspended(id, runOf(request), request)
	return events.Chain{Tenant: tenant, Connection: id, Run: runOf(request), Request: request}
}

// repairedOnce makes a connection that was seen to work after it had failed.
func (w *world) repairedOnce(id string) {
	w.Helper()
	w.connect(id)
	c := w.refusedAnew(id, "second")
	w.password(id, "second")
	w.ends(c.Request, events.ActionCompleted)
}

func (w *world) waits(c events.Chain) bool {
	w.Helper()
	last, err := w.bus.Journal().Last(w.Context(), c.Subject())
	if err != nil {
		w.Fatal(err)
	}
	return last.Type.Waits()
}

func (w *world) contends(h *handlers.Handlers, id string, c *events.Chain) {
	w.Helper()
	resumed, err := h.Recover(w.Context(), tenant, id)
	if !fault.Is(err, fault.Conflict) || resumed != 0 || !w.waits(*c) {
		w.Errorf("%d resumed, %v; the run waits: %v", resumed, err, w.waits(*c))
	}
}

func TestC15_ARunIsNotResumedByWhatWasKnownBeforeItFailed(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.repairedOnce("crm")
	var c events.Chain
	w.contends(w.recoverer(listedLate{w.bus.Journal(), func() { c = w.refusedAnew("crm", "third") }}, w.registry), "crm", &c)
}

func TestC15_ARunIsNotResumedByALeaderThatIsBehind(t *testing.T) {
	for name, refused := range map[string]func(*world) events.Chain{
		"other credentials failed": func(w *world) events.Chain { return w.refusedAnew("crm", "third") },
		"the same ones failed":     func(w *world) events.Chain { return w.refused("crm", "third") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.worker()
			w.repairedOnce("crm")
			old, rev, err := w.registry.Fresh(t.Context(), tenant, "crm")
			if err != nil {
				t.Fatal(err)
			}
			c := refused(w)
			w.contends(w.recoverer(w.bus.Journal(), readBehind{w.registry, old, rev}), "crm", &c)
		})
	}
}

// A connection's stream that was restored from a backup counts from an earlier change on.
func TestC15_ARunIsResumedThoughABackupKnowsAnEarlierGeneration(t *testing.T) {
	w := newWorld(t)
	stop := w.worker()
	w.repairedOnce("crm")
	old := *w.entry("crm")
	c := w.refusedAnew("crm", "third")
	stop()
	w.store(&old)
	_, before, err := w.registry.Fresh(t.Context(), tenant, "crm")
	if err != nil {
		t.Fatal(err)
	}
	resumed, err := w.recoverer(w.bus.Journal(), w.registry).Recover(t.Context(), tenant, "crm")
	_, after, _ := w.registry.Fresh(t.Context(), tenant, "crm")
	if err != nil || resumed != 1 || w.waits(c) || before != after {
		t.Errorf("%d resumed, %v; the run waits: %v; the registry went from %d to %d", resumed, err, w.waits(c), before, after)
	}
}

// However often the change of a connection was delivered: whoever resumed something looks again.
func TestC14_WhatWaitsIsListedUntilNothingDoes(t *testing.T) {
	w := newWorld(t)
	stop := w.worker()
	w.repairedOnce("crm")
	old := *w.entry("crm")
	c := w.refused("crm", "third")
	stop()
	w.store(&old)
	h := w.recoverer(w.bus.Journal(), w.registry)
	first := h.ConnectionChanged(t.Context(), tenant, "crm", 2)
	second := h.ConnectionChanged(t.Context(), tenant, "crm", 3)
	if first.Label != "recheck" || second.Label != "looked" || w.waits(c) {
		t.Errorf("%q, then %q; the run waits: %v", first.Label, second.Label, w.waits(c))
	}
}

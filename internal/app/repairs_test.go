package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/dispatch"
	"holdfast/internal/metrics"
	"holdfast/internal/testkit"
)

func TestC13_RequestsOfARunThatWasTerminatedBeforeTheStartAreDenied(t *testing.T) {
	w := newWorld(t)
	w.password("crm", "demo-password")
	w.publish(events.ConnectionCreated, w.basic("crm"))
	const runs = 20_000 // enough for the worker to be still reading when it could consume
	for i := range runs {
		if _, err := w.js.PublishAsync(fmt.Sprintf("$KV.%s.%s.gone-%d", events.BucketRuns, tenant, i), []byte("terminated"), jetstream.WithStallWait(patient)); err != nil {
			t.Fatal(err)
		}
	}
	<-w.js.PublishAsyncComplete()
	id := w.request("crm", func(r *events.Request) { r.Run = fmt.Sprintf("gone-%d", runs-1) })
	w.worker()
	if o := w.ends(id, events.ActionDenied); o.Reason != "run_terminated" {
		t.Errorf("reason %q", o.Reason)
	}
}

func TestC1_AConnectionMayNotWaitLongerThanChainsAreKept(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.Suspension.Max, c.Suspension.Default = time.Hour, time.Hour })
	w.worker()
	w.sendConnection(func(c *events.Connection) { c.SuspendFor = 3601 })
	testkit.Eventually(t, patient, "connection.rejected", func() bool {
		n := w.notices(events.ConnectionRejected)
		if len(n) != 1 {
			return false
		}
		p, err := events.Payload[events.ConnectionNotice](n[0].Event)
		return err == nil && p.Field == "/data/suspend_for_seconds"
	})
}

func TestO3_ASecretWrittenAnewUnderItsOldVersionNumberIsTried(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	w.vault.Do(w, http.MethodDelete, "secret/metadata/"+secretPath("crm"), nil, nil)
	w.password("crm", "second") // version 1 again, as tools that replace a secret leave it
	if o := w.ends(id, events.ActionCompleted); o.SecretVersion != 1 {
		t.Errorf("ran with version %d", o.SecretVersion)
	}
}

func TestC14_ARepairedConnectionIsNotBrokenAgainByWhatWasRemembered(t *testing.T) {
	w := newWorld(t)
	w.cfg.Vault.CacheTTL = 0
	w.cfg.Worker.BrokenPollInterval = time.Second
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	w.vault.Delete(w, secretPath("crm"))
	ids := []string{w.request("crm")}
	w.suspended("crm", runOf(ids[0]), ids[0])
	ids = append(ids, w.request("crm")) // remembered that there is nothing to read
	w.vault.Set(w, "secret/undelete/"+secretPath("crm"), map[string]any{"versions": []int{1}})
	testkit.Eventually(t, patient, "connection.restored", func() bool {
		ids = append(ids, w.request("crm"))
		return len(w.notices(events.ConnectionRestored)) > 0
	})
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
	}
	if b, r := len(w.notices(events.ConnectionBroken)), len(w.notices(events.ConnectionRestored)); b != 1 || r != 1 {
		t.Errorf("%d broken and %d restored notices, want one of each", b, r)
	}
}

func TestC14_OneTryFindsOutForAllThatAnOperatorResumed(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	const runs = 20
	var ids []string
	for range runs {
		ids = append(ids, w.request("crm"))
	}
	for _, id := range ids {
		w.suspended("crm", runOf(id), id)
	}
	before := w.target.Calls()["basic"][devtarget.Refused]
	w.publish(events.SuspensionResumeRequested, events.SuspensionCommand{Connection: "crm", Actor: "op"})
	for _, id := range ids {
		c := events.Chain{Tenant: tenant, Connection: "crm", Run: runOf(id), Request: id}
		testkit.Eventually(t, patient, id+" to be suspended again", func() bool { return len(w.chain(c)) == 3 })
	}
	if n := w.target.Calls()["basic"][devtarget.Refused] - before; n != 1 {
		t.Errorf("the target refused %d logins for one resume of %d runs, want 1", n, runs)
	}
	w.target.SetPassword("demo", "demo-password") // repaired outside Vault
	w.publish(events.SuspensionResumeRequested, events.SuspensionCommand{Connection: "crm", Actor: "op"})
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
	}
}

func TestC15_TerminatingAWaitWhoseRequestHasEndedReconcilesIt(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	w.conclude(id) // as a worker does that was slow, or as a restored backup has it
	w.publish(events.SuspensionTerminateRequested, events.SuspensionCommand{Request: id, Actor: "op"})
	c := events.Chain{Tenant: tenant, Connection: "crm", Run: runOf(id), Request: id}
	testkit.Eventually(t, patient, "the chain to be closed", func() bool { return len(w.chain(c)) == 2 })
	last := w.chain(c)[1]
	if s, err := events.Payload[events.Suspension](last.Event); err != nil || last.Type != events.SuspensionResumed || s.Cause != events.CauseReconciled {
		t.Errorf("closed as %s, cause %q: %v", last.Type, s.Cause, err)
	}
	w.target.SetPassword("demo", "demo-password")
	w.password("crm", "demo-password")
	w.ends(w.request("crm", func(r *events.Request) { r.Run = runOf(id) }), events.ActionCompleted)
}

// conclude writes a request's end to its ledger, behind the worker's back.
func (w *world) conclude(id string) {
	w.Helper()
	subject := events.LedgerSubject(tenant, id)
	last, err := w.bus.Journal().Last(w.Context(), subject)
	if err != nil {
		w.Fatal(err)
	}
	e, err := events.New(events.ActionCompleted, time.Now(), last.Data)
	if err != nil {
		w.Fatal(err)
	}
	if _, err = w.bus.Journal().Append(w.Context(), subject, last.Sequence, e); err != nil {
		w.Fatal(err)
	}
}

func TestO1_AnOldRequestThatHasItsEndIsNoDeadLetter(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	r := w.action("crm")
	w.publish(events.ActionRequested, r)
	w.ends(r.ID, events.ActionCompleted)
	e, err := events.New(events.ActionRequested, time.Now().AddDate(-1, 0, 0), r)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.send(events.SubjectOf(tenant, events.ActionRequested), raw)
	testkit.Eventually(t, patient, "all copies to be handled", func() bool { return w.unanswered("actions") == 0 })
	if got := w.read(events.StreamDeadLetters, "hf.*.deadletter.*"); len(got) != 0 {
		t.Errorf("%d dead letters", len(got))
	}
}

func TestC15_ACommandLeavesAloneWhatWasSuspendedAfterIt(t *testing.T) {
	w := newWorld(t)
	stop := w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	s := w.suspended("crm", runOf(id), id)
	stop()
	h := handlers.New(handlers.Ports{
		Journal: w.bus.Journal(), Timers: w.bus.Timers(), Clock: w.bus.Clock(), Observer: metrics.New(),
	}, handlers.Options{})
	resume := func(at time.Time) string {
		m := dispatch.Meta{Delivery: dispatch.Delivery{Time: at}, Tenant: tenant}
		return h.SuspensionResumeRequested(context.Background(), m, events.SuspensionCommand{Connection: "crm", Actor: "op"}).Label
	}
	before, after := s.SuspendedAt.Add(-time.Second), s.SuspendedAt.Add(time.Second)
	if got := []string{resume(before), resume(after)}; !slices.Equal(got, []string{"nothing_named", "resumed"}) {
		t.Errorf("came to %v", got)
	}
}

package letters_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/devtarget"
	"holdfast/internal/explain"
	"holdfast/internal/fault"
	"holdfast/internal/ops/letters"
	"holdfast/internal/testkit"
)

// chainOf is the chain of a request that world.request makes.
func chainOf(request, connection string) events.Chain {
	return events.Chain{Tenant: tenant, Connection: connection, Run: "run-" + request, Request: request}
}

func (w *world) last(subject string) events.Record {
	w.Helper()
	last, err := w.root.Journal().Last(w.Context(), subject)
	if err != nil {
		w.Fatal(err)
	}
	return last
}

// reaches waits until a chain is at an event of a type, and gives its sequence.
func (w *world) reaches(c events.Chain, t events.Type) uint64 {
	w.Helper()
	testkit.Eventually(w, patient, string(t), func() bool { return w.last(c.Subject()).Type == t })
	return w.last(c.Subject()).Sequence
}

// takesWorkersDown marks a chain's event as three workers leave it that died with it, until it is given up.
func (w *world) takesWorkersDown(sequence uint64) letters.View {
	w.Helper()
	nc, err := nats.Connect(w.nats.ClientURL(), nats.UserInfo(testkit.Root, testkit.Root))
	if err != nil {
		w.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		w.Fatal(err)
	}
	kv, err := js.KeyValue(w.Context(), events.BucketSuspects)
	if err != nil {
		w.Fatal(err)
	}
	testkit.Eventually(w, patient, "workers to give it up", func() bool {
		if _, err := kv.PutString(w.Context(), tenant+".HF_SUSPENSIONS-"+strconv.FormatUint(sequence, 10), "3"); err != nil {
			w.Fatal(err)
		}
		s, err := w.root.State(w.Context(), events.StreamDeadLetters) // a list would be a consumer each time
		return err == nil && s.Messages > 0
	})
	return w.letterOf(events.StreamSuspensions, sequence)
}

// stands is how a run stands, as an operator is told.
func (w *world) stands(run string) explain.Entry {
	w.Helper()
	t := &explain.Teller{Looks: w.ops.Looks(), Chains: w.ops.Chains(), Clock: w.ops.Clock(), Replays: w.ops.Bus().Replays()}
	s, err := t.Tell(w.Context(), explain.Question{Kind: explain.Run, Tenant: tenant, ID: run})
	if err != nil {
		w.Fatal(err)
	}
	return s.Entries[len(s.Entries)-1]
}

func TestC13_O5_AResumedRunThatWorkersGaveUpRunsWhenItsLetterIsRetried(t *testing.T) {
	w := newWorld(t)
	w.worker()
	c := chainOf("req-1", "crm")
	w.target.SetFault(&devtarget.Fault{Status: 401})
	w.send(events.ActionRequested, w.request("req-1", `{}`))
	w.reaches(c, events.SuspensionSuspended)
	w.target.SetFault(&devtarget.Fault{Status: 503})
	w.publish(events.SuspensionResumeRequested, events.SuspensionCommand{Request: "req-1", Actor: "ann"})
	v := w.takesWorkersDown(w.reaches(c, events.SuspensionResumed))
	if v.Reason != string(fault.Poison) {
		t.Fatalf("%+v", v)
	}
	retry := "holdfast deadletters retry " + strconv.FormatUint(v.Sequence, 10)
	if e := w.stands(c.Run); e.State != explain.StateDeadLetter || !strings.Contains(strings.Join(e.Advice, "\n"), retry) {
		t.Errorf("explained as %+v", e)
	}
	shown, err := w.desk.Show(t.Context(), v.Sequence)
	if err != nil || !strings.Contains(strings.Join(shown.Advice, "\n"), retry) {
		t.Errorf("advised %v, %v", shown.Advice, err)
	}
	if _, err := w.desk.Edit(t.Context(), v.Sequence); err == nil {
		t.Error("a chain's event can be edited")
	}
	w.target.SetFault(nil)
	if r := w.judged(v.Sequence); r.Verdict != letters.Ready {
		t.Fatalf("foreseen as %+v", r)
	}
	if a := w.answered(w.retry(w.desk, v.Sequence, false)); a.Outcome != "completed" {
		t.Errorf("%+v", a)
	}
	if last := w.last(events.LedgerSubject(tenant, "req-1")); last.Type != events.ActionCompleted || w.target.Effects()["req-1"] != 1 {
		t.Errorf("%s, %d effects", last.Type, w.target.Effects()["req-1"])
	}
	if e := w.stands(c.Run); e.State != "completed" {
		t.Errorf("explained as %+v", e)
	}
	if r := w.retry(w.desk, v.Sequence, false); r.Done || len(w.list()) != 0 {
		t.Errorf("retried again: %+v", r)
	}
}

// suspension is what a chain of world.request's holds.
func (w *world) suspension(c events.Chain) events.Suspension {
	w.Helper()
	e, err := events.Decode(w.request(c.Request, `{}`))
	if err != nil {
		w.Fatal(err)
	}
	now := time.Now().UTC()
	return events.Suspension{Tenant: c.Tenant, Connection: c.Connection, Run: c.Run, Request: c.Request, Workflow: "wf", Step: "s",
		Reason: string(fault.ConnectionMissing), SuspendedAt: now, TerminatesAt: now.Add(time.Hour), Original: e.Data,
		OriginalAt: events.Origin{Stream: events.StreamActions, Sequence: 1}}
}

// moves publishes an event of a chain as a worker does.
func (w *world) moves(c events.Chain, t events.Type, after uint64, cause events.Cause) uint64 {
	w.Helper()
	s := w.suspension(c)
	s.Previous, s.Cause = after, cause
	e, err := events.New(t, time.Now(), s)
	if err != nil {
		w.Fatal(err)
	}
	sequence, err := w.root.Journal().Append(w.Context(), c.Subject(), after, e)
	if err != nil {
		w.Fatal(err)
	}
	return sequence
}

// lost is a chain's move that workers have given up: its event, and its dead letter.
func (w *world) lost(c events.Chain, t events.Type) (sequence, letter uint64) {
	w.Helper()
	sequence = w.moves(c, t, w.moves(c, events.SuspensionSuspended, 0, ""), events.CauseOperator)
	err := testkit.Lose(w.Context(), w.nats.ClientURL(), events.StreamSuspensions, bus.DurableChains, 2, nats.UserInfo(testkit.Root, testkit.Root))
	if err != nil {
		w.Fatal(err)
	}
	raw, err := json.Marshal(w.last(c.Subject()).Event)
	if err != nil {
		w.Fatal(err)
	}
	return sequence, w.letter(t, raw, func(l *events.DeadLetterData) {
		l.Subject, l.Origin = c.Subject(), events.Origin{Stream: events.StreamSuspensions, Sequence: sequence}
	})
}

func TestC14_O5_ATerminatedRunThatWorkersGaveUpEndsWhenItsLetterIsRetried(t *testing.T) {
	w := newWorld(t)
	c, other := chainOf("req-1", "gone"), chainOf("req-1", "gone")
	other.Request = "req-2"
	_, letter := w.lost(c, events.SuspensionTerminated)
	w.moves(other, events.SuspensionSuspended, 0, "")
	w.worker()
	if a := w.answered(w.retry(w.desk, letter, false)); a.Outcome != "terminated" {
		t.Errorf("%+v", a)
	}
	for _, request := range []string{"req-1", "req-2"} {
		w.ended(request)
		if last := w.last(events.LedgerSubject(tenant, request)); last.Type != events.ActionTerminated {
			t.Errorf("%s: %s", request, last.Type)
		}
	}
}

// What was given up is run by nobody but who asks for it, and by them only where nothing came of it.
func TestO5_WhatCameOfAGivenUpEventIsNotDoneAgain(t *testing.T) {
	w := newWorld(t)
	moved, ended, waits := chainOf("req-1", "gone"), chainOf("req-2", "crm"), chainOf("req-3", "gone") // what waits for crm is resumed once that is there
	sequence, overtaken := w.lost(moved, events.SuspensionResumed)
	w.moves(moved, events.SuspensionSuspended, sequence, "")
	_, over := w.lostAndEnded(ended)
	for letter, want := range map[uint64]letters.Verdict{overtaken: letters.Overtaken, over: letters.HasOutcome} {
		if r := w.judged(letter); r.Verdict != want || r.Hint == "" {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	if r := w.retry(w.desk, overtaken, false); r.Done {
		t.Errorf("retried: %+v", r)
	}
	sequence = w.moves(waits, events.SuspensionSuspended, 0, "")
	w.worker()
	partly := w.publish(events.SuspensionResumeRequested, events.SuspensionCommand{Request: "req-3", Actor: "ann", GivenUp: sequence})
	if v := w.letterOf(events.StreamActions, partly); v.Reason != string(fault.SchemaViolation) {
		t.Errorf("%+v", v)
	}
	if a := w.answered(w.retry(w.desk, over, false)); a.Outcome != "duplicate" {
		t.Errorf("%+v", a)
	}
	if all := w.target.Effects(); len(all) != 0 {
		t.Errorf("effects: %v", all)
	}
}

// lostAndEnded is lost, of a resumed request that has its end.
func (w *world) lostAndEnded(c events.Chain) (sequence, letter uint64) {
	w.Helper()
	e, err := events.New(events.ActionFailed, time.Now(), events.Outcome{Tenant: c.Tenant, Connection: c.Connection, Run: c.Run, Request: c.Request})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.root.Journal().Append(w.Context(), events.LedgerSubject(tenant, c.Request), 0, e); err != nil {
		w.Fatal(err)
	}
	return w.lost(c, events.SuspensionResumed)
}

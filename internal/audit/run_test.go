package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/audit"
)

func (s *story) run(change ...func(*audit.Options)) audit.Report {
	s.Helper()
	o := s.options
	for _, c := range change {
		c(&o)
	}
	r, err := audit.Run(s.Context(), s.source, o)
	s.must(err)
	return r
}

func wantChecks(t *testing.T, r audit.Report, want ...audit.Check) {
	t.Helper()
	var got []audit.Check
	for _, v := range r.Violations {
		got = append(got, v.Check)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || r.Total != len(want) {
		t.Errorf("violations %v, want %v", r.Err(), want)
	}
}

// A tenant or a period of which nothing is kept proves nothing; a quiet one in which somebody waits does.
func TestO5_AnAuditThatLookedAtNothingSaysSo(t *testing.T) {
	s := newStage(t).story("acme")
	s.request()
	s.mark(events.ActionCompleted)
	after := s.stored(events.StreamOutcomes)
	for name, change := range map[string]func(*audit.Options){
		"another tenant": func(o *audit.Options) { o.Tenant = "acmee" },
		"in the future":  func(o *audit.Options) { o.From = time.Now().Add(time.Hour) },
		"before all":     func(o *audit.Options) { o.To = time.Now().Add(-time.Hour) },
		"a quiet period": func(o *audit.Options) { o.From = after },
	} {
		r := s.run(change)
		nothing, ok := errors.AsType[*audit.Nothing](r.Err())
		if r.OK || !r.Empty || !ok || nothing.Hint() == "" {
			t.Errorf("%s: %v", name, r.Err())
		}
	}
	wantChecks(t, s.run())

	s.Request = "waits"
	s.request()
	s.suspended()
	after = s.stored(events.StreamTimers)
	if r := s.run(func(o *audit.Options) { o.From = after }); r.Err() != nil || r.Chains.Waiting != 1 {
		t.Errorf("somebody waits: %v, %+v", r.Err(), r.Chains)
	}
	if r := s.run(func(o *audit.Options) { o.From = time.Now().Add(time.Hour) }); !r.Empty {
		t.Errorf("somebody waits, not in the future: %v", r.Err())
	}
}

// What is young is held against nobody, and counted.
func TestO5_WhatWasBegunAMomentAgoIsNotLost(t *testing.T) {
	s := newStage(t).story("acme")
	s.request()
	s.link(events.SuspensionSuspended)
	s.link(events.SuspensionResumed, rotated)
	s.Request, s.chain = "two", 0
	s.request()
	s.Request = "three"
	s.request()
	s.link(events.SuspensionSuspended)
	s.answer()
	r := s.run(func(o *audit.Options) { o.Settle = 0 }) // the default
	wantChecks(t, r)
	if q := r.Requests; q.Young != 2 || q.Suspended != 1 || q.Pending != 0 || q.Open() != 3 || r.Chains.Waiting != 1 {
		t.Errorf("%+v, %+v", q, r.Chains)
	}
	wantChecks(t, s.run(), audit.Lost, audit.ResumedNotRun, audit.NoAlarm)
}

// What workers have not answered is not lost: what none has seen, and as many as they say that they hold.
func TestO4_WhatIsStillBeforeTheWorkersIsNotLost(t *testing.T) {
	s := newStage(t).story("acme")
	var asked []uint64
	for i := range 4 {
		s.Request = fmt.Sprintf("req-%d", i)
		asked = append(asked, s.request())
	}
	if r := s.run(); !r.OK || r.Requests.Pending != 4 {
		t.Fatalf("nobody has seen them: %v, %+v", r.Err(), r.Requests)
	}
	c, err := s.js.Consumer(t.Context(), events.StreamActions, "actions")
	s.must(err)
	got, err := c.Fetch(3)
	s.must(err)
	if r := s.run(); !r.OK || r.Requests.Pending != 4 {
		t.Fatalf("three are with a worker: %v, %+v", r.Err(), r.Requests)
	}
	var held []jetstream.Msg
	for m := range got.Messages() {
		held = append(held, m)
	}
	s.must(held[1].DoubleAck(t.Context()))
	r := s.run()
	wantChecks(t, r, audit.Lost) // one of three was answered, and has no end
	if v := r.Violations[0]; v.Sequence != asked[0] || !strings.Contains(v.Seen, "1 are lost") || v.Tenant != "acme" {
		t.Errorf("%s", v)
	}
	s.must(held[0].DoubleAck(t.Context()))
	s.must(held[2].DoubleAck(t.Context()))
	s.answer()
	wantChecks(t, s.run(), audit.Lost, audit.Lost, audit.Lost, audit.Lost)
}

// A run that was resumed or terminated while workers wait for Vault is not forgotten either.
func TestO4_AChainThatIsStillBeforeTheWorkersIsNotForgotten(t *testing.T) {
	s := newStage(t).story("acme")
	s.request()
	s.link(events.SuspensionSuspended)
	s.link(events.SuspensionResumed, rotated)
	s.Request, s.chain = "two", 0
	s.request()
	s.link(events.SuspensionSuspended)
	s.link(events.SuspensionTerminated, s.command(events.SuspensionTerminateRequested))
	if r := s.run(); !r.OK || r.Requests.Pending != 2 {
		t.Fatalf("%v, %+v", r.Err(), r.Requests)
	}
	s.answer()
	wantChecks(t, s.run(), audit.ResumedNotRun, audit.TerminatedLives)
}

// An inbound secret that no worker has taken up yet is nobody's fault here.
func TestC2_ASecretThatIsStillToBeErased(t *testing.T) {
	s := newStage(t).story("acme")
	s.event(events.SubjectOf(s.Tenant, events.ConnectionCreated), events.ConnectionCreated,
		map[string]any{"connection_id": "crm", "password": "hunter2"})
	wantChecks(t, s.run())
	s.answer()
	wantChecks(t, s.run(func(o *audit.Options) { o.Settle = time.Hour }))
	r := s.run()
	wantChecks(t, r, audit.Secret)
	if v := r.Violations[0]; v.Field != "/data/password" || v.Connection != "crm" {
		t.Errorf("%+v", v)
	}
}

// A period is about what was stored in it; what came of it later counts, and what came before it is not missed.
func TestO5_TheAuditOfAPeriod(t *testing.T) {
	s := newStage(t).story("acme")
	s.request(atMostOnce)
	s.mark(events.ActionStarted)
	old := s.asked
	s.Request = "lost-before"
	s.request()
	s.Request = "resumed"
	s.request()
	s.link(events.SuspensionSuspended)
	command := s.command(events.SuspensionResumeRequested)
	from := s.stored(events.StreamActions)

	s.link(events.SuspensionResumed, command)
	s.mark(events.ActionCompleted, s.byChain)
	s.Request, s.asked = "req", old
	s.mark(events.ActionReleased) // it was started before the period
	s.mark(events.ActionFailed)
	s.Request, s.chain = "lost-within", 0
	within := s.request()
	s.Request = "late"
	s.request()
	to := s.stored(events.StreamActions)
	s.mark(events.ActionCompleted) // it came of the period's last request
	s.Request = "lost-after"
	s.request()
	s.answer()

	r := s.run(func(o *audit.Options) { o.From, o.To = from, to })
	wantChecks(t, r, audit.Lost)
	if v := r.Violations[0]; v.Sequence != within || v.Request != "lost-within" {
		t.Errorf("%s", v)
	}
	if q := r.Requests; q.Messages != 2 || q.Distinct != 2 || r.Of(audit.MovedWithoutCause).Unproven != 0 {
		t.Errorf("%+v, %+v", q, r.Of(audit.MovedWithoutCause))
	}
	wantChecks(t, s.run(), audit.Lost, audit.Lost, audit.Lost)
}

// moving is a bus on which something happens after everything was looked at, and before it is read.
type moving struct {
	audit.Source

	move func()
}

func (m moving) Extent(ctx context.Context, stream string) (audit.Extent, error) {
	e, err := m.Source.Extent(ctx, stream)
	if stream == events.StreamNotices { // the last
		m.move()
	}
	return e, err
}

// What happens while the audit reads changes nothing of what it finds.
func TestO5_TheAuditIsOfOneMoment(t *testing.T) {
	s := newStage(t).story("acme")
	s.request()
	n := s.suspended()
	s.Request = "erased"
	erased := s.request()
	s.mark(events.ActionCompleted)
	s.answer()
	s.source = moving{s.source, func() {
		s.Request = "req"
		s.link(events.SuspensionResumed, rotated)
		s.off(n)
		s.Request, s.chain = "later", 0
		s.request()
		s.mark(events.ActionCompleted)
		s.mark(events.ActionCompleted)
		one, err := s.js.Stream(t.Context(), events.StreamActions)
		s.must(err)
		s.must(one.SecureDeleteMsg(t.Context(), erased))
	}}
	r := s.run()
	wantChecks(t, r)
	if r.Chains.Waiting != 1 || r.Requests.Suspended != 1 {
		t.Errorf("%+v, %+v", r.Requests, r.Chains)
	}
}

// An alarm that has rung, and that no worker has heard yet, is one.
func TestC13_AnAlarmThatIsStillBeforeTheWorkersWakes(t *testing.T) {
	s := newStage(t).story("acme")
	s.request()
	n := s.suspended()
	s.answer()
	s.put(s.timer(n), nil, map[string][]string{"Nats-Marker-Reason": {"MaxAge"}})
	wantChecks(t, s.run())
	s.answer()
	wantChecks(t, s.run(), audit.NoAlarm)
}

// Counts, streams and progress are those of what was read.
func TestO5_AReportSaysWhatWasRead(t *testing.T) {
	s := newStage(t).story("acme")
	other := s.story("umbrella")
	other.request()
	for i := range 300 {
		s.Request = fmt.Sprintf("req-%d", i)
		s.request()
		s.mark(events.ActionCompleted)
	}
	s.answer()
	var last audit.Progress
	r := s.run(func(o *audit.Options) {
		o.Progress = func(p audit.Progress) {
			if p.Done < last.Done && p.Stream != "" || p.Done > p.Total {
				t.Errorf("%+v after %+v", p, last)
			}
			last = p
		}
	})
	if r.Requests.Ended["completed"] != 300 || r.Requests.Distinct != 300 || r.Tenant != "acme" || r.Now.IsZero() {
		t.Errorf("%+v", r)
	}
	i := slices.IndexFunc(r.Streams, func(x audit.Read) bool { return x.Stream == events.StreamOutcomes })
	if i < 0 || r.Streams[i] != (audit.Read{Stream: events.StreamOutcomes, Messages: 300, First: 1, Last: 300}) {
		t.Errorf("%+v", r.Streams)
	}
	if last.Done != last.Total || last.Stream != "" {
		t.Errorf("in the end %+v", last)
	}
	if c := r.Of(audit.Lost); c.Looked != 300 {
		t.Errorf("%+v", c)
	}
	if c := r.Of("no such check"); c.Looked != 0 {
		t.Errorf("%+v", c)
	}
}

func TestO5_ATargetsLog(t *testing.T) {
	for text, want := range map[string]string{
		"": "",
		"\n{\"idempotency_key\":\"a\",\"effect\":true,\"more\":1}\n{\"effect\":true}\n":          "a1",
		"{\"idempotency_key\":\"a\",\"effect\":false,\"status\":200}":                            "",
		"{\"idempotency_key\":\"a\",\"status\":500}\n{\"idempotency_key\":\"b\",\"status\":204}": "b1",
		"{\"idempotency_key\":\"a\"}":            "line 1",
		"{\"status\":200}\nsecret":               "line 2",
		"{\"idempotency_key\":5,\"status\":200}": "line 1",
	} {
		got := ""
		for e, err := range audit.TargetLog(strings.NewReader(text)) {
			if bad, ok := errors.AsType[*audit.TargetLogError](err); ok {
				got = fmt.Sprintf("line %d", bad.Line)
				if strings.Contains(err.Error(), "secret") {
					t.Errorf("%v", err)
				}
				continue
			}
			got += fmt.Sprint(e.Key, max(1, e.Times))
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	s := newStage(t).story("acme")
	_, err := audit.Run(t.Context(), s.source, audit.Options{Effects: audit.TargetLog(strings.NewReader("x"))})
	if bad, ok := errors.AsType[*audit.TargetLogError](err); !ok || bad.Line != 1 {
		t.Errorf("%v", err)
	}
}

// With little memory the same is found, by way of files that do not stay.
func TestO5_TheAuditNeedsLittleMemory(t *testing.T) {
	const requests = 50_000
	s := newStage(t)
	s.fill("acme", requests)
	dir := t.TempDir()
	r, err := audit.Run(t.Context(), s.source, audit.Options{Tenant: "acme", Settle: -1, Memory: 1 << 20, TempDir: dir, List: 3})
	s.must(err)
	if r.Of(audit.Lost).Violations != requests/1000 || r.Of(audit.EndedTwice).Violations != requests/1000 || r.Total != requests/500 {
		t.Errorf("%+v", r.Checks)
	}
	if r.Requests.Distinct != requests || r.SpilledBytes == 0 || len(r.Violations) != 6 {
		t.Errorf("%+v, %d bytes, %d listed", r.Requests, r.SpilledBytes, len(r.Violations))
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	t.Logf("%d messages in %d ms, %d bytes of files", 2*requests, r.TookMS, r.SpilledBytes)
	if _, err := audit.Run(t.Context(), s.source, audit.Options{Memory: 1, TempDir: dir + "/none"}); err == nil {
		t.Error("there is no room for files, and nobody says so")
	}
}

package audit_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/audit"
)

// stored is the moment after the last message of a stream was stored.
func (s *story) stored(stream string) time.Time {
	s.Helper()
	e, err := s.source.Extent(s.Context(), stream)
	s.must(err)
	m, ok, err := s.source.Message(s.Context(), stream, e.Last)
	s.must(err)
	if !ok {
		s.Fatal("there is no last message")
	}
	return m.Stored.Add(1)
}

// What the streams have forgotten is not held against anybody: it is counted as unproven.
func TestO5_WhatIsForgottenIsUnproven(t *testing.T) {
	s := newStage(t).story("acme")
	s.request()
	s.link(events.SuspensionSuspended)
	s.link(events.SuspensionResumed, s.command(events.SuspensionResumeRequested))
	s.mark(events.ActionCompleted, s.byChain)
	s.Request, s.chain = "two", 0
	s.request()
	s.mark(events.ActionSuspended)
	s.link(events.SuspensionSuspended)
	s.mark(events.ActionCompleted)
	s.link(events.SuspensionResumed, by(events.CauseReconciled))
	s.suspended()
	s.Request, s.chain = "three", 0
	s.request()
	s.notice(events.ConnectionBroken)
	s.link(events.SuspensionSuspended)
	s.notice(events.ConnectionRestored)
	s.link(events.SuspensionResumed, by(events.CauseRestored))
	s.mark(events.ActionCompleted, s.byChain)
	s.notice(events.ConnectionBroken)
	s.answer()
	wantChecks(t, s.run())
	for stream, left := range map[string]uint64{events.StreamActions: 1, events.StreamOutcomes: 1, events.StreamNotices: 1} {
		one, err := s.js.Stream(t.Context(), stream)
		s.must(err)
		s.must(one.Purge(t.Context(), jetstream.WithPurgeKeep(left)))
	}
	r := s.run()
	wantChecks(t, r)
	if n := r.Of(audit.MovedWithoutCause).Unproven; n != 3 { // the command, the end, the notice
		t.Errorf("%d unproven", n)
	}
	one, err := s.js.Stream(t.Context(), events.StreamSuspensions)
	s.must(err)
	s.must(one.Purge(t.Context(), jetstream.WithPurgeKeep(1))) // of "three", resumed is left
	r = s.run()
	if r.Of(audit.BrokenLink).Violations+r.Of(audit.BadMove).Violations > 0 || r.Of(audit.AlarmLeft).Unproven != 1 {
		t.Errorf("%v, %+v", r.Err(), r.Of(audit.AlarmLeft))
	}
}

// A message that was erased after it was handled leaves its ledger without one; that is no violation.
func TestO5_AnErasedMessageIsUnproven(t *testing.T) {
	s := newStage(t).story("acme")
	s.letter(s.request(func(r *events.Request) { r.ID = "other" }))
	n := s.request()
	s.mark(events.ActionCompleted)
	one, err := s.js.Stream(t.Context(), events.StreamActions)
	s.must(err)
	s.must(one.SecureDeleteMsg(t.Context(), n))
	s.answer()
	r := s.run()
	if r.Of(audit.NotAsked).Violations > 0 || r.Of(audit.NotAsked).Unproven != 1 {
		t.Errorf("%v", r.Err())
	}
}

// Where ledgers or dead letters are forgotten, what has none is not lost for sure.
func TestO5_WhatHasNoEndIsNotLostWhereEndsAreForgotten(t *testing.T) {
	s := newStage(t).story("acme")
	s.request()
	s.put(events.SubjectOf(s.Tenant, events.SuspensionExtendRequested), []byte("[]"), nil)
	s.Request = "two"
	s.letter(s.request())
	s.Request = "three"
	s.letter(s.request())
	s.answer()
	wantChecks(t, s.run(), audit.Lost, audit.Lost)
	one, err := s.js.Stream(t.Context(), events.StreamDeadLetters)
	s.must(err)
	s.must(one.Purge(t.Context(), jetstream.WithPurgeKeep(1)))
	r := s.run()
	wantChecks(t, r)
	if n := r.Of(audit.Lost).Unproven; n != 3 { // the one whose dead letter was forgotten, too
		t.Errorf("%d unproven", n)
	}
}

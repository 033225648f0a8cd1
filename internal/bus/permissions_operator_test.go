package bus_test

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// An operator changes connections and reads the answers, and can answer nothing itself.
func TestC10_OperatorsAskForChangesAndReadTheAnswers(t *testing.T) {
	n := startWithRoles(t, nil)
	testkit.SetUpBus(t, testkit.ConnectBus(t, n.ClientURL(), as("admin", "_INBOX_admin")))
	b := testkit.ConnectBus(t, n.ClientURL(), as("operator", "_INBOX_operator"))
	for _, kind := range []events.Type{events.ConnectionCreated, events.ConnectionUpdated, events.ConnectionDeleted,
		events.ConnectionUndeleted, events.ConnectionSecretRotated, events.ConnectionTestRequested} {
		if _, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", kind), string(kind), []byte("{}")); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, err := range b.RecordsSince(t.Context(), events.StreamNotices, events.NoticesFilter("acme"), time.Now().Add(-time.Hour)) {
		must(t, err)
	}
	if _, err := b.PublishEvent(t.Context(), events.NoticeSubject("acme", events.ConnectionApplied), "n", []byte("{}")); err == nil {
		t.Error("may say what workers say")
	}
}

package ops_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/catalog"
	"holdfast/internal/connection"
	"holdfast/internal/ops"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

func newManager(t *testing.T) (*ops.Manager, func(*connection.Entry)) {
	t.Helper()
	_, b := testkit.StartBus(t)
	types, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	m, err := ops.NewSession(b).Manager(t.Context(), types, ops.Secrets{}, 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return m, func(e *connection.Entry) {
		t.Helper()
		if _, err := b.Registry().Put(t.Context(), e, 0); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, 10*time.Second, "the manager to see "+e.ID, func() bool {
			for seen := range m.Connections.All() {
				if seen.ID == e.ID {
					return true
				}
			}
			return false
		})
	}
}

func registered(id string, sequence uint64) *connection.Entry {
	return &connection.Entry{Sequence: sequence, Generation: sequence, Connection: events.Connection{
		Tenant: "acme", ID: id, Name: id, Type: "http", Kind: events.Shared, Owners: []string{"ann"},
		Availability: events.Availability{Level: "tenant"}, Auth: events.AuthSettings{Method: "none"},
		Settings: []byte(`{"base_url":"https://example.com"}`),
	}}
}

// Workers pass over an event without a word when a later one was applied before it.
func TestC10_AnEventThatWasOvertakenIsToldFromOneThatNobodyHandled(t *testing.T) {
	m, put := newManager(t)
	put(registered("late", 1<<40))
	put(registered("waiting", 1))
	for id, want := range map[string]struct {
		kind   ops.Kind
		answer string
	}{"late": {ops.Refused, ops.AnswerSuperseded}, "waiting": {ops.Waiting, ""}} {
		before, err := m.Current(t.Context(), "acme", id, events.ActorSystem)
		if err != nil {
			t.Fatal(err)
		}
		after := ops.Clone(before)
		after.Name = "another"
		v, err := m.Update(t.Context(), before, after, nil, false)
		var p *ops.Problem
		if !errors.As(err, &p) || p.Kind != want.kind || v.Answer != want.answer || v.Sequence == 0 {
			t.Errorf("%s: %+v, %v", id, v, err)
		}
	}
}

func TestC10_AnIDIsMadeOfTheName(t *testing.T) {
	m, put := newManager(t)
	taken := registered("crm", 1)
	taken.Kind, taken.Availability, taken.Name = events.Personal, events.Availability{}, "CRM"
	put(taken)
	for name, want := range map[string]string{
		"Billing (EU)": "billing-eu", "  Übung 7 ": "bung-7", "日本": "connection", "CRM": "crm-2",
		strings.Repeat("long name ", 10): "long-name-long-name-long-name-long-name",
	} {
		c := registered("", 0).Connection
		c.Name, c.Actor = name, events.ActorSystem
		c, there, err := m.Draft(t.Context(), c)
		if err != nil || there || c.ID != want {
			t.Errorf("%q: %q, %v, %v", name, c.ID, there, err)
		}
	}
}

func TestC10_ANameThatIsTakenIsToldBeforeASecretIsAskedFor(t *testing.T) {
	m, put := newManager(t)
	put(registered("crm", 1))
	gone := registered("gone", 2)
	gone.Name, gone.Deleted = "Free", true
	put(gone)
	for name, free := range map[string]bool{"crm": false, "CRM": false, "ｃｒｍ": false, "free": true} {
		c := registered("other", 0).Connection
		c.Name, c.Actor = name, events.ActorSystem
		_, _, err := m.Draft(t.Context(), c)
		var p *ops.Problem
		if free != (err == nil) || !free && (!errors.As(err, &p) || p.Kind != ops.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A secret that belongs to a change which can only be rejected is not written: no Vault is there to take it.
func TestC10_ASecretIsNotWrittenForAChangeThatIsTooLate(t *testing.T) {
	m, put := newManager(t)
	put(registered("crm", 7))
	gone := registered("gone", 8)
	gone.Deleted = true
	put(gone)
	stale := registered("crm", 7).Connection
	stale.Actor, stale.BasedOn, stale.Name = events.ActorSystem, 3, "another"
	lost := registered("gone", 8).Connection
	lost.Actor = events.ActorSystem
	taken := registered("other", 0).Connection
	taken.Actor, taken.Name = events.ActorSystem, "CRM"
	fields := ops.SecretFields{"password": secret.New("canary-password")}
	for name, c := range map[string]ops.Change{
		"revision_conflict":  {Connection: "crm", Type: events.ConnectionUpdated, Payload: stale, Secret: fields},
		"name_taken":         {Connection: "other", Type: events.ConnectionUpdated, Payload: taken, Secret: fields},
		"connection_deleted": {Connection: "gone", Type: events.ConnectionUpdated, Payload: lost, Secret: fields},
		"connection_missing": {Connection: "gone", Type: events.ConnectionSecretRotated, Secret: fields,
			Payload: events.ConnectionRef{ID: "gone", Actor: events.ActorSystem}},
	} {
		c.Tenant = "acme"
		v, err := m.Do(t.Context(), c)
		var p *ops.Problem
		if !errors.As(err, &p) || p.Kind != ops.Refused || v.SecretVersion != 0 || v.Sequence != 0 || !strings.Contains(p.Text, "nothing was done") {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

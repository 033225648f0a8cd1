package connection_test

import (
	"encoding/json"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func shared() events.Connection {
	return events.Connection{
		Tenant: "acme", ID: "crm", Name: "CRM", Type: "http", Kind: events.Shared,
		Availability: events.Availability{Level: "tenant"}, Owners: []string{"ann"}, Actor: "ann",
		Auth: events.AuthSettings{Method: "basic"}, Settings: json.RawMessage(`{"base_url":"https://crm.example"}`),
	}
}

func TestC9_APersonalConnectionHasOneOwner(t *testing.T) {
	c := shared()
	c.Kind, c.Owners = events.Personal, []string{"ann", "bob"}
	if f := connection.Check(c); reason(f) != fault.NotOwner {
		t.Errorf("two owners: %v", f)
	}
}

func reason(f *fault.Fault) fault.Reason {
	if f == nil {
		return ""
	}
	return f.Reason
}

func TestC4_GenerationMovesWithCredentialsAndSettingsOnly(t *testing.T) {
	first := connection.Put(nil, shared(), 10)
	renamed := shared()
	renamed.Name, renamed.Settings = "CRM 2", json.RawMessage(`{ "base_url": "https://crm.example" }`)
	if e := connection.Put(first, renamed, 11); e.Generation != 10 || e.Sequence != 11 {
		t.Errorf("a new name: generation %d, sequence %d", e.Generation, e.Sequence)
	}
	moved := shared()
	moved.Settings = json.RawMessage(`{"base_url":"https://crm2.example"}`)
	if e := connection.Put(first, moved, 12); e.Generation != 12 {
		t.Errorf("another base URL: generation %d, want 12", e.Generation)
	}
	if e := connection.Rotate(first, 13); e.Generation != 13 {
		t.Errorf("a rotated secret: generation %d, want 13", e.Generation)
	}
}

func TestC12_LateFailureOfOldCredentialsBreaksNothing(t *testing.T) {
	e := connection.Put(nil, shared(), 10)
	old := connection.Fence{Generation: 10, SecretVersion: 1}
	why := fault.New(fault.BadCredentials, "401")
	broken, ok := connection.Break(e, e, old, why, now)
	if !ok || !broken.KnownBroken(old) || broken.Works() {
		t.Fatalf("ok %t, entry %+v", ok, broken)
	}
	changed := connection.Rotate(e, 11)
	if _, ok = connection.Break(changed, e, old, why, now); ok {
		t.Error("a failure at generation 10 broke generation 11")
	}
	if e.Broken != nil {
		t.Error("the shared entry was changed in place")
	}
	repaired, _ := connection.Restore(broken, connection.Fence{Generation: 10, SecretVersion: 2})
	if _, ok = connection.Break(repaired, e, old, why, now); ok {
		t.Error("a failure of version 1 broke version 2, which was seen to work meanwhile")
	}
}

func TestC14_RestoreNeedsTheGenerationThatWasVerified(t *testing.T) {
	e := connection.Put(nil, shared(), 10)
	f := connection.Fence{Generation: 10, SecretVersion: 1}
	broken, _ := connection.Break(e, e, f, fault.New(fault.BadCredentials, "401"), now)
	if _, ok := connection.Restore(connection.Rotate(broken, 11), f); ok {
		t.Error("generation 11 was restored by a success of generation 10")
	}
	good, ok := connection.Restore(broken, connection.Fence{Generation: 10, SecretVersion: 2})
	if !ok || !good.Works() || good.Now().SecretVersion != 2 {
		t.Errorf("ok %t, entry %+v", ok, good)
	}
}

func TestC12_DeletedMissingAndExpiredCanNotBeTried(t *testing.T) {
	past := now.Add(-time.Second)
	expired := shared()
	expired.ExpiresAt = &past
	for want, e := range map[fault.Reason]*connection.Entry{
		fault.ConnectionDeleted: connection.Delete(connection.Put(nil, shared(), 1), events.ConnectionRef{ID: "crm"}, 2, now),
		fault.ConnectionMissing: connection.Missed("acme", "crm"),
		fault.ConnectionExpired: connection.Put(nil, expired, 1),
		"":                      connection.Put(nil, shared(), 1),
	} {
		if got := reason(e.Unusable(now)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

package app_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/testkit"
	"holdfast/schemas"
)

// tell publishes a connection event and gives its sequence: the revision that it makes.
func (w *world) tell(t events.Type, payload any) uint64 {
	w.Helper()
	return w.tellIn(tenant, t, payload)
}

// tellIn is tell in any tenant.
func (w *world) tellIn(tenant string, t events.Type, payload any) uint64 {
	w.Helper()
	e, err := events.New(t, w.bus.Clock().Now(), payload)
	if err != nil {
		w.Fatal(err)
	}
	raw, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	return w.send(events.SubjectOf(tenant, t), raw)
}

// said waits for the notice of a type about the event at a sequence.
func (w *world) said(t events.Type, sequence uint64) events.ConnectionNotice {
	w.Helper()
	var found events.ConnectionNotice
	testkit.Eventually(w, patient, string(t), func() bool {
		for _, r := range w.notices(t) {
			if n := w.notice(r); n.Origin != nil && n.Origin.Sequence == sequence {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

// about gives the notices of a type about a connection, in order.
func (w *world) about(t events.Type, id string) (all []events.ConnectionNotice) {
	w.Helper()
	for _, r := range w.notices(t) {
		if n := w.notice(r); n.ID == id {
			all = append(all, n)
		}
	}
	return all
}

// notice reads a notice, and holds it to its schema.
func (w *world) notice(r events.Record) events.ConnectionNotice {
	w.Helper()
	raw, err := r.Encode()
	if err != nil {
		w.Fatal(err)
	}
	var doc any
	if err = json.Unmarshal(raw, &doc); err != nil {
		w.Fatal(err)
	}
	if err = schemas.Validate(r.Type, doc); err != nil {
		w.Fatalf("%s: %v", raw, err)
	}
	n, err := events.Payload[events.ConnectionNotice](r.Event)
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// entry is a connection as the registry has it.
func (w *world) entry(id string) *connection.Entry {
	w.Helper()
	e, _, err := w.registry.Fresh(w.Context(), tenant, id)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// becomes waits until a connection is in a state.
func (w *world) becomes(id string, want events.ConnectionState) {
	w.Helper()
	testkit.Eventually(w, patient, id+" to be "+string(want), func() bool {
		e := w.entry(id)
		return e != nil && e.State() == want
	})
}

func ref(id string) events.ConnectionRef {
	return events.ConnectionRef{ID: id, Actor: events.ActorSystem}
}

func TestC10_AChangeThatIsBasedOnAnOldRevisionIsRefused(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.password("crm", "demo-password")
	first := w.tell(events.ConnectionCreated, w.basic("crm"))
	if n := w.said(events.ConnectionApplied, first); n.Revision != first || n.State != events.StateActive || n.Actor != events.ActorSystem || n.Previous != "" || n.Overwrote != 0 {
		t.Errorf("created: %+v", n)
	}
	second := w.tell(events.ConnectionUpdated, w.basic("crm", func(c *events.Connection) { c.BasedOn, c.Account = first, "svc" }))
	if n := w.said(events.ConnectionApplied, second); !slices.Equal(n.Changed, []string{"account"}) || n.Overwrote != 0 || n.Previous != events.StateActive {
		t.Errorf("updated: %+v", n)
	}
	late := w.tell(events.ConnectionUpdated, w.basic("crm", func(c *events.Connection) { c.BasedOn, c.Account = first, "other" }))
	n := w.said(events.ConnectionRejected, late)
	if n.Reason != "revision_conflict" || n.Field != "/data/based_on" ||
		!strings.Contains(n.Detail, "revision 1,") || !strings.Contains(n.Detail, "revision 2") {
		t.Errorf("rejected: %+v", n)
	}
	gone := w.tell(events.ConnectionDeleted, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem, BasedOn: first})
	w.said(events.ConnectionRejected, gone)
	if e := w.entry("crm"); e.Account != "svc" || e.Sequence != second || e.Deleted {
		t.Errorf("a refused change changed %+v", e)
	}
}

func TestC10_WithoutARevisionTheLastWriterWinsAndIsToldWhatWasOverwritten(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.password("crm", "demo-password")
	first := w.tell(events.ConnectionCreated, w.basic("crm"))
	second := w.tell(events.ConnectionUpdated, w.basic("crm", func(c *events.Connection) { c.Account, c.Owners = "svc", []string{"ann", "bob"} }))
	if n := w.said(events.ConnectionApplied, second); n.Overwrote != first || !slices.Equal(n.Changed, []string{"account", "owners"}) {
		t.Errorf("%+v", n)
	}
}

func TestC10_EveryAppliedEventIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.password("crm", "demo-password")
	seqs := []uint64{w.tell(events.ConnectionCreated, w.basic("crm")), w.tell(events.ConnectionSecretRotated, ref("crm")),
		w.tell(events.ConnectionDeleted, ref("crm")), w.tell(events.ConnectionCreated, w.basic("crm"))}
	want := []events.ConnectionState{events.StateActive, events.StateActive, events.StateDeleted, events.StateBroken}
	for i, seq := range seqs {
		if n := w.said(events.ConnectionApplied, seq); n.State != want[i] || n.Revision != seq {
			t.Errorf("%d: %+v, want %s", i, n, want[i])
		}
	}
	w.becomes("crm", events.StateActive) // what was created anew is verified before it counts
	if n := len(w.about(events.ConnectionApplied, "crm")); n != len(seqs) {
		t.Errorf("%d notices of %d events", n, len(seqs))
	}
}

func TestC10_PendingUntilThereIsASecret(t *testing.T) {
	for name, tested := range map[string]bool{"with a test": true, "without a test": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.worker()
			c := w.basic("crm")
			if !tested {
				c.Settings = []byte(`{"base_url":"` + w.base + `/basic"}`)
			}
			seq := w.tell(events.ConnectionCreated, c)
			if n := w.said(events.ConnectionApplied, seq); n.State != events.StatePending || n.Reason != "secret_missing" || n.SecretVersion != 0 {
				t.Errorf("%+v", n)
			}
			w.password("crm", "demo-password")
			w.becomes("crm", events.StateActive)
			testkit.Eventually(t, patient, "connection.restored", func() bool {
				n := w.about(events.ConnectionRestored, "crm")
				return len(n) == 1 && n[0].Previous == events.StatePending && n[0].State == events.StateActive && n[0].Revision == seq
			})
			if n := w.about(events.ConnectionBroken, "crm"); len(n) != 0 {
				t.Errorf("told to be broken: %+v", n)
			}
			w.ends(w.request("crm"), events.ActionCompleted)
		})
	}
}

func TestC10_PendingUntilSomebodyHasSignedIn(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.vault.Put(t, secretPath("crm"), map[string]any{"client_id": "crm", "client_secret": "canary"})
	c := w.basic("crm")
	c.Auth = events.AuthSettings{Method: "oauth2_refresh_token", TokenURL: w.base + "/status/401", ClientID: "crm"}
	seq := w.tell(events.ConnectionCreated, c)
	if n := w.said(events.ConnectionApplied, seq); n.State != events.StatePending || n.Reason != "secret_missing" || n.SecretVersion != 1 {
		t.Errorf("%+v", n)
	}
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	w.vault.Put(t, secretPath("crm"), map[string]any{"client_id": "crm", "client_secret": "canary", "refresh_token": "token"})
	testkit.Eventually(t, patient, "the token to be tried", func() bool {
		e, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
		return err == nil && e.State() != events.StatePending
	})
}

func TestC10_AChangeDoesNotWaitForVault(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.vault.Seal(t)
	seq := w.tell(events.ConnectionCreated, w.basic("crm"))
	if n := w.said(events.ConnectionApplied, seq); n.State != events.StateActive {
		t.Errorf("%+v", n)
	}
	w.vault.Unseal(t)
}

func TestC10_NothingIsSentWhileAConnectionIsDisabled(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	off := w.tell(events.ConnectionUpdated, w.basic("crm", func(c *events.Connection) { c.Disabled = true }))
	if n := w.said(events.ConnectionApplied, off); n.State != events.StateDisabled || n.Previous != events.StateActive || !slices.Equal(n.Changed, []string{"disabled"}) {
		t.Errorf("%+v", n)
	}
	calls := w.target.Calls()["basic"]
	id := w.request("crm")
	if s := w.suspended("crm", runOf(id), id); s.Reason != "connection_disabled" {
		t.Errorf("suspended for %q", s.Reason)
	}
	n := w.said(events.ConnectionTested, w.tell(events.ConnectionTestRequested, ref("crm")))
	if n.Reason != "connection_disabled" || n.State != events.StateDisabled {
		t.Errorf("tested: %+v", n)
	}
	w.publish(events.ConnectionCreated, w.basic("other")) // has no secret, and is polled
	metadata := func(id string) int { return w.proxy.Count("/v1/secret/metadata/" + secretPath(id)) }
	before := metadata("crm")
	testkit.Eventually(t, patient, "some polls", func() bool { return metadata("other") > 4 })
	if n := metadata("crm") - before; n != 0 {
		t.Errorf("polled %d times", n)
	}
	if after := w.target.Calls()["basic"]; !maps.Equal(calls, after) {
		t.Errorf("the target saw %v, before %v", after, calls)
	}
	w.tell(events.ConnectionUpdated, w.basic("crm"))
	w.ends(id, events.ActionCompleted)
	w.becomes("crm", events.StateActive)
	if n := w.about(events.ConnectionBroken, "crm"); len(n) != 0 {
		t.Errorf("told to be broken: %+v", n)
	}
}

func TestC10_C14_ADeletedConnectionComesBackAndWhatWasSuspendedForItGoesOn(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	deleted := w.tell(events.ConnectionDeleted, ref("crm"))
	w.said(events.ConnectionApplied, deleted)
	id := w.request("crm")
	if s := w.suspended("crm", runOf(id), id); s.Reason != "connection_deleted" {
		t.Errorf("suspended for %q", s.Reason)
	}
	back := w.tell(events.ConnectionUndeleted, ref("crm"))
	if n := w.said(events.ConnectionApplied, back); n.Previous != events.StateDeleted || n.Generation != back {
		t.Errorf("%+v", n)
	}
	w.ends(id, events.ActionCompleted)
	w.becomes("crm", events.StateActive)
	again := w.tell(events.ConnectionUndeleted, ref("crm"))
	if n := w.said(events.ConnectionRejected, again); n.Reason != "revision_conflict" {
		t.Errorf("undeleted twice: %+v", n)
	}
	never := w.tell(events.ConnectionUndeleted, ref("nobody"))
	if n := w.said(events.ConnectionRejected, never); n.Reason != "connection_missing" {
		t.Errorf("never there: %+v", n)
	}
}

func TestC10_AConnectionThatComesBackWithoutItsSecretSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		gone   func(*world)
		state  events.ConnectionState
		reason string
	}{
		"deleted":   {func(w *world) { w.vault.Delete(w, secretPath("crm")) }, events.StateBroken, "secret_deleted"},
		"destroyed": {func(w *world) { w.vault.Destroy(w, secretPath("crm"), 1) }, events.StateBroken, "secret_destroyed"},
		"all of it": {func(w *world) { w.vault.Do(w, "DELETE", "secret/metadata/"+secretPath("crm"), nil, nil) },
			events.StatePending, "secret_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.worker()
			w.connect("crm")
			w.said(events.ConnectionApplied, w.tell(events.ConnectionDeleted, ref("crm")))
			c.gone(w)
			n := w.said(events.ConnectionApplied, w.tell(events.ConnectionUndeleted, ref("crm")))
			if n.State != c.state || n.Reason != c.reason {
				t.Errorf("%+v", n)
			}
		})
	}
}

func TestC10_ADeletedConnectionComesBackForAWhileOnly(t *testing.T) {
	w := newWorld(t)
	w.cfg.Connections.RestoreFor = time.Millisecond
	w.worker()
	w.connect("crm")
	w.said(events.ConnectionApplied, w.tell(events.ConnectionDeleted, ref("crm")))
	n := w.said(events.ConnectionRejected, w.tell(events.ConnectionUndeleted, ref("crm")))
	if n.Reason != "connection_deleted" || !w.entry("crm").Deleted {
		t.Errorf("%+v", n)
	}
}

package app_test

import (
	"cmp"
	"net/http"
	"strconv"
	"testing"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

// rollback does what `vault kv rollback` does: the old version's fields become a new version.
func (w *world) rollback(id string, version int) {
	w.Helper()
	var old struct {
		Data struct {
			Data map[string]any `json:"data"`
		} `json:"data"`
	}
	w.vault.Do(w, http.MethodGet, "secret/data/"+secretPath(id)+"?version="+strconv.Itoa(version), nil, &old)
	w.vault.Put(w, secretPath(id), old.Data.Data)
}

// An administrator repairs a connection by the usual means of Vault; no event says so.
func TestO3_C14_AdministratorsRotateByTheirUsualMeans(t *testing.T) {
	for name, c := range map[string]struct {
		breaks  func(*world) // what happens to a connection that works
		reason  string
		state   events.ConnectionState // broken where it is empty
		repairs func(*world)
	}{
		"a new version": {
			breaks:  func(w *world) { w.target.SetPassword("demo", "second") },
			reason:  "bad_credentials",
			repairs: func(w *world) { w.password("crm", "second") },
		},
		"a wrong version, rolled back": {
			breaks:  func(w *world) { w.password("crm", "wrong") },
			reason:  "bad_credentials",
			repairs: func(w *world) { w.rollback("crm", 1) },
		},
		"deleted and undeleted": {
			breaks: func(w *world) { w.vault.Delete(w, secretPath("crm")) },
			reason: "secret_deleted",
			repairs: func(w *world) {
				w.vault.Set(w, "secret/undelete/"+secretPath("crm"), map[string]any{"versions": []int{1}})
			},
		},
		"destroyed and written anew": {
			breaks:  func(w *world) { w.vault.Destroy(w, secretPath("crm"), 1) },
			reason:  "secret_destroyed",
			repairs: func(w *world) { w.password("crm", "demo-password") },
		},
		"all of it deleted and written anew": {
			breaks:  func(w *world) { w.vault.Do(w, "DELETE", "secret/metadata/"+secretPath("crm"), nil, nil) },
			reason:  "secret_missing",
			state:   events.StatePending,
			repairs: func(w *world) { w.password("crm", "demo-password") },
		},
		"a field forgotten and added": {
			breaks:  func(w *world) { w.vault.Put(w, secretPath("crm"), map[string]any{"username": "demo"}) },
			reason:  "secret_malformed",
			repairs: func(w *world) { w.password("crm", "demo-password") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.cfg.Vault.CacheTTL = 0 // what was deleted is noticed at once
			w.worker()
			w.connect("crm")
			w.ends(w.request("crm"), events.ActionCompleted)
			c.breaks(w)
			id := w.request("crm")
			if s := w.suspended("crm", runOf(id), id); s.Reason != c.reason {
				t.Errorf("suspended for %q, want %q", s.Reason, c.reason)
			}
			w.becomes("crm", cmp.Or(c.state, events.StateBroken))
			c.repairs(w)
			w.ends(id, events.ActionCompleted)
			w.becomes("crm", events.StateActive)
		})
	}
}

// The account's password changes: its new one goes to the same place, and nothing else is touched.
func TestW6_C4_ANewPasswordIsAuthorizedInPlace(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	before := w.entry("crm")
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	w.password("crm", "second")
	rotated := w.tell(events.ConnectionSecretRotated, ref("crm"))
	w.ends(id, events.ActionCompleted)
	w.ends(w.request("crm"), events.ActionCompleted)
	after := w.entry("crm")
	if after.Generation != rotated || after.Generation == before.Generation || after.State() != events.StateActive {
		t.Errorf("%+v", after)
	}
	if n := w.said(events.ConnectionApplied, rotated); n.Previous != events.StateBroken || len(n.Changed) != 0 || n.Overwrote != 0 {
		t.Errorf("%+v", n)
	}
}

// Where nothing can test new credentials, one run does: the target sees one request more, and no other run moves.
func TestC14_AProbeThatFailsAsBeforeLeavesTheOthersSuspended(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", func(c *events.Connection) { c.Settings = []byte(`{"base_url":"` + w.base + `/basic"}`) })
	w.target.SetPassword("demo", "third")
	var ids []string
	for range 8 {
		ids = append(ids, w.request("crm"))
	}
	for _, id := range ids {
		w.suspended("crm", runOf(id), id)
	}
	refused := func() int { return w.target.Calls()["basic"][devtarget.Refused] }
	polls := func() int { return w.proxy.Count("/v1/secret/metadata/" + secretPath("crm")) }
	before := refused()
	w.password("crm", "second")
	testkit.Eventually(t, patient, "the probe to fail", func() bool { return w.entry("crm").Broken.SecretVersion == 2 })
	seen := polls()
	testkit.Eventually(t, patient, "more looks at the secret", func() bool { return polls() > seen+3 })
	if n := refused() - before; n != 1 {
		t.Errorf("the target was asked %d times, want once", n)
	}
	moved := 0
	for _, id := range ids {
		c := events.Chain{Tenant: tenant, Connection: "crm", Run: runOf(id), Request: id}
		if len(w.chain(c)) > 1 {
			moved++
		}
	}
	if moved != 1 {
		t.Errorf("%d runs were resumed, want one", moved)
	}
}

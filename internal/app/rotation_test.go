package app_test

import (
	"testing"

	"holdfast/events"
)

// An administrator repairs a connection by the usual means of Vault; no event says so.
func TestO3_AdministratorsRotateByTheirUsualMeans(t *testing.T) {
	for name, c := range map[string]struct {
		breaks  func(*world) // what happens to a connection that works
		reason  string
		repairs func(*world)
	}{
		"a new version": {
			breaks:  func(w *world) { w.target.SetPassword("demo", "second") },
			reason:  "bad_credentials",
			repairs: func(w *world) { w.password("crm", "second") },
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
			c.repairs(w)
			w.ends(id, events.ActionCompleted)
		})
	}
}

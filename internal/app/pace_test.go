package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/events"
)

// slowType is a type that lets four suspended runs a second go on.
const slowType = `name: slow
title: A system that counts requests
docs: https://www.rfc-editor.org/rfc/rfc6585
help: It counts requests.
target: web_service
base_url: "{base_url}"
resumes_per_second: 4
settings:
  - name: base_url
    title: Base URL
    type: string
    required: true
    pattern: (?i:https?)://[^\s?#]+
  - name: test_path
    title: Test path
    type: string
    passed: true
auth:
  - method: basic
actions:
  - connector: http
`

func TestC14_RunsAreResumedAtTheRateThatTheTypeAllows(t *testing.T) {
	const runs, least = 6, 1200 * time.Millisecond // five gaps of a quarter of a second
	w := newWorld(t)
	w.cfg.Connections.TypesDir = t.TempDir()
	if err := os.WriteFile(filepath.Join(w.cfg.Connections.TypesDir, "slow.yaml"), []byte(slowType), 0o600); err != nil {
		t.Fatal(err)
	}
	w.worker()
	w.connect("crm", func(c *events.Connection) { c.Type = "slow" })
	w.target.SetPassword("demo", "second")
	var ids []string
	for range runs {
		ids = append(ids, w.request("crm"))
	}
	for _, id := range ids {
		w.suspended("crm", runOf(id), id)
	}
	w.password("crm", "second")
	var first, last time.Time
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
		at := w.chain(events.Chain{Tenant: tenant, Connection: "crm", Run: runOf(id), Request: id})[1].Stored
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if took := last.Sub(first); took < least {
		t.Errorf("%d runs were resumed within %s", runs, took)
	}
}

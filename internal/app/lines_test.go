package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

func TestO4_AGoodRequestIsOneLine(t *testing.T) {
	const n = 300
	w := newWorld(t)
	book := w.logged()
	w.connect("crm")
	w.ends(w.request("crm"), events.ActionCompleted)
	testkit.Eventually(t, patient, "the lines of what went before", func() bool { return w.unanswered("actions") == 0 })
	before := len(book.all())
	for _, id := range w.requests("crm", n) {
		w.ends(id, events.ActionCompleted)
	}
	testkit.Eventually(t, patient, "all to be answered", func() bool { return w.unanswered("actions") == 0 })
	of := map[string]int{}
	lines := book.all()[before:]
	for _, l := range lines {
		of[l.Request]++
		if l.Level != "info" || l.Component != "deliveries" {
			t.Errorf("a line of another kind: %+v", l)
		}
	}
	if len(lines) != n || len(of) != n {
		t.Errorf("%d lines of %d requests, want one of each of %d", len(lines), len(of), n)
	}
}

func TestO4_ASlowRequestSaysWhereItsTimeWent(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.Log.SlowRequest = 250 * time.Millisecond })
	book := w.logged()
	w.connect("crm")
	fast := w.request("crm")
	w.ends(fast, events.ActionCompleted)
	w.target.SetFault(&devtarget.Fault{DelayMS: 400})
	slow := w.request("crm")
	w.ends(slow, events.ActionCompleted)
	testkit.Eventually(t, patient, "both to be answered", func() bool { return w.unanswered("actions") == 0 })
	seen := map[string][]logLine{}
	for _, l := range book.all() {
		seen[l.Request] = append(seen[l.Request], l)
	}
	if l := seen[fast]; len(l) != 1 || l[0].Slow || l[0].Level != "info" || l[0].Stages != nil {
		t.Errorf("the fast one: %+v", l)
	}
	l := seen[slow]
	if len(l) != 1 || !l[0].Slow || l[0].Level != "warn" || l[0].Message != "completed" {
		t.Fatalf("the slow one: %+v", l)
	}
	for _, stage := range []string{"schema", "ledger", "decide", "vault", "authenticate", "execute", "publish"} {
		took, ok := l[0].Stages[stage]
		if !ok || (took >= 400) != (stage == "execute") {
			t.Errorf("%s took %v ms (%t)", stage, took, ok)
		}
	}
}

// levels is a worker in a process of its own, whose file of settings the test changes.
type levels struct {
	*world
	*testkit.Worker

	binary, file string
}

func (l *levels) write(text string) {
	l.Helper()
	if err := os.WriteFile(l.file, []byte(text), 0o600); err != nil {
		l.Fatal(err)
	}
}

// reload tells the worker, as an operator does, and waits until its log says so.
func (l *levels) reload(says string) {
	l.Helper()
	before := l.count(says)
	out, err := exec.Command(l.binary, "reload", "--pid", strconv.Itoa(l.PID())).CombinedOutput()
	if err != nil {
		l.Fatalf("reload: %v\n%s", err, out)
	}
	testkit.Eventually(l, patient, "the log to say "+says, func() bool { return l.count(says) == before+1 })
}

func (l *levels) count(text string) int {
	l.Helper()
	raw, err := os.ReadFile(l.Stderr)
	if err != nil {
		l.Fatal(err)
	}
	return strings.Count(string(raw), text)
}

// lines are how many of a request's there are once it has ended, and been answered.
func (l *levels) lines() int {
	l.Helper()
	id := l.request("crm")
	l.ends(id, events.ActionCompleted)
	testkit.Eventually(l, patient, "it to be answered", func() bool { return l.unanswered("actions") == 0 })
	return l.count(`"request_id":"` + id + `"`)
}

func TestO4_LogLevelsChangeWhileAWorkerRuns(t *testing.T) {
	w := newWorld(t)
	l := &levels{world: w, binary: testkit.BuildHoldfast(t), file: filepath.Join(t.TempDir(), "holdfast.yaml")}
	l.write("log: {level: warn}\n")
	l.Worker = testkit.StartWorker(t, l.binary, []string{
		"HOLDFAST_CONFIG=" + l.file, "HOLDFAST_NATS_URLS=" + w.nats.ClientURL(), "HOLDFAST_VAULT_ADDRESS=" + w.vault.Address,
		"HOLDFAST_VAULT_AUTH_METHOD=approle", "HOLDFAST_VAULT_AUTH_ROLE_ID=" + w.cfg.Vault.Auth.RoleID,
		"HOLDFAST_VAULT_AUTH_SECRET_ID=" + w.cfg.Vault.Auth.SecretID.Reveal(), "HOLDFAST_HTTP_ALLOW_ADDRESSES=127.0.0.0/8",
		"HOLDFAST_LISTEN_METRICS=",
	})
	w.connect("crm")
	if n := l.lines(); n != 0 {
		t.Errorf("%d lines at level warn", n)
	}
	l.write("log: {level: warn, levels: [deliveries=info]}\nworker: {concurrency: 7}\n")
	l.reload("log levels were read again")
	if n := l.count(`"after_a_restart":["worker.concurrency"]`); n != 1 {
		t.Error("what counts after a restart is not named")
	}
	if n := l.lines(); n != 1 {
		t.Errorf("%d lines, want one", n)
	}
	if n := l.count(`"component":"bus"`); n != 0 {
		t.Errorf("%d lines of another part", n)
	}
	l.write("log: {level: loud}\n")
	l.reload("the settings have mistakes and stay as they were")
	if n := l.lines(); n != 1 {
		t.Errorf("%d lines after a mistake, want one as before", n)
	}
	l.write("log: {level: error}\n")
	l.reload("log levels were read again")
	if n := l.lines(); n != 0 {
		t.Errorf("%d lines at level error", n)
	}
	if !l.Stop(patient) {
		t.Error("the worker did not stop cleanly")
	}
}

package main

import (
	"bytes"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/testkit"
)

// asHoldfast is this test's binary under the name holdfast: then it is the command.
func asHoldfast(t *testing.T) string {
	t.Helper()
	me, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "holdfast")
	if err := os.Symlink(me, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// process is a command line of its own process, with the secret on standard input.
func (s *stand) process(t *testing.T, stdin string, args ...string) (cmd *exec.Cmd, out *bytes.Buffer) {
	t.Helper()
	out = new(bytes.Buffer)
	cmd = exec.CommandContext(t.Context(), asHoldfast(t), args...)
	cmd.Env = []string{"NATS_URL=" + s.nats.ClientURL(), "VAULT_ADDR=" + s.proxy.Address, "VAULT_TOKEN=" + s.vault.RootToken}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), out, out
	return cmd, out
}

var creating = []string{"connections", "create", "--tenant", "acme", "--actor", "ann", "--name", "CRM", "--method", "bearer",
	"--setting", "base_url=https://crm.example.com", "--secret-stdin"}

// afterWrite calls then when Vault has stored a connection's secret, before its answer is passed on.
func (s *stand) afterWrite(t *testing.T, then func()) {
	t.Helper()
	vault, err := url.Parse(s.vault.Address)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(vault) },
		ModifyResponse: func(*http.Response) error { then(); return nil },
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	s.proxy.Intercept(func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/config")
	}, forward.ServeHTTP)
}

func (s *stand) versions(t *testing.T, connection string) int {
	t.Helper()
	var out struct {
		Data struct {
			Current int `json:"current_version"`
		} `json:"data"`
	}
	s.vault.Do(t, "GET", "secret/metadata/holdfast/acme/conn/"+connection+"/config", nil, &out)
	return out.Data.Current
}

func (s *stand) count(t *testing.T) (n int) {
	t.Helper()
	for _, err := range s.bus.Records(t.Context(), bus.Search{Stream: events.StreamConnections, Filter: "hf.acme.connection.*"}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// The command is killed when Vault has the secret and the bus does not have the event; the same command completes
// it: the same id, one version, one event.
func TestC10_C2_KilledBetweenVaultAndEventTheSameCommandCompletesIt(t *testing.T) {
	s := newStand(t)
	written, release := make(chan struct{}), make(chan struct{})
	s.afterWrite(t, func() { close(written); <-release })
	cmd, out := s.process(t, "CANARY-token", creating...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-written:
	case <-time.After(20 * time.Second):
		t.Fatalf("nothing was written: %s", out)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	close(release)
	s.proxy.Pass()
	if v, n := s.versions(t, "crm"), s.count(t); v != 1 || n != 0 {
		t.Fatalf("killed in between: version %d, %d events", v, n)
	}

	cmd, out = s.process(t, "CANARY-token", creating...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("again: %v\n%s", err, out)
	}
	for _, want := range []string{"crm: the secret in Vault is the same already: version 1", "crm: applied, revision "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %s", want, out)
		}
	}
	if v, n := s.versions(t, "crm"), s.count(t); v != 1 || n != 1 || strings.Contains(out.String(), "CANARY") {
		t.Errorf("completed: version %d, %d events\n%s", v, n, out)
	}
}

// The bus goes away in between: the command says that the secret is stored, and what to do.
func TestC10_TheBusIsLostBetweenVaultAndEvent(t *testing.T) {
	s := newStand(t)
	s.afterWrite(t, s.nats.Shutdown)
	cmd, out := s.process(t, "CANARY-token", creating...)
	err := cmd.Run()
	if cmd.ProcessState.ExitCode() != exitUnreachable {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"the secret is in Vault and the event is not on the bus", "hint: run the same command again"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %s", want, out)
		}
	}
	s.proxy.Pass()
	s.nats.Start()
	testkit.Eventually(t, 20*time.Second, "the same command to complete it", func() bool {
		cmd, out = s.process(t, "CANARY-token", creating...)
		return cmd.Run() == nil
	})
	if v := s.versions(t, "crm"); v != 1 || strings.Contains(out.String(), "CANARY") {
		t.Errorf("version %d\n%s", v, out)
	}
}

// Somebody else changes the connection between Vault and the event, which is rejected then: the command says that
// the secret is there all the same, and what takes it back.
func TestC10_ASecretOfARejectedChangeIsTold(t *testing.T) {
	s := newStand(t)
	if code, out := s.command(t, "first", creating...); code != exitOK {
		t.Fatal(out)
	}
	s.afterWrite(t, func() {
		if code, out := s.command(t, "", "connections", "edit", "crm", "--tenant", "acme", "--actor", "ann", "--name", "CRM two"); code != exitOK {
			t.Error(out)
		}
	})
	cmd, out := s.process(t, "second", "connections", "edit", "crm", "--tenant", "acme", "--actor", "ann", "--method", "api_key", "--secret-stdin")
	_ = cmd.Run() // the exit code tells
	s.proxy.Pass()
	for _, want := range []string{"revision_conflict", "version 2 of the secret is in Vault all the same",
		"hint: vault kv rollback -version=1 secret/holdfast/acme/conn/crm/config"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %s", want, out)
		}
	}
	if code := cmd.ProcessState.ExitCode(); code != exitRefused {
		t.Errorf("exit code %d", code)
	}
}

// Nobody answers: the command says so, and where the event is.
func TestC10_NoWorkerAnswers(t *testing.T) {
	s := newIdleStand(t)
	args := append(slices.Clone(creating), "--actor", "system", "--wait", "300ms")
	cmd, out := s.process(t, "CANARY-token", args...)
	_ = cmd.Run() // the exit code tells
	if cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(out.String(),
		"no worker answered within 300ms; the event is stored as HF_CONNECTIONS 1") {
		t.Fatalf("exit code %d\n%s", cmd.ProcessState.ExitCode(), out)
	}
}

// Whoever may not change a connection does not change its secret either: the rules are asked before Vault is.
func TestC16_WhoMayNotChangeAConnectionWritesNoSecret(t *testing.T) {
	s := newStand(t)
	if code, out := s.command(t, "first", creating...); code != exitOK {
		t.Fatal(out)
	}
	for _, actor := range []string{"dan", "stranger"} {
		code, out := s.command(t, "second", "connections", "rotate", "crm", "--tenant", "acme", "--actor", actor, "--secret-stdin")
		if code != exitRefused || !strings.Contains(out, "nothing was done: ") || !strings.Contains(out, "the rule is ") {
			t.Errorf("%s: exit code %d\n%s", actor, code, out)
		}
	}
	if v, n := s.versions(t, "crm"), s.count(t); v != 1 || n != 1 {
		t.Errorf("version %d, %d events", v, n)
	}
}

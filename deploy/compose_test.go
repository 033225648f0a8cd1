//go:build compose

// Package deploy_test proves docker-compose.yml on a real Docker engine: make compose-proof.
package deploy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/events"
)

// TestO5_TheComposeFileRunsActionsAndLosesNothing brings the whole file up, and plays what its reader would: an
// action, a changed password, a rotation, a worker that dies and one that is stopped.
func TestO5_TheComposeFileRunsActionsAndLosesNothing(t *testing.T) {
	s := up(t)
	bus := s.watch(t)

	s.putSecret(t, "demo-password")
	s.publish(t, s.connection())
	for _, step := range []struct {
		name string
		play func(*testing.T)
	}{
		{"TestC3_an action completes", func(t *testing.T) {
			bus.publish(t, events.ActionRequested, s.request("req-1"))
			bus.await(t, time.Minute, "req-1 completes", completed("req-1"))
		}},
		{"TestC12_a changed password suspends", func(t *testing.T) {
			s.setPassword(t, "changed-password")
			s.publish(t, s.request("req-2"))
			bus.await(t, time.Minute, "req-2 is suspended", chained("req-2", events.SuspensionSuspended))
			out := s.compose(t, "", "run", "--rm", "-T", "operator", "suspensions", "list", "--tenant", tenant, "--json")
			if !strings.Contains(out, "req-2") || !strings.Contains(out, "bad_credentials") {
				t.Errorf("the operator's list does not show the suspension:\n%s", out)
			}
		}},
		{"TestC14_O3_a KV write alone resumes", func(t *testing.T) {
			s.putSecret(t, "changed-password")
			bus.await(t, 2*time.Minute, "req-2 is resumed", chained("req-2", events.SuspensionResumed))
			bus.await(t, time.Minute, "req-2 completes", completed("req-2"))
		}},
		{"TestO5_a worker that is killed is not missed", func(t *testing.T) { s.killOne(t, bus) }},
		{"TestO5_a worker that is stopped ends cleanly", func(t *testing.T) {
			docker(t, "stop", "-t", "40", s.container(t, "worker-2"))
			if code := s.inspect(t, "worker-2", "{{.State.ExitCode}}"); code != "0" {
				t.Errorf("exit code %s after SIGTERM, want 0", code)
			}
			s.publish(t, s.request("req-3"))
			bus.await(t, time.Minute, "req-3 completes", completed("req-3"))
		}},
		{"TestC15_every request ended once", func(t *testing.T) { bus.endedOnce(t, burst+3) }},
		{"TestC2_roles can do no more than theirs", s.leastPrivilege},
		{"nothing is open that need not be", s.closed},
	} {
		if !t.Run(step.name, step.play) {
			return // what follows builds on it
		}
	}
}

// burst is how many requests arrive while one worker is dead.
const burst = 20

// killOne kills a worker, sees the other do all the work, and starts it again.
func (s *stack) killOne(t *testing.T, bus *heard) {
	docker(t, "kill", "-s", "KILL", s.container(t, "worker-1"))
	var lines []string
	for i := range burst {
		lines = append(lines, s.request(fmt.Sprintf("burst-%d", i)))
	}
	s.publish(t, lines...)
	done := func(m message) bool {
		return m.kind == events.ActionCompleted && strings.Contains(m.subject, ".burst-")
	}
	eventually(t, time.Minute, "the burst completes", func() bool { return bus.count(done) == burst })
	if running := s.inspect(t, "worker-1", "{{.State.Running}}"); running != "false" {
		t.Errorf("worker-1 is running (%s): nothing was proven", running)
	}
	s.compose(t, "", "up", "-d", "--no-build", "worker-1")
	s.healthy(t, "worker-1")
}

// connection is a connection to the target system, with user and password.
func (s *stack) connection() string {
	return s.event("connection.created", map[string]any{
		"connection_id": "crm", "name": "CRM", "type": "http", "kind": "shared",
		"availability": map[string]any{"level": "tenant"}, "owners": []string{"u-1"}, "actor": "system",
		"auth":     map[string]any{"method": "basic"},
		"settings": map[string]any{"base_url": "http://target:8091/basic/", "test_path": "/me"},
	})
}

func (s *stack) request(id string) string {
	return s.event("action.requested", map[string]any{
		"request_id": id, "workflow_id": "proof", "run_id": "run-" + id, "step_id": "post", "step_kind": "action",
		"connection_id": "crm",
		"action": map[string]any{"connector": "http", "operation": "request",
			"input": map[string]any{"method": "POST", "path": "/items", "body": map[string]any{"n": id}}},
	})
}

// event is a line for holdfast publish.
func (s *stack) event(kind string, data map[string]any) string {
	s.events++
	data["tenant"] = tenant
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": fmt.Sprintf("proof-%d", s.events), "source": "urn:holdfast:proof",
		"type": "holdfast." + kind + ".v1", "time": time.Now().UTC().Format(time.RFC3339),
		"datacontenttype": "application/json", "data": data,
	})
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return string(raw)
}

// publish publishes lines by hand.
func (s *stack) publish(t *testing.T, lines ...string) {
	t.Helper()
	s.compose(t, strings.Join(lines, "\n")+"\n", "run", "--rm", "-T", "publisher", "publish", "-")
}

func (s *stack) putSecret(t *testing.T, password string) {
	t.Helper()
	s.call(t, http.MethodPost, "http://127.0.0.1:"+s.env["VAULT_PORT"]+"/v1/secret/data/holdfast/acme/conn/crm/config",
		map[string]any{"data": map[string]string{"username": "demo", "password": password}})
}

func (s *stack) setPassword(t *testing.T, password string) {
	t.Helper()
	s.call(t, http.MethodPut, "http://127.0.0.1:"+s.env["TARGET_PORT"]+"/admin/password",
		map[string]string{"user": "demo", "password": password})
}

//go:build compose

package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	project = "holdfast-proof"
	tenant  = "acme"

	commandTimeout = 3 * time.Minute
	buildTimeout   = 20 * time.Minute // cold, on two cores
)

// stack is docker-compose.yml, up and running, with stand-ins for what can not be pulled.
type stack struct {
	program []string // docker compose, or docker-compose
	args    []string
	env     map[string]string // of the .env file
	events  int
}

// up builds the images and brings everything up; it is taken down with all volumes when the test ends.
func up(t *testing.T) *stack {
	t.Helper()
	s := &stack{program: composeProgram(t)}
	file := s.writeEnv(t)
	s.args = []string{"-p", project, "--env-file", file, "--project-directory", root(t),
		"-f", filepath.Join(root(t), "docker-compose.yml"), "-f", root(t) + "/deploy/standin/compose.yml"}
	images := buildImages(t)
	s.compose(t, "", "down", "--volumes", "--remove-orphans") // what a run that was killed may have left
	t.Cleanup(func() { s.down(t, images) })
	began := time.Now()
	s.compose(t, "", "up", "-d", "--no-build")
	for _, worker := range []string{"worker-1", "worker-2"} {
		s.healthy(t, worker)
	}
	t.Logf("up and healthy after %s", time.Since(began).Round(time.Second))
	return s
}

func (s *stack) down(t *testing.T, images []string) {
	if t.Failed() {
		out, _ := s.run(context.Background(), "", "logs", "--no-color", "--tail", "60") // to look at, where there are any
		t.Logf("logs:\n%s", out)
	}
	if out, err := s.run(context.Background(), "", "down", "--volumes", "--remove-orphans", "--timeout", "5"); err != nil {
		t.Errorf("take it down: %v\n%s", err, out)
	}
	// A stand-in must not be taken for the real image later; what the build leaves behind is a stand-in's child.
	for _, args := range [][]string{append([]string{"rmi", "-f"}, images...), {"image", "prune", "-f", "--filter", "label=" + standIn}} {
		if out, err := command(context.Background(), "", "docker", args...); err != nil {
			t.Errorf("remove the stand-ins: %v\n%s", err, out)
		}
	}
}

func composeProgram(t *testing.T) []string {
	t.Helper()
	if out, err := command(t.Context(), "", "docker", "version"); err != nil {
		t.Fatalf("no Docker engine answers, and the proof is not skipped silently: %v\n%s", err, out)
	}
	for _, p := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if _, err := command(t.Context(), "", p[0], append(p[1:], "version")...); err == nil {
			return p
		}
	}
	t.Fatal("neither docker compose nor docker-compose is there")
	return nil
}

// writeEnv makes the .env file as its reader would, with ports that are free.
func (s *stack) writeEnv(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "env")
	if out, err := command(t.Context(), "", root(t)+"/deploy/env.sh", file); err != nil {
		t.Fatalf("deploy/env.sh: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.env = make(map[string]string)
	for line := range strings.Lines(string(raw)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			s.env[name] = value
		}
	}
	for _, name := range []string{"NATS_PORT", "VAULT_PORT", "METRICS_PORT", "TARGET_PORT"} {
		s.env[name] = freePort(t)
		raw = append(raw, []byte(name+"="+s.env[name]+"\n")...)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// compose runs one compose command; the test fails where it does.
func (s *stack) compose(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := s.run(t.Context(), stdin, args...)
	if err != nil {
		t.Fatalf("compose %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (s *stack) run(ctx context.Context, stdin string, args ...string) (string, error) {
	return command(ctx, stdin, s.program[0], append(append(s.program[1:len(s.program):len(s.program)], s.args...), args...)...)
}

func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := command(t.Context(), "", "docker", args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// command runs a program to its end and gives what it wrote.
func command(ctx context.Context, stdin, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT="+os.Getenv("DOCKER_BUILDKIT"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// container is the id of a service's container.
func (s *stack) container(t *testing.T, service string) string {
	t.Helper()
	id := strings.TrimSpace(s.compose(t, "", "ps", "-a", "-q", service))
	if id == "" {
		t.Fatalf("%s has no container", service)
	}
	return id
}

func (s *stack) inspect(t *testing.T, service, format string) string {
	t.Helper()
	return docker(t, "inspect", "-f", format, s.container(t, service))
}

func (s *stack) healthy(t *testing.T, service string) {
	t.Helper()
	id := s.container(t, service)
	eventually(t, 2*time.Minute, service+" is healthy", func() bool {
		return docker(t, "inspect", "-f", "{{.State.Health.Status}}", id) == "healthy"
	})
}

// call sends JSON to Vault, or to the target's administration, as their administrator.
func (s *stack) call(t *testing.T, method, url string, body any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", s.env["VAULT_ROOT_TOKEN"])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		t.Fatalf("%s %s answered %d", method, url, resp.StatusCode)
	}
}

// eventually waits for a condition, and fails the test when it takes too long.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %s", within, what)
		case <-tick.C:
		}
	}
}

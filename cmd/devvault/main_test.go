package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	vault "github.com/hashicorp/vault/api"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// What Vault starts and never stops, once for each core.
		goleak.IgnoreTopFunction("github.com/patrickmn/go-cache.(*janitor).Run"),
		goleak.IgnoreTopFunction("github.com/hashicorp/vault/vault.(*Core).setupCachedMFAResponseAuth.func1"),
		goleak.IgnoreTopFunction("github.com/hashicorp/vault/physical/raft.(*RaftBackend).startFollowerHeartbeatTracker"),
	)
}

// running is a devvault inside this process.
type running struct {
	ready  ready
	client *vault.Client
	stop   func()
}

// serve runs devvault with args until the test ends or stop is called.
func serve(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var log bytes.Buffer
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, os.Stdin, in, &log)
		_ = in.CloseWithError(io.EOF)
		done <- err
	}()
	r := &running{}
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("devvault ended with %v\n%s", err, log.String())
		}
	}
	t.Cleanup(r.stop)
	if err := json.NewDecoder(out).Decode(&r.ready); err != nil {
		t.Fatalf("no ready line: %v", err)
	}
	r.client = newClient(t, r.ready.Address, r.ready.RootToken)
	return r
}

func newClient(t *testing.T, address, token string) *vault.Client {
	t.Helper()
	conf := vault.DefaultConfig()
	conf.Address = address
	conf.MaxRetries = 0
	c, err := vault.NewClient(conf)
	if err != nil {
		t.Fatal(err)
	}
	c.SetToken(token)
	t.Cleanup(conf.HttpClient.CloseIdleConnections)
	return c
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// buildBinary builds devvault once for the test that needs a process.
func buildBinary(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "devvault")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

func TestBinaryServesAndStops(t *testing.T) {
	bin := buildBinary(t)
	ways := map[string]func(cmd *exec.Cmd, stdin io.Closer) error{
		"SIGTERM":       func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(syscall.SIGTERM) },
		"SIGINT":        func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(os.Interrupt) },
		"stdin closing": func(_ *exec.Cmd, stdin io.Closer) error { return stdin.Close() },
	}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, bin, "--exit-with-stdin")
			var log bytes.Buffer
			cmd.Stderr = &log
			stdin := must[io.WriteCloser](t)(cmd.StdinPipe())
			lines := bufio.NewScanner(must[io.ReadCloser](t)(cmd.StdoutPipe()))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if !lines.Scan() {
				t.Fatalf("no ready line: %s", log.String())
			}
			var r ready
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			must[*vault.HealthResponse](t)(newClient(t, r.Address, "").Sys().Health())
			if err := end(cmd, stdin); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() {
				t.Errorf("more than one line: %s", lines.Text())
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("exit: %v", err)
			}
			if log.Len() > 0 {
				t.Errorf("not quiet: %s", log.String())
			}
		})
	}
}

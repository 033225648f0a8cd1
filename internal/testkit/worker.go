package testkit

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Worker is a worker in a process of its own, which can be killed.
type Worker struct {
	// Stdout and Stderr are the files that it writes to.
	Stdout, Stderr string

	cmd  *exec.Cmd
	done chan struct{}
}

// BuildHoldfast builds cmd/holdfast from this tree.
func BuildHoldfast(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	binary := filepath.Join(tb.TempDir(), "holdfast")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "holdfast/cmd/holdfast").CombinedOutput()
	if err != nil {
		tb.Fatalf("build holdfast: %v\n%s", err, out)
	}
	return binary
}

// StartWorker starts `holdfast worker` with settings from env (HOLDFAST_… pairs, and nothing else of this
// process's environment). It is killed when the test ends, if it runs then.
func StartWorker(tb testing.TB, binary string, env []string, args ...string) *Worker {
	tb.Helper()
	dir := tb.TempDir()
	w := &Worker{Stdout: filepath.Join(dir, "stdout"), Stderr: filepath.Join(dir, "stderr"), done: make(chan struct{})}
	//nolint:noctx // the test's own program; it ends with Kill
	w.cmd = exec.Command(binary, append([]string{"worker"}, args...)...)
	w.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	w.cmd.Stdout, w.cmd.Stderr = create(tb, w.Stdout), create(tb, w.Stderr)
	if err := w.cmd.Start(); err != nil {
		tb.Fatalf("start a worker: %v", err)
	}
	go func() {
		_ = w.cmd.Wait() // killed, mostly
		close(w.done)
	}()
	tb.Cleanup(func() {
		w.Kill()
		if tb.Failed() {
			tb.Logf("the end of a worker's log:\n%s", lastLines(w.Stderr, 20))
		}
	})
	return w
}

func create(tb testing.TB, path string) *os.File {
	tb.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	return f
}

func lastLines(path string, n int) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// PID is its process id.
func (w *Worker) PID() int { return w.cmd.Process.Pid }

// Kill ends it with SIGKILL and waits until it is gone. It may be called again.
func (w *Worker) Kill() {
	_ = w.cmd.Process.Kill()
	<-w.done
}

// Stop ends it with SIGTERM, gives it within to drain, and tells whether it ended cleanly.
func (w *Worker) Stop(within time.Duration) bool {
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-w.done:
		return w.cmd.ProcessState.ExitCode() == 0
	case <-time.After(within):
		w.Kill()
		return false
	}
}

// FreePort is a port that was free a moment ago, for a server in another process.
func FreePort(tb testing.TB) int {
	tb.Helper()
	return freePorts(tb, 1)[0]
}

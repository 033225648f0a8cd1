package chaos_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"holdfast/internal/testkit"
)

// worker is `holdfast worker` as a process that can be killed and started again.
type worker struct {
	tb     testing.TB
	host   *testkit.Host // nil: this machine
	binary string
	config string
	env    []string
	log    string // file; all its lives write to it

	mu     sync.Mutex
	cmd    *exec.Cmd
	killed bool
	exited chan struct{}
}

// buildWorker builds the binary that people deploy; more are arguments of go build.
func buildWorker(tb testing.TB, more ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Minute)
	defer cancel()
	binary := filepath.Join(tb.TempDir(), "holdfast")
	args := append(append([]string{"build", "-o", binary}, more...), "holdfast/cmd/holdfast")
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		tb.Fatalf("build holdfast: %v\n%s", err, out)
	}
	return binary
}

// startWorker starts the world's next worker.
func (w *world) startWorker(binary string, host *testkit.Host, env ...string) {
	w.Helper()
	one := &worker{tb: w, host: host, binary: binary, config: w.config, env: env,
		log: filepath.Join(w.TempDir(), fmt.Sprintf("worker%d.log", len(w.workers)))}
	one.start()
	w.Cleanup(one.kill)
	w.workers = append(w.workers, one)
}

func (w *worker) start() {
	w.tb.Helper()
	log, err := os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd := w.host.Command(w.binary, "worker", "--config", w.config)
	cmd.Stdout, cmd.Stderr, cmd.Env = log, log, append([]string{"PATH=" + os.Getenv("PATH")}, w.env...)
	if err := cmd.Start(); err != nil {
		w.tb.Fatalf("start a worker: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cmd, w.killed, w.exited = cmd, false, make(chan struct{})
	go w.watch(cmd, w.exited)
}

// watch fails the test when a worker ends that nobody killed.
func (w *worker) watch(cmd *exec.Cmd, exited chan<- struct{}) {
	defer close(exited)
	err := cmd.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.killed {
		w.tb.Errorf("a worker ended by itself: %v\n%s", err, w.tail())
	}
}

// kill ends the process with SIGKILL and waits until it is gone.
func (w *worker) kill() {
	w.mu.Lock()
	w.killed = true
	_ = w.cmd.Process.Kill() // it may be gone, which watch has told
	exited := w.exited
	w.mu.Unlock()
	<-exited
}

// logged counts the lines of its log that hold a text.
func (w *worker) logged(text string) int {
	raw, err := os.ReadFile(w.log)
	if err != nil {
		w.tb.Errorf("read a worker's log: %v", err)
	}
	return bytes.Count(raw, []byte(text))
}

// tail is the end of its log.
func (w *worker) tail() []byte {
	raw, err := os.ReadFile(w.log)
	if err != nil {
		return []byte(err.Error())
	}
	return raw[max(0, len(raw)-4<<10):]
}

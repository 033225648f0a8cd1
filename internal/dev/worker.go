package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Worker is `holdfast worker` as a process of its own. One that dies is started again, unless it was asked
// to stop.
type Worker struct {
	program, config, log string
	metrics              string // base URL

	mu       sync.Mutex
	process  *exec.Cmd
	gone     chan struct{} // closed when process is
	stopping bool

	stop   chan struct{} // closed when it was asked to stop
	done   chan struct{} // closed when none will be started again
	failed func(error)   // called when it is given up
	client *http.Client
}

const (
	readyEvery   = 50 * time.Millisecond
	restartPause = 500 * time.Millisecond
	quickDeath   = 2 * time.Second
	quickDeaths  = 5 // in a row, and it is given up
	logTail      = 4 << 10
)

func startWorker(program, config, log, metrics string, failed func(error)) (*Worker, error) {
	w := &Worker{
		program: program, config: config, log: log, metrics: metrics, failed: failed,
		stop: make(chan struct{}), done: make(chan struct{}),
		client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	if err := w.start(); err != nil {
		return nil, err
	}
	go w.keep()
	return w, nil
}

// start starts one process. Its output goes to the log; its environment brings no settings of its own.
func (w *Worker) start() error {
	out, err := os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // the process has its own
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopping {
		return errStopping
	}
	cmd := exec.Command(w.program, "worker", "--config", w.config) //nolint:gosec,noctx // our own program; it is stopped in its turn, not with a context
	cmd.Stdout, cmd.Stderr, cmd.Env = out, out, withoutSettings(os.Environ())
	cmd.SysProcAttr = bound()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	w.process, w.gone = cmd, make(chan struct{})
	return nil
}

var errStopping = errors.New("the worker was asked to stop")

// withoutSettings drops variables that would change where the worker goes.
func withoutSettings(environ []string) []string {
	var kept []string
	for _, pair := range environ {
		if !strings.HasPrefix(pair, "HOLDFAST_") && !strings.HasPrefix(pair, "NATS_") && !strings.HasPrefix(pair, "VAULT_") {
			kept = append(kept, pair)
		}
	}
	return kept
}

// keep waits for each process's end and starts the next.
func (w *Worker) keep() {
	defer close(w.done)
	for quick := 0; ; {
		began := time.Now()
		cmd, gone := w.current()
		_ = cmd.Wait() // how it ended is in its log
		close(gone)
		if quick++; time.Since(began) > quickDeath {
			quick = 0
		}
		if !w.pause(quick) {
			return
		}
		err := fmt.Errorf("the worker ends again and again; the end of %s:\n%s", w.log, w.tail())
		if quick < quickDeaths {
			err = w.start()
		}
		if err != nil {
			if !errors.Is(err, errStopping) {
				w.failed(err)
			}
			return
		}
	}
}

// pause waits before the next start, longer each time that it ended quickly; false when there shall be none.
func (w *Worker) pause(quick int) bool {
	select {
	case <-w.stop:
		return false
	case <-time.After(time.Duration(max(0, quick-1)) * restartPause):
		return true
	}
}

func (w *Worker) current() (*exec.Cmd, chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.process, w.gone
}

// PID is the process id of the worker that runs now, or ran last.
func (w *Worker) PID() int {
	cmd, _ := w.current()
	return cmd.Process.Pid
}

// Kill ends the worker with SIGKILL and waits until it is gone; another is started. It gives the old one's
// process id.
func (w *Worker) Kill() (pid int, err error) {
	cmd, gone := w.current()
	err = cmd.Process.Kill()
	<-gone
	return cmd.Process.Pid, err
}

// AwaitReady waits until the worker consumes and its bus and Vault answer.
func (w *Worker) AwaitReady(ctx context.Context) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	said := "nothing yet"
	for {
		if status, text, err := w.get(ctx, "/readyz"); err == nil && status == http.StatusOK {
			return nil
		} else if err == nil {
			said = text
		}
		select {
		case <-tick.C:
		case <-w.done:
			return fmt.Errorf("the worker ended; the end of %s:\n%s", w.log, w.tail())
		case <-ctx.Done():
			return fmt.Errorf("the worker is not ready, it says: %s; its log: %s", said, w.log)
		}
	}
}

// Stop asks the worker to finish what it is doing, and kills it when ctx ends first. It may be called again.
func (w *Worker) Stop(ctx context.Context) error {
	w.mu.Lock()
	if !w.stopping {
		w.stopping = true
		close(w.stop)
	}
	cmd := w.process
	w.mu.Unlock()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = cmd.Process.Kill()
	}
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		<-w.done
		return errors.New("the worker did not stop in time and was killed")
	}
}

// tail is the end of the log.
func (w *Worker) tail() string {
	raw, err := os.ReadFile(w.log)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return string(bytes.TrimSpace(raw[max(0, len(raw)-logTail):]))
}

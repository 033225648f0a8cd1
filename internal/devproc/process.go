package devproc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
)

// Process is a running development program. Its methods may be called from many goroutines.
type Process struct {
	// Ready is the line of JSON that the program wrote when it was ready.
	Ready []byte

	cmd    *exec.Cmd
	stdin  io.Closer
	said   *tail // the end of what it wrote to standard error
	done   chan struct{}
	err    error // how it ended, once done is closed
	asked  sync.Once
	killed sync.Once
}

// Start runs a program built by Build and waits until it is ready. ctx bounds the wait alone, not the
// program's life. --exit-with-stdin is added to the arguments.
func Start(ctx context.Context, path string, args ...string) (*Process, error) {
	p := &Process{said: &tail{}, done: make(chan struct{})}
	//nolint:gosec // our own program
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), path, append(args, "--exit-with-stdin")...)
	p.cmd.Stderr = p.said
	p.cmd.SysProcAttr = ownGroup()
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s does not start: %w", p.name(), err)
	}
	line := make(chan []byte, 1)
	go p.watch(stdout, line)
	if err := p.await(ctx, line); err != nil {
		return nil, err
	}
	return p, nil
}

// watch reads the ready line, then to the end of standard output, as exec.Cmd wants it before Wait.
func (p *Process) watch(stdout io.Reader, line chan<- []byte) {
	r := bufio.NewReader(stdout)
	if first, err := r.ReadBytes('\n'); err == nil {
		line <- first
	}
	_, _ = io.Copy(io.Discard, r)
	p.err = p.cmd.Wait()
	close(p.done)
}

func (p *Process) await(ctx context.Context, line <-chan []byte) error {
	select {
	case p.Ready = <-line:
		return nil
	case <-p.done:
		return fmt.Errorf("%s ended before it was ready: %w\n%s", p.name(), p.err, p.said)
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("%s is not ready: %w\n%s", p.name(), ctx.Err(), p.said)
	}
}

// Decode reads the ready line into v.
func (p *Process) Decode(v any) error {
	if err := json.Unmarshal(p.Ready, v); err != nil {
		return fmt.Errorf("%s: its ready line is no JSON of the expected shape", p.name())
	}
	return nil
}

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the program ended, with the end of what it wrote to standard error; nil while it runs and
// for a clean end.
func (p *Process) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w\n%s", p.name(), p.err, p.said)
}

// Stop asks the program to end by closing its standard input, and waits; when ctx ends first, it is killed.
// It may be called again.
func (p *Process) Stop(ctx context.Context) error {
	p.asked.Do(func() { _ = p.stdin.Close() })
	select {
	case <-p.done:
		return p.Err()
	case <-ctx.Done():
		p.Kill()
		return errors.Join(fmt.Errorf("%s did not stop in time and was killed", p.name()), ctx.Err())
	}
}

// Kill ends the program at once (SIGKILL) and waits until it is gone. It may be called again.
func (p *Process) Kill() {
	p.killed.Do(func() { _ = p.cmd.Process.Kill() })
	<-p.done
	p.asked.Do(func() { _ = p.stdin.Close() })
}

func (p *Process) name() string { return filepath.Base(p.cmd.Path) }

package main

import (
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"github.com/jedib0t/go-pretty/v6/text"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// emulated is a command at a terminal whose screen can be looked at as a person sees it.
type emulated struct {
	*vt.SafeEmulator

	tty  *os.File
	cmd  *exec.Cmd
	done chan struct{}
}

// emulate starts a command at a terminal of that size.
func emulate(t *testing.T, width, height int, env []string, args ...string) *emulated {
	t.Helper()
	e := &emulated{SafeEmulator: vt.NewSafeEmulator(width, height), cmd: exec.CommandContext(t.Context(), asHoldfast(t), args...), done: make(chan struct{})}
	e.cmd.Env = slices.Concat(env, []string{"TERM=xterm-256color"})
	tty, err := pty.StartWithSize(e.cmd, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)})
	if err != nil {
		t.Fatal(err)
	}
	e.tty = tty
	answered := make(chan struct{})
	go func() { // the terminal's answers to what it is asked
		defer close(answered)
		_, _ = io.Copy(tty, e)
	}()
	go func() {
		defer close(e.done)
		_, _ = io.Copy(e, tty) // ends with the command
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the screen:\n%s", e.shows())
		}
		_ = e.cmd.Process.Kill()
		<-e.done
		_ = e.Close()
		<-answered
		_ = tty.Close()
	})
	return e
}

// resize makes the terminal another size, as a person does with the mouse.
func (e *emulated) resize(t *testing.T, width, height int) {
	t.Helper()
	e.Resize(width, height)
	if err := pty.Setsize(e.tty, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		t.Fatal(err)
	}
}

// shows is the screen as it is.
func (e *emulated) shows() string { return text.StripEscape(e.Render()) }

// line waits until a line of the screen holds all the words.
func (e *emulated) line(t *testing.T, words ...string) {
	t.Helper()
	testkit.Eventually(t, 30*time.Second, strings.Join(words, " … "), func() bool {
		for l := range strings.SplitSeq(e.shows(), "\n") {
			all := true
			for _, w := range words {
				all = all && strings.Contains(l, w)
			}
			if all {
				return true
			}
		}
		return false
	})
}

func TestO4_TopAtATerminal(t *testing.T) {
	s := newWatchedStand(t)
	s.connect(t, "crm", 0)
	s.request(t, "fine", "run-1", "crm", events.AtLeastOnce)
	testkit.Eventually(t, 20*time.Second, "the first outcome", func() bool {
		last, err := s.bus.Journal().Last(t.Context(), events.LedgerSubject("acme", "fine"))
		return err == nil && last.Type.Ends()
	})
	s.system.SetPassword("demo", "second")
	e := emulate(t, 80, 24, s.watching(), "top", "--metrics", "http://"+s.worker.MetricsAddr().String(), "--every", "500ms")
	e.line(t, "PER SECOND", "requested", "completed")
	e.line(t, "actions")
	e.line(t, "BROKEN CONNECTIONS 0")
	e.line(t, "HEALTH", "bus ok", "workers ready 1")
	e.line(t, "RETRIES", "none in ")
	e.line(t, "q quits")
	if n := strings.Count(strings.TrimRight(e.shows(), "\n "), "\n"); n >= 24 {
		t.Errorf("%d lines", n+1)
	}

	// What happens shows.
	s.request(t, "req-1", "run-7", "crm", events.AtLeastOnce)
	e.line(t, "BROKEN CONNECTIONS 1")
	e.line(t, "acme/crm", "1", "bad_credentials", "ago")
	e.line(t, "NEXT DEADLINES, OF 1 SUSPENDED")
	e.line(t, "acme/crm", "run-7", "9d 23h")
	e.line(t, "CONSUMER", "7 OF 13 STAGES") // the stages stand beside the consumers
	e.line(t, "execute")
	s.vault.Seal(t)
	e.line(t, "worker", "trouble", "vault_sealed")
	s.vault.Unseal(t)

	// Another size is filled.
	e.resize(t, 120, 40)
	e.line(t, "BROKEN CONNECTIONS 1"+strings.Repeat(" ", 50))
	s.secretOf(t, "crm", "second")
	e.line(t, "BROKEN CONNECTIONS 0")
	e.line(t, "NEXT DEADLINES, OF 0 SUSPENDED")

	if _, err := e.tty.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Wait(); err != nil {
		t.Errorf("q: %v", err)
	}
	<-e.done
	if e.IsAltScreen() {
		t.Error("the terminal is left in its other screen")
	}
}

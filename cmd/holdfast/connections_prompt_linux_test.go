package main

import (
	"bytes"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"holdfast/internal/testkit"
)

// screen is what a terminal has shown.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) shows(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Contains(s.text.Bytes(), []byte(text))
}

// atTerminal starts a command at a terminal of its own.
func (s *stand) atTerminal(t *testing.T, args ...string) (*os.File, *screen, func() int) {
	t.Helper()
	cmd, _ := s.process(t, "", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, nil, nil
	tty, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	shown := new(screen)
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := tty.Read(buf)
			_, _ = shown.Write(buf[:n]) // never fails
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = tty.Close(); <-read })
	return tty, shown, func() int {
		_ = cmd.Wait() // the exit code tells
		<-read
		return cmd.ProcessState.ExitCode()
	}
}

func (s *screen) waitFor(t *testing.T, text string) {
	t.Helper()
	testkit.Eventually(t, 20*time.Second, text, func() bool { return s.shows(text) })
}

func typed(t *testing.T, tty *os.File, text string) {
	t.Helper()
	if _, err := tty.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestC2_WhatIsTypedDoesNotShow(t *testing.T) {
	s := newStand(t)
	tty, shown, wait := s.atTerminal(t, "connections", "create", "--tenant", "acme", "--actor", "ann", "--name", "CRM",
		"--method", "basic", "--setting", "base_url=https://crm.example.com")
	shown.waitFor(t, "user name: ")
	typed(t, tty, "ada-the-user\n")
	shown.waitFor(t, "password: ")
	typed(t, tty, "CANARY-password\n")
	code := wait()
	if code != exitOK || !shown.shows("ada-the-user") || shown.shows("CANARY") || !shown.shows("applied, revision") {
		t.Errorf("exit code %d, shown: %s", code, &shown.text)
	}
	if s.versions(t, "crm") != 1 {
		t.Error("the secret is not in Vault")
	}

	// An interrupt at the prompt ends the command, and nothing is written.
	tty, shown, wait = s.atTerminal(t, "connections", "rotate", "crm", "--tenant", "acme", "--actor", "ann", "--username", "ada")
	shown.waitFor(t, "password: ")
	typed(t, tty, "CANARY-half\x03")
	if code := wait(); code != exitFailed || shown.shows("CANARY") || !shown.shows("interrupted") || s.versions(t, "crm") != 1 {
		t.Errorf("interrupted: exit code %d, shown: %s", code, &shown.text)
	}
}

func TestC10_DeletingAtATerminalWantsTheIDTyped(t *testing.T) {
	s := newStand(t)
	if code, out := s.command(t, "t", creating...); code != exitOK {
		t.Fatal(out)
	}
	remove := []string{"connections", "delete", "crm", "--tenant", "acme", "--actor", "ann"}
	for answer, want := range map[string]int{"yes\n": exitRefused, "\n": exitRefused} {
		tty, shown, wait := s.atTerminal(t, remove...)
		shown.waitFor(t, "type crm to delete it: ")
		typed(t, tty, answer)
		if code := wait(); code != want || !shown.shows("nothing was done") {
			t.Errorf("%q: exit code %d, shown: %s", answer, code, &shown.text)
		}
	}
	tty, shown, wait := s.atTerminal(t, remove...)
	shown.waitFor(t, "type crm to delete it: ")
	typed(t, tty, "crm\n")
	if code := wait(); code != exitOK || !shown.shows("applied, revision") {
		t.Errorf("exit code %d, shown: %s", code, &shown.text)
	}
}

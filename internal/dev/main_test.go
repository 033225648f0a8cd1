package dev_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/dev"
)

func TestMain(m *testing.M) {
	code := m.Run()
	// The embedded server goes on for some seconds trying to set up the source of a history that was shut
	// down at once.
	server := goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3")
	if err := goleak.Find(server); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if dir, _ := holdfast(); dir != "" {
		_ = os.RemoveAll(filepath.Dir(dir))
	}
	os.Exit(code)
}

// holdfast is the program that people run, built once.
var holdfast = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "holdfast-test-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "holdfast")
	out, err := exec.Command("go", "build", "-o", program, "holdfast/cmd/holdfast").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build holdfast: %w\n%s", err, out)
	}
	return program, err
})

// options are for a stack on free ports that runs the real worker.
func options(t *testing.T) dev.Options {
	t.Helper()
	program, err := holdfast()
	if err != nil {
		t.Fatal(err)
	}
	return dev.Options{Program: program, Err: t.Output()}
}

// patient is how long a test waits for a stack; cold, its parts are built first.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// start starts a stack and stops it when the test ends.
func start(t *testing.T, o dev.Options) *dev.Stack {
	t.Helper()
	s, err := dev.Start(patient(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *dev.Stack) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

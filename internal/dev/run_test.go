package dev_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"holdfast/internal/dev"
)

type ready struct {
	Ready bool `json:"ready"`
	dev.Places
	Worker      int      `json:"worker_pid"`
	Connections []string `json:"connections"`
}

// run runs dev.Run and gives its ready line, and what ends it.
func run(t *testing.T, o dev.Options) (line ready, end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(patient(t))
	r, w := io.Pipe()
	o.JSON, o.Out = true, w
	done := make(chan error, 1)
	go func() {
		err := dev.Run(ctx, o)
		_ = w.CloseWithError(errors.Join(err, io.EOF))
		done <- err
	}()
	text, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("no ready line: %v; %v", err, <-done)
	}
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatalf("the ready line is no JSON: %v: %s", err, text)
	}
	return line, func() error { cancel(); return <-done }
}

func answers(t *testing.T, url string) bool {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err == nil
}

func TestRun_SaysWhereEverythingIsAndLeavesNothingBehind(t *testing.T) {
	line, end := run(t, options(t))
	urls := []string{line.Vault + "/v1/sys/health", line.Provider + "/.well-known/openid-configuration",
		line.Target + "/echo", line.Metrics + "/metrics"}
	for _, url := range urls {
		if !answers(t, url) {
			t.Errorf("%s does not answer", url)
		}
	}
	if !line.Ready || len(line.Connections) != 7 || line.Kept || line.Worker == 0 {
		t.Errorf("ready line: %+v", line)
	}
	for _, secretive := range []string{line.Config, filepath.Join(line.Data, "worker-secret-id"), line.Log} {
		info, err := os.Stat(secretive)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", secretive, info, err)
		}
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	for _, url := range urls {
		if answers(t, url) {
			t.Errorf("%s still answers", url)
		}
	}
	if p, err := os.FindProcess(line.Worker); err == nil && p.Signal(syscall.Signal(0)) == nil {
		t.Error("the worker is still there")
	}
	if _, err := os.Stat(line.Data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the data folder is still there: %v", err)
	}
}

func TestRun_AWorkerThatDoesNotStartIsGivenUpWithItsLastWords(t *testing.T) {
	o := options(t)
	o.Program = filepath.Join(t.TempDir(), "broken")
	script := "#!/bin/sh\necho these are its last words >&2\nexit 3\n"
	if err := os.WriteFile(o.Program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	err := dev.Run(patient(t), o)
	if err == nil || !strings.Contains(err.Error(), "these are its last words") {
		t.Errorf("error: %v", err)
	}
}

func TestRun_APartThatEndsByItselfEndsTheStack(t *testing.T) {
	s := start(t, options(t))
	if err := s.Vault.Seal(t.Context()); err != nil { // sealed is not ended
		t.Fatal(err)
	}
	select {
	case err := <-s.Failed():
		t.Errorf("a sealed Vault ended the stack: %v", err)
	default:
	}
	provider, err := os.FindProcess(s.Places.ProviderPID)
	if err != nil {
		t.Fatal(err)
	}
	if err := provider.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-s.Failed(); err == nil || !strings.Contains(err.Error(), "OAuth provider ended by itself") {
		t.Errorf("error: %v", err)
	}
	// Stopping tells of the provider's end once more, and stops the rest.
	if err := s.Stop(); err == nil || !strings.Contains(err.Error(), "OAuth provider") {
		t.Errorf("stop: %v", err)
	}
}

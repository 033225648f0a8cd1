package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/bus"
)

// command runs a command line in this process, with stdin, and gives its exit code and all that it printed.
func (s *stand) command(t *testing.T, stdin string, args ...string) (int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	environ := []string{"NATS_URL=" + s.nats.ClientURL(), "VAULT_ADDR=" + s.proxy.Address, "VAULT_TOKEN=" + s.vault.RootToken}
	code := run(t.Context(), args, environ, streams{in: strings.NewReader(stdin), out: &out, err: &errs})
	return code, out.String() + errs.String()
}

// Every way to give a secret, well and badly, with Vault open and sealed: it is in Vault, and in no output, no
// error and no message of the bus.
func TestC2_NoSecretLeavesVault(t *testing.T) {
	s := newStand(t)
	of := func(args ...string) []string {
		return append([]string{"connections", args[0], "--tenant", "acme", "--actor", "ann"}, args[1:]...)
	}
	basic := []string{"--method", "basic", "--setting", "base_url=https://crm.example.com", "--secret-stdin", "--id", "crm", "--name"}
	object := `{"username":"ada","password":"CANARY-password-1"}`
	for _, step := range []struct {
		code  int
		stdin string
		args  []string
	}{
		{exitUsage, "CANARY-password-1", of(append([]string{"create"}, append(slices.Clone(basic), "CRM")...)...)},
		{exitUsage, `{"username":"ada","password":"CANARY-password-1"`, of(append([]string{"create"}, append(slices.Clone(basic), "CRM")...)...)},
		{exitUsage, `{"username":"ada","passwort":"CANARY-password-1"}`, of(append([]string{"create"}, append(slices.Clone(basic), "CRM")...)...)},
		{exitUsage, object, of(append([]string{"create"}, append(slices.Clone(basic), "C<RM")...)...)},
		{exitOK, object, of(append([]string{"create", "--json"}, append(slices.Clone(basic), "CRM")...)...)},
		{exitRefused, object, of("rotate", "crm", "--secret-stdin", "--json", "--actor", "dan")},
		{exitOK, "CANARY-password-2", of("rotate", "crm", "--secret-stdin", "--username", "ada")},
		{exitUsage, "CANARY-password-2", of("rotate", "crm", "--secret-stdin", "--whole")},
		{exitOK, `{"api_key":"CANARY-key"}`, of("edit", "crm", "--method", "api_key", "--secret-stdin")},
	} {
		code, out := s.command(t, step.stdin, step.args...)
		if code != step.code || strings.Contains(out, "CANARY") {
			t.Fatalf("%v: exit code %d, want %d\n%s", step.args, code, step.code, out)
		}
	}
	s.vault.Seal(t)
	code, out := s.command(t, "CANARY-key-2", of("rotate", "crm", "--secret-stdin")...)
	if code != exitUnreachable || strings.Contains(out, "CANARY") {
		t.Errorf("sealed: exit code %d\n%s", code, out)
	}
	s.vault.Unseal(t)
	if s.versions(t, "crm") < 3 {
		t.Errorf("Vault has %d versions", s.versions(t, "crm"))
	}
	for _, stream := range []string{events.StreamConnections, events.StreamNotices, events.StreamDeadLetters, events.StreamRegistry} {
		for r, err := range s.bus.Records(context.Background(), bus.Search{Stream: stream}) {
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(r.Raw, []byte("CANARY")) {
				t.Errorf("%s %d holds the secret", stream, r.Sequence)
			}
		}
	}
}

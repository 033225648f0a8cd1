package dev_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/dev"
	"holdfast/internal/dev/witness"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

func watch(t *testing.T, s *dev.Stack) *witness.Witness {
	t.Helper()
	w, err := witness.Start(t.Context(), s.Places.NATS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// completes runs an action with a connection of the demonstration tenant and fails unless it completes.
func completes(t *testing.T, s *dev.Stack, w *witness.Witness, connection string) {
	t.Helper()
	id := fmt.Sprintf("req-%s-%d", connection, time.Now().UnixNano())
	path := "/items"
	if connection == "demo-none" {
		path = "" // its base URL is all there is
	}
	input := `{"method":"POST","path":"` + path + `","body":{"name":"Ada"}}`
	_, err := s.Publish(t.Context(), dev.DemoTenant, events.ActionRequested, events.Request{
		ID: id, Workflow: "w", Run: "run-" + id, Step: "s", StepKind: events.ActionStep, Connection: connection,
		Action: events.Action{Connector: "http", Operation: "request", Input: json.RawMessage(input)},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var last witness.Record
	err = w.Await(ctx, func(records []witness.Record) bool {
		for _, r := range records {
			if r.Subject == events.LedgerSubject(dev.DemoTenant, id) {
				last = r
			}
		}
		return last.Type.Ends()
	})
	if err != nil || last.Type != events.ActionCompleted {
		t.Errorf("%s: %v, last on the ledger: %s %s", connection, err, last.Type, last.Data)
	}
}

func TestC5_EveryWayToAuthenticateHasADemonstrationThatWorks(t *testing.T) {
	s := start(t, options(t))
	w := watch(t, s)
	for _, id := range []string{"demo-none", "demo-basic", "demo-api-key", "demo-bearer", "demo-client-credentials",
		"demo-refresh-token", "demo-jwt-bearer"} {
		t.Run(id, func(t *testing.T) { completes(t, s, w, id) })
	}
}

func TestStack_KeptDataAreThereAfterASecondStart(t *testing.T) {
	o := options(t)
	o.Data = filepath.Join(t.TempDir(), "data")
	first := start(t, o)
	w := watch(t, first)
	mine := first.SharedConnection("mine", "Mine", "/key", events.AuthSettings{Method: "api_key"})
	if _, err := first.Vault.Put(t.Context(), dev.DemoTenant, "mine", map[string]string{"api_key": "demo-key"}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Publish(t.Context(), dev.DemoTenant, events.ConnectionCreated, mine); err != nil {
		t.Fatal(err)
	}
	completes(t, first, w, "mine")
	if _, err := dev.Start(t.Context(), o); !errors.Is(err, dev.ErrInUse) {
		t.Errorf("a second stack on the same folder: %v", err)
	}
	target := first.Places.Target
	w.Close()
	stop(t, first)

	_, port, _ := strings.Cut(strings.TrimPrefix(target, "http://"), ":")
	if _, err := fmt.Sscan(port, &o.Ports.Target.Number); err != nil {
		t.Fatal(err)
	}
	o.Ports.Target.Fixed = true // the connection names it
	second := start(t, o)
	completes(t, second, watch(t, second), "mine")
}

func TestStack_UsesABusAndAVaultOfOnesOwn(t *testing.T) {
	bus, vault := testkit.StartNATS(t), testkit.StartVault(t)
	o := options(t)
	o.NATSURL, o.VaultAddress = bus.ClientURL(), vault.Address
	if _, err := dev.Start(patient(t), o); err == nil || !strings.Contains(err.Error(), "VAULT_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
	o.VaultToken = secret.New(vault.RootToken)
	s := start(t, o)
	if s.Places.NATS != bus.ClientURL() || s.Places.Vault != vault.Address || s.Places.Token != "" {
		t.Errorf("places: %+v", s.Places)
	}
	if err := s.Vault.Seal(t.Context()); err == nil {
		t.Error("a Vault that is not ours was sealed")
	}
	completes(t, s, watch(t, s), "demo-basic")
}

// The lines that people are told to copy are run as they are, and do what is said of them.
func TestGuide_EveryCommandRunsAndDoesWhatItSays(t *testing.T) {
	s := start(t, options(t))
	w := watch(t, s)
	text, err := dev.Guide(s)
	if err != nil {
		t.Fatal(err)
	}
	commands := []string{"set -e"}
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	cmd := exec.CommandContext(patient(t), "sh", "-c", strings.Join(commands, "\n"))
	out, err := cmd.CombinedOutput()
	if err != nil || len(commands) != 13 {
		t.Errorf("%d commands: %v\n%s\nsaid:\n%s", len(commands)-1, err, strings.Join(commands, "\n"), out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var seen []string
	err = w.Await(ctx, func(records []witness.Record) bool {
		seen = nil
		for _, r := range records {
			if r.Stream == events.StreamSuspensions || r.Type.Ends() {
				seen = append(seen, r.Type.Noun()+"."+r.Type.What())
			}
		}
		return len(seen) == 4
	})
	slices.Sort(seen) // streams overtake each other
	want := []string{"action.completed", "action.completed", "suspension.resumed", "suspension.suspended"}
	if err != nil || !slices.Equal(seen, want) {
		t.Errorf("%v, saw %v\nsaid:\n%s", err, seen, out)
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

// newOperatorsStand is a stand whose bus has the logins of deploy/nats: the worker's, and an operator's for the commands.
func newOperatorsStand(t *testing.T) *stand {
	t.Helper()
	s := newLoginsStand(t)
	s.crm(t, "acme")
	return s
}

// newLoginsStand is one without connections.
func newLoginsStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{}
	s.nats, s.bus = testkit.StartBusWithLogins(t, "../../deploy/nats", []string{"worker", "operator"})
	s.surround(t)
	s.work(t, func(c *config.Config) { c.NATS.User, c.NATS.Password = "worker", secret.New("worker") })
	return s
}

// crm gives tenants a connection that works.
func (s *stand) crm(t *testing.T, tenants ...string) {
	t.Helper()
	for _, tenant := range tenants {
		s.vault.Put(t, "holdfast/"+tenant+"/conn/crm/config", map[string]any{"username": "demo", "password": "demo-password"})
		testkit.Publish(t, s.bus, tenant, events.ConnectionCreated, events.Connection{ID: "crm", Name: "CRM", Type: "http", Kind: events.Shared,
			Availability: events.Availability{Level: "tenant"}, Owners: []string{"ann"}, Actor: events.ActorSystem, Auth: events.AuthSettings{Method: "basic"},
			Settings: json.RawMessage(fmt.Sprintf(`{"base_url":%q}`, s.target+"/basic"))})
	}
	registry := s.bus.Registry()
	testkit.Eventually(t, 20*time.Second, "the connections", func() bool {
		return !slices.ContainsFunc(tenants, func(tenant string) bool {
			e, _, err := registry.Fresh(t.Context(), tenant, "crm")
			return err != nil || e == nil || e.Missing
		})
	})
}

// asOperator is the environment of commands with exactly an operator's login.
func (s *stand) asOperator() []string {
	return []string{"NATS_URL=" + s.nats.ClientURL(), "HOLDFAST_NATS_USER=operator", "HOLDFAST_NATS_PASSWORD=operator",
		"HOLDFAST_NATS_INBOX_PREFIX=" + testkit.InboxOf("operator")}
}

// runLetterScripts runs the scripts of testdata/deadletters whose names begin with prefix, with exactly an operator's
// login.
func runLetterScripts(t *testing.T, prefix string) {
	t.Helper()
	files, err := filepath.Glob("testdata/deadletters/" + prefix + "*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts %s: %v", prefix, err)
	}
	for _, file := range files {
		s := newOperatorsStand(t)
		testscript.Run(t, testscript.Params{
			Files: []string{file},
			Setup: func(e *testscript.Env) error { e.Vars = append(e.Vars, s.asOperator()...); return nil },
			Cmds:  map[string]func(*testscript.TestScript, bool, []string){"code": exitCode, "publish": s.upstream, "letters": s.letters},
		})
	}
}

// upstream publishes a file as an upstream system does, unchecked, NOW in it being the time: `publish action.requested FILE`.
func (s *stand) upstream(ts *testscript.TestScript, _ bool, args []string) {
	t := events.Type("holdfast." + args[0] + ".v1")
	_, err := s.bus.PublishEvent(context.Background(), events.SubjectOf("acme", t), args[1], []byte(strings.Replace(ts.ReadFile(args[1]), "NOW", time.Now().UTC().Format(time.RFC3339), 1)))
	ts.Check(err)
}

// letters waits until there are so many dead letters, and makes $LETTER the last one's sequence: `letters 2`.
func (s *stand) letters(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, args[0]+" dead letters", func() bool {
		var all []uint64
		for r, err := range s.bus.Records(context.Background(), bus.Search{Stream: events.StreamDeadLetters, Filter: "hf.*.deadletter.*"}) {
			ts.Check(err)
			all = append(all, r.Sequence)
		}
		if fmt.Sprint(len(all)) != args[0] {
			return false
		}
		ts.Setenv("LETTER", fmt.Sprint(all[len(all)-1]))
		return true
	})
}

func TestO1_DeadLetterScripts(t *testing.T) { runLetterScripts(t, "o1_") }

func TestO2_DeadLetterScripts(t *testing.T) { runLetterScripts(t, "o2_") }

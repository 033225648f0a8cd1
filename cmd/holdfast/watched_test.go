package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

// newWatchedStand is one with roles, too.
func newWatchedStand(t *testing.T) *stand {
	t.Helper()
	s := newLoginsStand(t)
	s.roles(t)
	return s
}

// watching is the environment of commands that look at a watched stand.
func (s *stand) watching() []string {
	return append(s.asOperator(), "VAULT_ADDR="+s.vault.Address, "VAULT_TOKEN="+s.vault.RootToken,
		"WORKER=http://"+s.worker.MetricsAddr().String())
}

func runStories(t *testing.T, file string) {
	t.Helper()
	s, path := newWatchedStand(t), filepath.Join("testdata", "explain", file)
	testscript.Run(t, testscript.Params{
		Files: []string{path},
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, s.watching()...)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode, "connect": s.scriptConnect(t), "secret": s.scriptSecret(t), "locked": s.scriptLocked,
			"request": s.scriptRequest(t), "until": s.scriptUntil, "same": sameStory(path), "seal": s.scriptSeal(t), "send": s.scriptSend(t),
			"delivered": s.scriptDelivered, "forget": s.scriptForget,
			"letters": s.letters, "answers": s.scriptAnswers,
		},
	})
}

type scriptCommand = func(*testscript.TestScript, bool, []string)

// scriptConnect creates a connection to the target whose password is right: `connect crm [suspend_for_seconds]`.
func (s *stand) scriptConnect(t *testing.T) scriptCommand {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		var suspendFor events.Seconds
		if len(args) > 1 {
			ts.Check(json.Unmarshal([]byte(args[1]), &suspendFor))
		}
		s.connect(t, args[0], suspendFor)
	}
}

func (s *stand) connect(t *testing.T, id string, suspendFor events.Seconds) {
	t.Helper()
	s.secretOf(t, id, "demo-password")
	s.publish(t, "acme", events.ConnectionCreated, events.Connection{ID: id, Name: id, Type: "http", Kind: events.Shared,
		Availability: events.Availability{Level: "tenant"}, Owners: []string{"ann"}, Actor: "ann", Auth: events.AuthSettings{Method: "basic"},
		Settings: json.RawMessage(fmt.Sprintf(`{"base_url":%q,"test_path":"/me"}`, s.target+"/basic")), SuspendFor: suspendFor})
	testkit.Eventually(t, 20*time.Second, "connection "+id, func() bool {
		e, _, err := s.bus.Connection(context.Background(), "acme", id)
		return err == nil && e != nil && e.Works()
	})
}

func (s *stand) secretOf(t *testing.T, connection, password string) {
	t.Helper()
	s.vault.Put(t, "holdfast/acme/conn/"+connection+"/config", map[string]any{"username": "demo", "password": password})
}

// scriptSecret writes a password to Vault and tells nobody: `secret crm PASSWORD`.
func (s *stand) scriptSecret(t *testing.T) scriptCommand {
	return func(_ *testscript.TestScript, _ bool, args []string) { s.secretOf(t, args[0], args[1]) }
}

// scriptLocked gives the target's account another password: `locked PASSWORD`.
func (s *stand) scriptLocked(_ *testscript.TestScript, _ bool, args []string) {
	s.system.SetPassword("demo", args[0])
}

// scriptAnswers lets the target answer everything with a status: `answers 503`; 0: as it should.
func (s *stand) scriptAnswers(ts *testscript.TestScript, _ bool, args []string) {
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	if status == 0 {
		s.system.SetFault(nil)
		return
	}
	s.system.SetFault(&devtarget.Fault{Status: status})
}

// scriptSeal seals Vault, `! seal` unseals it.
func (s *stand) scriptSeal(t *testing.T) scriptCommand {
	return func(_ *testscript.TestScript, open bool, _ []string) {
		if open {
			s.vault.Unseal(t)
			return
		}
		s.vault.Seal(t)
	}
}

// scriptRequest asks for an item at the target: `request ID RUN CONNECTION [at_most_once]`.
func (s *stand) scriptRequest(t *testing.T) scriptCommand {
	return func(_ *testscript.TestScript, _ bool, args []string) {
		delivery := events.AtLeastOnce
		if len(args) > 3 {
			delivery = events.Delivery(args[3])
		}
		s.request(t, args[0], args[1], args[2], delivery)
	}
}

func (s *stand) request(t *testing.T, id, run, connection string, delivery events.Delivery) {
	t.Helper()
	s.publish(t, "acme", events.ActionRequested, events.Request{ID: id, Workflow: "onboarding", Run: run, Step: "create-item",
		StepKind: events.ActionStep, Connection: connection, ActingUser: "ben", Delivery: delivery,
		Action: events.Action{Connector: "http", Operation: "request",
			Input: json.RawMessage(`{"method":"POST","path":"/items","body":{"name":"one"}}`)}})
}

// scriptSend publishes an event as an upstream system does: `send TYPE JSON`.
func (s *stand) scriptSend(t *testing.T) scriptCommand {
	return func(_ *testscript.TestScript, _ bool, args []string) {
		s.publish(t, "acme", events.Type(args[0]), json.RawMessage(args[1]))
	}
}

// scriptUntil waits until something is stored about requests or, of its notices, a connection: `until action.completed
// req-1 …`; `until suspension.suspended:2 req-1`: for the second time.
func (s *stand) scriptUntil(ts *testscript.TestScript, _ bool, args []string) {
	what, nth, _ := strings.Cut(args[0], ":")
	times, err := strconv.Atoi(cmp.Or(nth, "1"))
	ts.Check(err)
	for _, id := range args[1:] {
		if !s.comes(ts, what, id, times) {
			ts.Fatalf("%s of %s did not come", args[0], id)
		}
	}
}

// comes looks at the ledger for an action, at the chain for a suspension, at notices for a connection.
func (s *stand) comes(ts *testscript.TestScript, what, id string, times int) bool {
	search := bus.Search{Stream: events.StreamSuspensions, Filter: events.Chain{Tenant: "acme", Request: id}.Filter()}
	switch noun, _, _ := strings.Cut(what, "."); noun {
	case "action":
		search = bus.Search{Stream: events.StreamOutcomes, Filter: events.LedgerSubject("acme", id)}
	case "deadletter":
		search = bus.Search{Stream: events.StreamDeadLetters, Filter: events.DeadLetterSubject("acme", "*")}
	case "connection":
		search = bus.Search{Stream: events.StreamNotices, Filter: events.NoticesFilter("acme"), Holding: []string{id}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for r, err := range s.bus.Follow(ctx, search) {
		ts.Check(err)
		if strings.HasPrefix(string(r.Type), "holdfast."+what+".v") {
			if times--; times == 0 {
				return true
			}
		}
	}
	return false
}

// scriptDelivered waits until what is open was delivered more than once (`delivered again`), or until the workers have
// stopped to ask for messages (`delivered paused`).
func (s *stand) scriptDelivered(ts *testscript.TestScript, _ bool, args []string) {
	actions := bus.Durable{Stream: events.StreamActions, Name: bus.DurableActions}
	eventually(ts, args[0], func() bool {
		c, err := s.bus.Consumer(context.Background(), actions)
		ts.Check(err)
		return args[0] == "again" && c.Again > 0 || args[0] == "paused" && c.Asking == 0
	})
}

// scriptForget empties what the ledger's age would, or the streams that are named.
func (s *stand) scriptForget(ts *testscript.TestScript, _ bool, streams []string) {
	if len(streams) == 0 {
		streams = []string{events.StreamActions, events.StreamOutcomes, events.StreamSuspensions}
	}
	nc, err := nats.Connect(s.nats.ClientURL(), nats.UserInfo(testkit.Root, testkit.Root))
	ts.Check(err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	ts.Check(err)
	for _, name := range streams {
		stream, err := js.Stream(context.Background(), name)
		ts.Check(err)
		ts.Check(stream.Purge(context.Background()))
	}
}

var (
	instants = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z`)
	spans    = regexp.MustCompile(`\((in )?(\d+[dhms] ?)+( ago)?\)`)
	places   = regexp.MustCompile(`\[(HF_[A-Z]+) \d+\]`)
)

// update writes what was printed into the scripts: look at the difference.
var update = flag.Bool("update", false, "rewrite expected output")

// sameStory compares the last output with a file of the script, whatever the time: `same stdout want.txt`.
func sameStory(script string) scriptCommand {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		got := timeless(ts.ReadFile(args[0]))
		if *update {
			archive, err := txtar.ParseFile(script)
			ts.Check(err)
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == args[1] })
			archive.Files[i].Data = []byte(got)
			ts.Check(os.WriteFile(script, txtar.Format(archive), 0o600))
			return
		}
		if want := ts.ReadFile(args[1]); got != want {
			ts.Fatalf("got:\n%s\nwant:\n%s", got, want)
		}
	}
}

func timeless(text string) string {
	text = instants.ReplaceAllStringFunc(text, func(s string) string {
		if len(s) == len("2006-01-02 15:04:05Z") {
			return "YYYY-MM-DD hh:mm:ssZ"
		}
		return "TIME"
	})
	text = spans.ReplaceAllString(text, "($1…$3)")
	return places.ReplaceAllString(text, "[$1 N]")
}

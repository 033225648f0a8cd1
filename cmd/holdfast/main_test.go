package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/natsd"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"holdfast": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode, "nats": startNATS, "seed": seed, "used": used, "letter": poisoned, "processes": seedProcesses, "directory": seedDirectory, "worker": answer, "ask": ask, "lose": lose,
		},
	})
}

// exitCode runs a command that must exit with the code: `code 2 holdfast …`.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("%v: want exit code %s, got %v", args[1:], args[0], err)
	}
}

// startNATS starts a server for the script and points the commands to it.
func startNATS(ts *testscript.TestScript, _ bool, _ []string) {
	s, err := natsd.Start(natsd.Options{StoreDir: filepath.Join(ts.Getenv("WORK"), "nats")})
	ts.Check(err)
	ts.Defer(s.Shutdown)
	ts.Setenv("NATS_URL", s.ClientURL())
}

func connect(ts *testscript.TestScript) *bus.Bus {
	b, err := bus.Connect(context.Background(), bus.Config{URLs: []string{ts.Getenv("NATS_URL")}}, zerolog.Nop(), nil)
	ts.Check(err)
	ts.Defer(b.Close)
	return b
}

// seed puts a broken connection, an unbroken one and two suspensions of the broken one on the bus, as a
// worker does.
func seed(ts *testscript.TestScript, _ bool, _ []string) {
	b, ctx := connect(ts), context.Background()
	now := time.Now()
	broken := entry("crm", "CRM \x1b[31m\u202e")
	broken.Broken = &connection.Broken{Reason: fault.BadCredentials, Detail: "the target answered 401", Since: now,
		Fence: connection.Fence{Generation: 1, SecretVersion: 3}}
	registry := b.Registry()
	for _, e := range []*connection.Entry{broken, entry("erp", "ERP")} {
		_, err := registry.Put(ctx, e, 0)
		ts.Check(err)
	}
	for _, request := range []string{"req-1", "req-2"} {
		_, err := b.Journal().Append(ctx, suspension(request).Chain().Subject(), 0,
			event(ts, events.SuspensionSuspended, suspension(request)))
		ts.Check(err)
	}
	ledger(ts, b, "req-1", events.ActionSuspended)
	ledger(ts, b, "req-3", events.ActionStarted, events.ActionUnknown)
	ledger(ts, b, "req-4", events.ActionStarted)
	letter(ts, b, fault.SchemaViolation, events.DeadLetterData{Field: "/data/step_kind", Detail: "one of action, form",
		Original: []byte("{\"id\":\"\x1b[31m\"}"), OriginalBytes: 13})
	letter(ts, b, fault.SecretInEvent, events.DeadLetterData{Field: "/data/auth/password", Detail: "a secret",
		OriginalBytes: 99, Withheld: true})
}

// used notes a use of a connection, as a worker does: `used crm wf s1 completed`.
func used(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(connect(ts).Uses().Put(context.Background(), events.Use{Tenant: "acme", Connection: args[0], Workflow: args[1], Step: args[2],
		Process: "onboarding", ProcessVersion: "7", LastUsed: time.Now(), Outcome: args[3]}))
}

// ledger appends events to a request's ledger.
func ledger(ts *testscript.TestScript, b *bus.Bus, request string, types ...events.Type) {
	last := uint64(0)
	for _, t := range types {
		var err error
		last, err = b.Journal().Append(context.Background(), events.LedgerSubject("acme", request), last,
			event(ts, t, events.Outcome{Tenant: "acme", Request: request, Workflow: "wf", Run: "run-" + request, Step: "s1",
				Connection: "crm", Generation: 1, SecretVersion: 3}))
		ts.Check(err)
	}
}

// letter stores a dead letter of the first action request.
func letter(ts *testscript.TestScript, b *bus.Bus, reason fault.Reason, l events.DeadLetterData) {
	l.Tenant, l.Reason, l.Subject = "acme", string(reason), events.SubjectOf("acme", events.ActionRequested)
	l.Origin, l.Consumer, l.Deliveries = events.Origin{Stream: events.StreamActions, Sequence: 1}, bus.DurableActions, 1
	raw, err := event(ts, events.DeadLetter, l).Encode()
	ts.Check(err)
	_, err = b.PublishEvent(context.Background(), events.DeadLetterSubject("acme", reason), string(reason)+l.EventID, raw)
	ts.Check(err)
}

// poisoned stores a dead letter of a good request as a worker does: `letter req-1`.
func poisoned(ts *testscript.TestScript, _ bool, args []string) {
	raw, err := event(ts, events.ActionRequested, events.Request{ID: args[0], Workflow: "wf", Run: "run-" + args[0], Step: "step-1",
		StepKind: events.ActionStep, Connection: "crm", Action: events.Action{Connector: "noop", Operation: "noop"}}).Encode()
	ts.Check(err)
	letter(ts, connect(ts), fault.Poison, events.DeadLetterData{Detail: "took workers down", EventID: args[0], Type: string(events.ActionRequested),
		Original: raw, OriginalBytes: len(raw), Tries: 1, FirstStored: time.Now()})
}

func entry(id, name string) *connection.Entry {
	return &connection.Entry{Generation: 1, Sequence: 1, Connection: events.Connection{
		Tenant: "acme", ID: id, Name: name, Type: "http", Kind: events.Shared, Owners: []string{"ann"},
		Availability: events.Availability{Level: "tenant"}, Auth: events.AuthSettings{Method: "basic"},
		Settings: json.RawMessage(`{"base_url":"https://example.com"}`),
	}}
}

func suspension(request string) events.Suspension {
	now := time.Now()
	return events.Suspension{
		Tenant: "acme", Connection: "crm", Run: "run-" + request, Request: request, Workflow: "wf", Step: "s1",
		Reason: string(fault.BadCredentials), Detail: "the target answered 401", Generation: 1, SecretVersion: 3,
		SuspendedAt: now, TerminatesAt: now.Add(240 * time.Hour), Original: json.RawMessage(`{}`),
	}
}

func event(ts *testscript.TestScript, t events.Type, payload any) events.Event {
	e, err := events.New(t, time.Now(), payload)
	ts.Check(err)
	return e
}

// answer does what a worker does on a resume_requested: `worker req-1` resumes that request's chain.
func answer(ts *testscript.TestScript, _ bool, args []string) {
	b := connect(ts)
	nc, err := nats.Connect(ts.Getenv("NATS_URL"))
	ts.Check(err)
	ts.Defer(nc.Close)
	s := suspension(args[0])
	s.Cause, s.Actor = events.CauseOperator, "ann"
	e := event(ts, events.SuspensionResumed, s)
	_, err = nc.Subscribe(events.SubjectOf("acme", events.SuspensionResumeRequested), func(*nats.Msg) {
		last, err := b.Journal().Last(context.Background(), s.Chain().Subject())
		if err == nil {
			_, _ = b.Journal().Append(context.Background(), s.Chain().Subject(), last.Sequence, e)
		}
	})
	ts.Check(err)
	ts.Check(nc.Flush())
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain ö":       "plain ö",
		"\x1b[31mred":   `\u001b[31mred`,
		"a\nb\tc":       `a\u000ab\u0009c`,
		"c1 \u009b31m":  `c1 \u009b31m`,
		"bidi \u202eab": `bidi \u202eab`,
		"bad \xff":      `bad \ufffd`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestAsciiOnlyIsTheSameJSON(t *testing.T) {
	in := "ö 😀 \u009b \u202e \x7f"
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out string
	if err := json.Unmarshal(asciiOnly(raw), &out); err != nil || out != in {
		t.Errorf("got %q, %v", out, err)
	}
	for _, c := range asciiOnly(raw) {
		if c < 0x20 || c >= 0x7f {
			t.Errorf("byte %x is left", c)
		}
	}
}

// Every subcommand is described, and every one that prints objects is in the contract.
func TestEveryCommandIsDocumented(t *testing.T) {
	contract, err := os.ReadFile("../../docs/cli-json.md")
	if err != nil {
		t.Fatal(err)
	}
	c := &command{}
	for _, cmd := range c.root().Commands() {
		if cmd.Short == "" {
			t.Errorf("%s has no description", cmd.CommandPath())
		}
		if cmd.Runnable() && cmd.Name() != "help" && !containsHeading(string(contract), cmd.CommandPath()) {
			t.Errorf("docs/cli-json.md says nothing of %s", cmd.CommandPath())
		}
	}
}

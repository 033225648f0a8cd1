package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/replay"
	"holdfast/internal/testkit"
)

// requested stores n requests for a connection that nobody made.
func (s *stand) requested(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		testkit.Publish(t, s.bus, "acme", events.ActionRequested, events.Request{ID: fmt.Sprintf("req-%d", i+1), Workflow: "wf",
			Run: fmt.Sprintf("run-%d", i+1), Step: "s1", StepKind: events.ActionStep, Connection: "crm",
			Action: events.Action{Connector: "http", Operation: "request"}})
	}
}

// lost stores n requests that no worker will be given.
func (s *stand) lost(t *testing.T, n int) {
	t.Helper()
	s.requested(t, n)
	if err := testkit.Lose(t.Context(), s.nats.ClientURL(), events.StreamActions, bus.DurableActions, n); err != nil {
		t.Fatal(err)
	}
}

// lose answers requests as if a worker had, and nothing comes of them: `lose 2`.
func lose(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(testkit.Lose(context.Background(), ts.Getenv("NATS_URL"), events.StreamActions, bus.DurableActions, n))
}

// ask publishes a request, as an upstream system does: `ask req-1 crm`.
func ask(ts *testscript.TestScript, _ bool, args []string) {
	raw, err := event(ts, events.ActionRequested, events.Request{ID: args[0], Workflow: "wf", Run: "run-" + args[0], Step: "s1",
		StepKind: events.ActionStep, Connection: args[1],
		Action: events.Action{Connector: "http", Operation: "request", Input: json.RawMessage(`{"method":"GET","path":"/"}`)}}).Encode()
	ts.Check(err)
	_, err = connect(ts).PublishEvent(context.Background(), events.SubjectOf("acme", events.ActionRequested), args[0], raw)
	ts.Check(err)
}

// drivenAgain is how often each original was published again.
func (s *stand) drivenAgain(t *testing.T) map[string]int {
	t.Helper()
	all := make(map[string]int)
	for m, err := range s.bus.Messages(t.Context(), bus.Search{Stream: events.StreamActions}) {
		if err != nil {
			t.Fatal(err)
		}
		if of := m.Get(events.HeaderOriginal); of != "" {
			all[of]++
		}
	}
	return all
}

// drivenOnce makes sure that each of n originals was published again once.
func (s *stand) drivenOnce(t *testing.T, n int) {
	t.Helper()
	all := s.drivenAgain(t)
	for of, times := range all {
		if times != 1 {
			t.Errorf("%d copies of %s", times, of)
		}
	}
	if len(all) != n {
		t.Errorf("%d of %d were driven", len(all), n)
	}
}

var replayingAll = []string{"replay", "--tenant", "acme", "--yes", "--wait", "1ms"}

// The process is killed in the middle; the same command goes on, and every request was driven again once.
func TestO2_AReplayThatWasKilledGoesOnWhereItWas(t *testing.T) {
	const n = 300
	s := newIdleStand(t)
	s.lost(t, n)
	cmd, _ := s.process(t, "", append(replayingAll, "--rate", "100/s")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, "a third to be driven", func() bool { return len(s.drivenAgain(t)) >= n/3 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	before := len(s.drivenAgain(t))
	if before == n {
		t.Fatal("it was done before it was killed: this proves nothing")
	}
	cmd, out := s.process(t, "", append(replayingAll, "--rate", "0", "--json")...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("again: %v\n%s", err, out)
	}
	var res replay.Result
	if err := json.Unmarshal([]byte(lastLine(out.String())), &res); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if res.Before == 0 || res.Before > before || res.First != 1 || res.Last != n || res.From != uint64(res.Before)+1 {
		t.Errorf("of %d that were driven: %+v", before, res)
	}
	s.drivenOnce(t, n)
	t.Logf("%d driven before, %d noted", before, res.Before)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// The bus goes away in the middle: the command says so, and goes on when it is back.
func TestO2_AReplayWhoseBusIsGoneGoesOn(t *testing.T) {
	const n = 200
	s := newIdleStand(t)
	s.lost(t, n)
	cmd, out := s.process(t, "", append(replayingAll, "--rate", "50/s")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, "some to be driven", func() bool { return len(s.drivenAgain(t)) >= n/4 })
	s.nats.Shutdown()
	_ = cmd.Wait() // the exit code tells
	if code := cmd.ProcessState.ExitCode(); code != exitUnreachable {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	s.nats.Start()
	t.Logf("%d driven before: %s", len(s.drivenAgain(t)), out)
	testkit.Eventually(t, 60*time.Second, "the same command to go on", func() bool {
		cmd, out = s.process(t, "", append(replayingAll, "--rate", "0")...)
		return cmd.Run() == nil
	})
	if !strings.Contains(out.String(), "before it was interrupted") {
		t.Errorf("it began anew: %s", out)
	}
	s.drivenOnce(t, n)
}

// A copy that was killed goes on in its file, which has each message once.
func TestO2_ACopyThatWasKilledGoesOnInItsFile(t *testing.T) {
	const n = 300
	s := newIdleStand(t)
	s.requested(t, n)
	file := filepath.Join(t.TempDir(), "copy.jsonl")
	cmd, _ := s.process(t, "", "replay", "--out", file, "--rate", "100/s")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, "a third to be copied", func() bool { return len(linesOf(t, file)) >= n/3 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if len(linesOf(t, file)) >= n {
		t.Fatal("it was done before it was killed: this proves nothing")
	}
	cmd, out := s.process(t, "", "replay", "--out", file, "--rate", "0")
	if err := cmd.Run(); err != nil {
		t.Fatalf("again: %v\n%s", err, out)
	}
	for i, line := range linesOf(t, file) {
		if line.Sequence != uint64(i+1) || line.Subject != "hf.acme.action.requested" || len(line.Event) == 0 {
			t.Fatalf("line %d is %+v", i+1, line)
		}
	}
	if got := len(linesOf(t, file)); got != n {
		t.Errorf("%d lines", got)
	}
	cmd, out = s.process(t, "", "replay", "--out", file)
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitRefused {
		t.Errorf("wrote over what is there: %v\n%s", err, out)
	}
}

func linesOf(t *testing.T, file string) (all []replay.CopyLine) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	in := bufio.NewReader(f)
	for {
		raw, err := in.ReadBytes('\n')
		if err != nil {
			return all // the last line may not be whole
		}
		var line replay.CopyLine
		if err := json.Unmarshal(raw, &line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
}

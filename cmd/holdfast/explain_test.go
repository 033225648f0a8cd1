package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/testkit"
)

func TestO1_ExplainTellsTheWholeStory(t *testing.T) { runStories(t, "o1_story.txtar") }

func TestO1_ExplainTellsWhatWasDoneAgain(t *testing.T) { runStories(t, "o1_again.txtar") }

func TestO4_ExplainTellsWhatABrokenDependencyHoldsUp(t *testing.T) { runStories(t, "o4_stuck.txtar") }

func TestO4_ExplainTellsWhyARequestIsPutOff(t *testing.T) { runStories(t, "o4_put_off.txtar") }

func TestO1_ExplainFollowsUntilInterrupted(t *testing.T) {
	s := newWatchedStand(t)
	s.connect(t, "crm", 0)
	s.system.SetPassword("demo", "second")
	s.request(t, "req-1", "run-7", "crm", events.AtLeastOnce)
	shown := new(screen)
	cmd := exec.CommandContext(t.Context(), asHoldfast(t), "explain", "run", "run-7", "--tenant", "acme", "--follow")
	cmd.Env, cmd.Stdout, cmd.Stderr = s.watching(), shown, shown
	testkit.Eventually(t, 20*time.Second, "the suspension", func() bool {
		for r, err := range s.bus.Journal().Each(t.Context(), events.ChainsFilter("acme", "crm", "run-7")) {
			return err == nil && r.Type.Waits()
		}
		return false
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	shown.waitFor(t, "what to do       holdfast connections rotate crm")
	s.request(t, "req-2", "run-7", "crm", events.AtLeastOnce) // one that it did not know
	shown.waitFor(t, "req-2  requested by test/upstream")
	shown.waitFor(t, "req-2  suspended: bad_credentials")
	shown.waitFor(t, "(and 1 more)")
	s.secretOf(t, "crm", "second")
	for _, line := range []string{"crm    works again", "req-1  resumed: the connection was seen to work again", "req-1  completed", "req-2  completed",
		"2 requests have ended: 2 completed; nothing is stuck"} {
		shown.waitFor(t, line)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted: %v; shown:\n%s", err, &shown.text)
	}
}

func TestO1_TopWithoutATerminal(t *testing.T) { runStories(t, "o1_top.txtar") }

// advisedCommand finds a command of ours in a line of advice, without what it does and what only a person can know.
var advisedCommand = regexp.MustCompile(`holdfast [a-z][^#…,]*`)

// What is advised for a reason runs as it stands, but for what only a person can know: the command line is understood,
// and names somebody who may do it.
func TestO1_WhatIsAdvisedIsACommandThatRuns(t *testing.T) {
	in := ops.Secrets{Mount: "secret", Prefix: "holdfast"}
	for _, class := range []fault.Class{fault.Auth, fault.Settings, fault.Transient, fault.Operator, fault.Unclear} {
		for _, r := range fault.Reasons(class) {
			advise := in.Advice
			if class.Retries() {
				advise = in.Delayed
			}
			for who, owners := range map[string][]string{"OWNER": nil, "ann": {"ann", "ben"}} {
				advised(t, r, who, advise(r, "acme", "crm", owners))
			}
		}
	}
	advised(t, "", "", []string{ops.AskWorkers("request", "req-1", "acme")})
}

// advised looks at every command in lines of advice; who is an owner of the connection.
func advised(t *testing.T, r fault.Reason, who string, advice []string) {
	t.Helper()
	for _, line := range advice {
		line, _, _ = strings.Cut(line, "   #")
		command := strings.TrimSpace(advisedCommand.FindString(line))
		if command == "" {
			continue
		}
		if err := resolves(command); err != nil {
			t.Errorf("%s: %s: %v", r, line, err)
		}
		changes := strings.HasPrefix(command, "holdfast connections ") && !strings.HasPrefix(command, "holdfast connections create ")
		if changes && !strings.HasSuffix(command, " --actor "+who) {
			t.Errorf("%s: %s is nobody's who may do it", r, line)
		}
	}
}

// A story is one screen: how it began, and as much of its end as fits.
func TestO1_AStoryIsOneScreen(t *testing.T) {
	var rows []string
	for i := range 100 {
		rows = append(rows, fmt.Sprintf("row %d", i))
	}
	got := cutTo(rows, 80, 10)
	if len(got) != 10 || got[1] != "row 1" || !strings.Contains(got[2], "91 lines left out; --all") || got[3] != "row 93" || got[9] != "row 99" {
		t.Errorf("%q", got)
	}
	if got := cutTo(rows[:10], 80, 10); len(got) != 10 {
		t.Errorf("what fits is cut: %q", got)
	}
	rows[99] = strings.Repeat("x", 200) // three lines of the screen
	if got := cutTo(rows, 80, 10); len(got) != 8 || got[7] != rows[99] {
		t.Errorf("%q", got)
	}
	rows[98] = "what came\n… 3 more" // that many more of nothing would be left
	if got := cutTo(rows, 80, 7); len(got) != 4 || !strings.Contains(got[2], "98 lines") {
		t.Errorf("%q", got)
	}
	if got := cutTo(rows, 80, 2); got[len(got)-1] != rows[99] {
		t.Errorf("how it stands is cut: %q", got)
	}
}

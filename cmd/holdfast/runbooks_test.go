package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commandLine is a command of ours in a page: on a line of its own in a block, or between backquotes.
var commandLine = regexp.MustCompile("(?m)^[ \t]*(holdfast .+)$|`(holdfast [^`]+)`")

func commandsIn(text string) (all []string) {
	for _, m := range commandLine.FindAllStringSubmatch(text, -1) {
		line, _, _ := strings.Cut(m[1]+m[2], " #") // a comment
		all = append(all, line)
	}
	return all
}

// resolves tells why a command line is none of ours: no such command, no such flag, arguments missing.
func resolves(line string) error {
	root := (&command{}).root()
	cmd, rest, err := root.Find(strings.Fields(line)[1:])
	if err != nil {
		return err
	}
	if cmd == root || !cmd.Runnable() {
		return errors.New("names no command")
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	return errors.Join(cmd.ValidateArgs(cmd.Flags().Args()), cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups())
}

// At night nobody wants to find out that a runbook's command does not exist.
func TestO4_EveryCommandOfTheRunbooksExists(t *testing.T) {
	pages, err := filepath.Glob("../../docs/runbooks/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range append(pages, "../../docs/how-do-i-watch-it.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		found := commandsIn(string(text))
		if len(found) == 0 {
			t.Errorf("%s names no command to run", page)
		}
		for _, line := range found {
			if err := resolves(line); err != nil {
				t.Errorf("%s: %s: %v", page, line, err)
			}
		}
	}
}

func TestO4_ACommandThatDoesNotExistIsFound(t *testing.T) {
	for _, line := range []string{
		"holdfast conections list", "holdfast connections mend crm --tenant acme", "holdfast",
		"holdfast connections list --all-of-them", "holdfast requests show --tenant acme", "holdfast requests show req-1",
		"holdfast healthcheck extra", "holdfast suspensions extend --for tomorrow --tenant acme",
	} {
		if resolves(line) == nil {
			t.Errorf("%q passes", line)
		}
	}
	if got := commandsIn("text `holdfast version` text\n\n    holdfast setup\nholdfast is a word\n"); len(got) < 2 {
		t.Errorf("found %q", got)
	}
}

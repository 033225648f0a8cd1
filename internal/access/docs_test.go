package access_test

import (
	"os"
	"strings"
	"testing"

	"holdfast/internal/access"
)

// TestC6_EveryRuleIsInTheDocuments, and no other.
func TestC6_EveryRuleIsInTheDocuments(t *testing.T) {
	text, err := os.ReadFile("../../docs/who-may-do-what.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lists, ok := strings.Cut(string(text), "## What allows, by name")
	if !ok {
		t.Fatal("there is no list of rules")
	}
	described := make(map[string]bool)
	for line := range strings.Lines(lists) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(rest, "`")
			described[name] = true
		}
	}
	for _, r := range access.Rules() {
		if !described[string(r)] {
			t.Errorf("%s is not described", r)
		}
		delete(described, string(r))
	}
	for name := range described {
		t.Errorf("%s is no rule", name)
	}
}

package audit_test

import (
	"os"
	"strings"
	"testing"

	"holdfast/internal/audit"
)

// docs/audit.md has a row for each check, with its promise in the same words, and none for another.
func TestO5_EveryCheckIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(raw), "| check | promised | how it is looked at |")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Count(table, "\n| `")
	for _, c := range audit.Checks() {
		if !strings.Contains(table, "\n| `"+string(c)+"` | "+c.Promise()+" | ") {
			t.Errorf("%s is not there, or promises something else", c)
		}
	}
	if rows != len(audit.Checks()) {
		t.Errorf("%d rows for %d checks", rows, len(audit.Checks()))
	}
	if p := audit.Check("other").Promise(); p != "" {
		t.Errorf("another check promises %q", p)
	}
}

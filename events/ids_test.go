package events_test

import (
	"regexp"
	"strings"
	"testing"

	"holdfast/events"
)

func TestO1_ValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"a": true, "A-Z_0=9": true, "-": true, "=": true, strings.Repeat("x", 128): true,
		"": false, strings.Repeat("x", 129): false, "a.b": false, "*": false, ">": false, "a b": false, "a\n": false,
		"a:b": false, "a@b": false, "a~b": false, "a%20b": false, "a/b": false, "ü": false, "\x00": false, "$": false,
	} {
		if got := events.ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v", id, got)
		}
	}
}

var idPattern = regexp.MustCompile(`\A[A-Za-z0-9_=-]{1,128}\z`)

func FuzzValidID(f *testing.F) {
	for _, seed := range []string{"", "a", "a.b", "*", ">", "a b", "é", strings.Repeat("x", 129), "a\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if got, want := events.ValidID(id), idPattern.MatchString(id); got != want {
			t.Fatalf("ValidID(%q) = %v", id, got)
		}
	})
}

package nearest_test

import (
	"strings"
	"testing"

	"holdfast/internal/nearest"
)

func TestWord(t *testing.T) {
	known := []string{"LEN", "LOWER", "größe", "timeout"}
	tests := []struct {
		word string
		most int
		want string
	}{
		{"LEM", 1, "LEN"},
		{"timeot", 1, "timeout"},
		{"Timeout", 0, "timeout"},
		{"grösse", 2, "größe"},
		{"grüße", 1, "größe"}, // one letter, though two bytes
		{"LOWERCASE", 3, ""},
		{"LOWERCASE", 4, "LOWER"},
		{"", 2, ""},
		{strings.Repeat("x", 129), 200, ""},
	}
	for _, tt := range tests {
		if got := nearest.Word(tt.word, known, tt.most); got != tt.want {
			t.Errorf("%q, at most %d letters off: %q, want %q", tt.word, tt.most, got, tt.want)
		}
	}
}

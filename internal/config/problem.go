package config

import (
	"strings"

	"holdfast/internal/nearest"
)

// Problem is one mistake in the configuration. None of its texts holds a value of a secret.
type Problem struct {
	// Place is where it was written: file:line:column, the environment variable, or the flag.
	Place string `json:"place"`
	// Key is the setting, such as vault.timeout; empty where no setting is concerned.
	Key string `json:"key,omitempty"`
	// Text says what is wrong.
	Text string `json:"text"`
	// Hint says what to write instead; may be empty.
	Hint string `json:"hint,omitempty"`
}

// String is the problem in one line.
func (p Problem) String() string {
	parts := make([]string, 0, 3)
	for _, part := range []string{p.Place, p.Key, p.Text} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	line := strings.Join(parts, ": ")
	if p.Hint != "" {
		line += " (" + p.Hint + ")"
	}
	return line
}

// Error is all mistakes of a configuration.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// closest is the candidate that a typing mistake or two make of word; "" where none is near. What is written in front of
// all of them is long: a larger part of the letters would make any two of them alike.
func closest(word string, candidates []string) string {
	return nearest.Word(word, candidates, max(2, len(word)/4))
}

func didYouMean(word string, candidates []string) string {
	if near := closest(word, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

package config

import (
	"strings"
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

// nearest is the candidate that a typing mistake or two make of word; "" where none is near.
func nearest(word string, candidates []string) string {
	best, least := "", max(2, len(word)/4)+1
	for _, c := range candidates {
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

func didYouMean(word string, candidates []string) string {
	if near := nearest(word, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

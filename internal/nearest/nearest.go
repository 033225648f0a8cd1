// Package nearest finds the word that was probably meant.
package nearest

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// longest is the longest word, in bytes, that is looked at: comparing takes time with the square of the length, and a
// longer word is no typing mistake.
const longest = 128

// Word is the known word that the fewest letters inserted, removed or replaced make of word, most of them at the most;
// empty where none is that near. Upper and lower case are alike.
func Word(word string, known []string, most int) string {
	if len(word) > longest {
		return ""
	}
	best, least := "", most+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToUpper(word), strings.ToUpper(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

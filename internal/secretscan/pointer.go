package secretscan

import "strings"

// Bounds of a pointer that may be shown.
const (
	maxSegments = 16
	maxSegment  = 64
)

// Hidden stands in a pointer for a member name that is no plain word.
const Hidden = "(hidden)"

// Pointer is a JSON pointer (RFC 6901) that may be shown: member names are whatever the sender wrote, so one
// that is long, odd or looks like a secret is shown as Hidden, and a very long path ends in "…".
func Pointer(path ...string) string {
	var b strings.Builder
	for i, segment := range path {
		b.WriteByte('/')
		if i == maxSegments {
			b.WriteString("…")
			break
		}
		b.WriteString(shown(segment))
	}
	return b.String()
}

func shown(segment string) string {
	if !Showable(segment, maxSegment) {
		return Hidden
	}
	return escape.Replace(segment)
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// Showable tells whether a sender's word may be shown in logs and dead letters: printable ASCII without
// spaces and quotes, bounded, and nothing that looks like a secret.
func Showable(s string, maxBytes int) bool {
	if s == "" || len(s) > maxBytes || LooksSecret(s) {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' {
			return false
		}
	}
	return true
}

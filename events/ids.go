package events

import "errors"

// MaxIDBytes is the longest id that may become a subject token or a KV key.
const MaxIDBytes = 128

// ErrBadID is an id that is empty, too long, or outside the safe alphabet.
var ErrBadID = errors.New("an id is 1 to 128 characters of A-Z a-z 0-9 _ = -")

// ValidID tells whether id may become a subject token and a KV key: [A-Za-z0-9_=-]{1,128}. Everything
// else (dots, wildcards, spaces, colons, …) could change which subject or key it names.
func ValidID(id string) bool {
	if id == "" || len(id) > MaxIDBytes {
		return false
	}
	for i := range len(id) {
		if !safe(id[i]) {
			return false
		}
	}
	return true
}

func safe(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	default:
		return c == '_' || c == '=' || c == '-'
	}
}

package connection

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"holdfast/events"
)

// Claim is who has a name among the shared connections of a tenant.
type Claim struct {
	Connection string `json:"connection_id"`
	// Sequence is the event that claimed it: until the connection has come that far, it may still be applied.
	Sequence uint64    `json:"sequence"`
	At       time.Time `json:"at"`
}

// NameKey is what a name is told apart by: names that differ in case, in the Unicode form of the same
// characters, or in spaces only are the same. It is a safe key of 64 characters.
func NameKey(name string) string {
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(folded), " ")))
	return hex.EncodeToString(sum[:])
}

// NameKey is the key of the name that the connection holds: "" for one that holds none, because it is personal,
// or not there.
func (e *Entry) NameKey() string {
	if e == nil || e.Deleted || e.Missing || e.Kind != events.Shared {
		return ""
	}
	return NameKey(e.Name)
}

package tour

import (
	"fmt"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/dev/witness"
)

// on are the records of one subject, in their order.
func on(records []witness.Record, subject string) []witness.Record {
	var found []witness.Record
	for _, r := range records {
		if r.Subject == subject {
			found = append(found, r)
		}
	}
	return found
}

func ledger(records []witness.Record, tenant, request string) []witness.Record {
	return on(records, events.LedgerSubject(tenant, request))
}

func chain(records []witness.Record, r events.Request) []witness.Record {
	return on(records, r.Chain().Subject())
}

// ends are those of a ledger's records that end the request.
func ends(ledger []witness.Record) []witness.Record {
	var found []witness.Record
	for _, r := range ledger {
		if r.Type.Ends() {
			found = append(found, r)
		}
	}
	return found
}

// types is what a subject holds, in few words: suspended, resumed.
func types(records []witness.Record) string {
	var words []string
	for _, r := range records {
		words = append(words, r.Type.What())
	}
	return strings.Join(words, ", ")
}

// describe is one record in a line.
func describe(r witness.Record) string {
	what := string(r.Type)
	if what == "" {
		what = "an entry"
	}
	line := fmt.Sprintf("%s %d %s on %s", r.Stream, r.Sequence, what, r.Subject)
	if p, err := events.Payload[struct {
		Reason string `json:"reason"`
	}](r.Event); err == nil && p.Reason != "" {
		line += " (" + p.Reason + ")"
	}
	return line
}

// latestShown is how many of the last records a failure tells of.
const latestShown = 6

// latest is what was stored last, newest last.
func (s *stage) latest() string {
	records := s.w.Records()
	var lines []string
	for _, r := range records[max(0, len(records)-latestShown):] {
		lines = append(lines, describe(r))
	}
	if len(lines) == 0 {
		return "none"
	}
	return strings.Join(lines, "; ")
}

// took is a duration for people.
func took(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

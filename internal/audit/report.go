package audit

import (
	"fmt"
	"strings"
	"time"
)

// Violation is a promise that was not kept, and where to look.
type Violation struct {
	Check    Check     `json:"check"`
	Promised string    `json:"promised"`
	Seen     string    `json:"seen"`
	Stream   string    `json:"stream"`
	Sequence uint64    `json:"sequence"`
	StoredAt time.Time `json:"stored_at"`
	// As far as the message says; it may be gone by now.
	Tenant     string `json:"tenant,omitempty"`
	Request    string `json:"request_id,omitempty"`
	Run        string `json:"run_id,omitempty"`
	Connection string `json:"connection_id,omitempty"`
	Field      string `json:"field,omitempty"` // JSON pointer, where the violation has a place in the message
}

// String is the violation on one line.
func (v Violation) String() string {
	var names strings.Builder
	for _, n := range [][2]string{{"tenant", v.Tenant}, {"request", v.Request}, {"run", v.Run}, {"connection", v.Connection}, {"at", v.Field}} {
		if n[1] != "" {
			fmt.Fprintf(&names, " %s %s", n[0], n[1])
		}
	}
	return fmt.Sprintf("%s: %s %d%s: %s", v.Check, v.Stream, v.Sequence, names.String(), v.Seen)
}

// Report is what an audit found.
type Report struct {
	OK bool `json:"ok"`
	// Empty: nothing of the period is kept, and nothing waited in it. Nothing was looked at, which proves nothing.
	Empty  bool   `json:"empty,omitempty"`
	Tenant string `json:"tenant,omitempty"` // empty: all
	// From and To are the period; zero: as far back as is kept, and until Now, the bus's time of the audit.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	Now  time.Time `json:"now"`

	Streams  []Read    `json:"streams"`
	Requests Requested `json:"requests"`
	Chains   Chained   `json:"chains"`
	Letters  int       `json:"dead_letters"`
	Checks   []Checked `json:"checks"`

	// Total is all violations; Violations are the first of each check.
	Total      int         `json:"violations"`
	Violations []Violation `json:"-"`

	TookMS       int64 `json:"took_ms"`
	SpilledBytes int64 `json:"spilled_bytes"` // to temporary files
}

// Read is what was read of one stream.
type Read struct {
	Stream   string `json:"stream"`
	Messages int    `json:"messages"`
	First    uint64 `json:"first,omitempty"` // sequences
	Last     uint64 `json:"last,omitempty"`
}

// Requested counts the requests of the period.
type Requested struct {
	Messages    int            `json:"messages"` // published, repeats included
	Distinct    int            `json:"distinct"`
	Ended       map[string]int `json:"ended"`        // by the last word of the end's type
	DeadLetters int            `json:"dead_letters"` // that ended so
	// Open: suspended, or begun less than Settle ago, or still before the workers.
	Suspended int `json:"suspended"`
	Young     int `json:"young"`
	Pending   int `json:"pending"`
}

// Open is how many requests have no end, and need none yet.
func (r Requested) Open() int { return r.Suspended + r.Young + r.Pending }

// Chained counts what happened to suspensions in the period.
type Chained struct {
	Moves   map[string]int `json:"moves"`   // by the last word of the event's type
	Waiting int            `json:"waiting"` // now
}

// Checked is one check.
type Checked struct {
	Check      Check `json:"check"`
	Looked     int   `json:"looked"` // how many things were held to it
	Violations int   `json:"violations"`
	// Unproven is how many of them could not be told, because what they rest on is not kept any more.
	Unproven int `json:"unproven"`
}

// Err is a *Broken where anything was violated, a *Nothing where nothing was looked at, else nil.
func (r Report) Err() error {
	switch {
	case r.Total > 0:
		return &Broken{r}
	case r.Empty:
		return &Nothing{r}
	default:
		return nil
	}
}

// Nothing is a report about nothing, as an error.
type Nothing struct{ Report Report }

// Error says what was looked for.
func (n *Nothing) Error() string {
	text := "nothing was looked at: the streams hold no message"
	if n.Report.Tenant != "" {
		text += " of tenant " + n.Report.Tenant
	}
	if n.Report.From.IsZero() && n.Report.To.IsZero() {
		return text
	}
	return text + " in the period: " + n.Report.Period()
}

// Hint says what to do about it.
func (n *Nothing) Hint() string {
	switch r := n.Report; {
	case r.From.After(r.Now):
		return "the period begins in the future: the bus's time is " + r.Now.UTC().Format(time.RFC3339)
	case r.Tenant != "":
		return "is this the tenant's id, and the period the one that is meant? Without --tenant all are looked at; holdfast connections list names tenants"
	case r.From.IsZero() && r.To.IsZero():
		return "is this the bus that workers use? holdfast top shows what it does"
	default:
		return "name another period, or none: then all that is kept is looked at"
	}
}

// Period is from when until when was looked, in words.
func (r Report) Period() string {
	from, to := "all that is kept", r.Now
	if !r.From.IsZero() {
		from = "from " + r.From.UTC().Format(time.RFC3339)
	}
	if !r.To.IsZero() {
		to = r.To
	}
	return from + ", until " + to.UTC().Format(time.RFC3339)
}

// Broken is a report with violations, as an error.
type Broken struct{ Report Report }

// Error gives how many there are, and the first of them.
func (b *Broken) Error() string {
	text := fmt.Sprintf("%d promise(s) not kept", b.Report.Total)
	for i, v := range b.Report.Violations {
		if i == shownInError {
			return text + "; …"
		}
		text += "\n" + v.String()
	}
	return text
}

const shownInError = 20

// Of gives what came of one check.
func (r Report) Of(c Check) Checked {
	for _, one := range r.Checks {
		if one.Check == c {
			return one
		}
	}
	return Checked{Check: c}
}

package chaos

import (
	"fmt"
	"time"

	"holdfast/events"
)

// Rule is a promise that may be broken.
type Rule string

// The rules.
const (
	Unreadable      Rule = "unreadable"               // a record that is no event
	WrongSubject    Rule = "wrong_subject"            // a record whose payload belongs elsewhere
	NotEnded        Rule = "not_ended"                // a request without an end
	EndedTwice      Rule = "ended_twice"              // an end after an end, or beside a dead letter
	AfterEnd        Rule = "after_end"                // a mark after the end
	NotAsked        Rule = "not_asked"                // a ledger of a request that nobody published
	NoLedgerEvent   Rule = "no_ledger_event"          // a ledger holds what does not belong there
	StartedTwice    Rule = "started_twice"            // an at-most-once effect started again, not released before
	EffectTwice     Rule = "effect_twice"             // an at-most-once effect that the target applied again
	NoEffect        Rule = "completed_without_effect" // completed, and the target knows nothing of it
	BrokenLink      Rule = "broken_link"              // a chain's event that does not name the one before it
	BadMove         Rule = "bad_move"                 // a chain's event that may not follow the one before it
	Early           Rule = "early"                    // terminated for time before the time was over
	TerminatedLives Rule = "terminated_lives"         // a terminated chain whose request did not end so
	ResumedLost     Rule = "resumed_lost"             // a resumed chain whose request has not ended
	Overdue         Rule = "overdue"                  // a chain that waits beyond its deadline
	NoAlarm         Rule = "no_alarm"                 // a waiting chain that nothing will wake
	AlarmLeft       Rule = "alarm_left"               // an alarm of a chain that is over
)

// Rules lists every rule.
func Rules() []Rule {
	return []Rule{
		Unreadable, WrongSubject, NotEnded, EndedTwice, AfterEnd, NotAsked, NoLedgerEvent, StartedTwice, EffectTwice,
		NoEffect, BrokenLink, BadMove, Early, TerminatedLives, ResumedLost, Overdue, NoAlarm, AlarmLeft,
	}
}

// Violation is one broken promise, and where to look.
type Violation struct {
	Rule     Rule   `json:"rule"`
	Subject  string `json:"subject"`
	Sequence uint64 `json:"sequence"`
	Detail   string `json:"detail"`
}

func (v Violation) String() string {
	return fmt.Sprintf("%s: %s at %d: %s", v.Rule, v.Subject, v.Sequence, v.Detail)
}

// Report is what a history comes to.
type Report struct {
	Requests    int                 `json:"requests"` // published, repeats included
	Distinct    int                 `json:"distinct_requests"`
	Ends        map[events.Type]int `json:"ends"`
	Moves       map[events.Type]int `json:"chain_events"`
	DeadLetters int                 `json:"dead_letters"`
	// Waiting is the chains whose time is not over: their requests have no end yet, as it should be.
	Waiting    int         `json:"waiting"`
	Violations []Violation `json:"violations"`
}

// checker collects the report of one history.
type checker struct {
	*History
	Report

	grace time.Duration
}

// Check says what a history comes to. grace is how long workers may take for what follows from an event:
// what is younger is not held against them.
func Check(h *History, grace time.Duration) Report {
	c := &checker{History: h, grace: grace}
	c.Ends, c.Moves = make(map[events.Type]int), make(map[events.Type]int)
	c.Violations = append([]Violation{}, h.broken...)
	c.Requests, c.DeadLetters = len(h.requests), len(h.letters)
	c.checkRequests()
	c.checkLedgers()
	c.checkChains()
	c.checkAlarms()
	return c.Report
}

func (c *checker) violate(r Rule, m Message, format string, args ...any) {
	c.Violations = append(c.Violations, Violation{r, m.Subject, m.Sequence, fmt.Sprintf(format, args...)})
}

// young tells whether what follows from t may still be on its way.
func (c *checker) young(t time.Time) bool { return c.Now.Before(t.Add(c.grace)) }

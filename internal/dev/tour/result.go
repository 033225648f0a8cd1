package tour

import (
	"context"
	"errors"
	"time"
)

// Result is what one step came to. With JSON it is one line.
type Result struct {
	Step    int            `json:"step"`
	Title   string         `json:"title"`
	OK      bool           `json:"ok"`
	Skipped string         `json:"skipped,omitempty"` // why it was not played
	Did     []string       `json:"did"`
	Saw     []string       `json:"saw"`
	Facts   map[string]any `json:"facts"`
	TookMS  int64          `json:"took_ms"`
	Broken  *Broken        `json:"broken,omitempty"`
}

// Broken is a promise that was not kept.
type Broken struct {
	Step     int    `json:"step"`
	Title    string `json:"title"`
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	Look     string `json:"look"` // a command
}

// Error says what was expected and what was seen.
func (b *Broken) Error() string {
	return "a promise was not kept: expected that " + b.Expected + "; seen: " + b.Seen
}

// Hint is how to look.
func (b *Broken) Hint() string { return b.Look }

// Summary ends the tour. With JSON it is the last line.
type Summary struct {
	Summary     bool  `json:"summary"` // true: tells this line from a step's
	OK          bool  `json:"ok"`
	Steps       int   `json:"steps"`
	Kept        int   `json:"kept"`
	Skipped     int   `json:"skipped"`
	Requests    int   `json:"requests"`
	Completed   int   `json:"completed"`
	Terminated  int   `json:"terminated"`
	Unknown     int   `json:"unknown"`
	Suspensions int   `json:"suspensions"`
	DeadLetters int   `json:"dead_letters"`
	TookMS      int64 `json:"took_ms"`
}

// wrong is what a step returns when a promise was not kept.
func (s *stage) wrong(expected, seen string) error {
	return &Broken{Expected: expected, Seen: seen}
}

// brokenBy completes what a step returned; an error of another kind is a promise that could not be seen.
func (s *stage) brokenBy(err error, one step) *Broken {
	if err == nil {
		return nil
	}
	b, ok := errors.AsType[*Broken](err)
	if !ok {
		b = &Broken{Expected: "the step can be played", Seen: err.Error()}
		if errors.Is(err, context.DeadlineExceeded) {
			b.Seen = "not within " + one.limit.String() + "; the last events: " + s.latest()
		}
	}
	b.Step, b.Title = s.result.Step, s.result.Title
	b.Look = "less " + s.Places.Log + "; holdfast dev --data " + s.Places.Data +
		" starts the stack again on the same data, then: holdfast suspensions list --tenant " + s.tenant + " --all"
	return b
}

func (s *stage) summary(began time.Time, ok bool) Summary {
	sum := Summary{Summary: true, OK: ok, Steps: len(steps()) + 1, Kept: s.kept - s.skipped, Skipped: s.skipped,
		Requests: len(s.asked), TookMS: time.Since(began).Milliseconds()}
	for _, r := range s.w.Records() {
		switch {
		case r.Type.Noun() == "action" && r.Type.Ends():
			s.countEnd(&sum, r.Type.What())
		case r.Type.What() == "suspended" && r.Type.Noun() == "suspension":
			sum.Suspensions++
		case isDeadLetter(r):
			sum.DeadLetters++
		}
	}
	return sum
}

func (s *stage) countEnd(sum *Summary, what string) {
	switch what {
	case "completed":
		sum.Completed++
	case "terminated":
		sum.Terminated++
	case "unknown":
		sum.Unknown++
	}
}

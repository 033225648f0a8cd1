package ops

import (
	"strings"
	"time"
)

// When is a point in time as an operator names it: how long ago, or a time. The zero When is none.
type When struct {
	Ago  time.Duration `json:"ago,omitempty"` // in nanoseconds
	Time time.Time     `json:"time,omitzero"`
}

// ParseWhen reads 90m, 2h, 7d, a day (its begin, UTC), or a time in RFC 3339.
func ParseWhen(text string) (When, error) {
	if ago, ok := parseAgo(text); ok {
		return When{Ago: ago}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return When{Time: day}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return When{Time: t.UTC()}, nil
	}
	return When{}, problem(Unclear, "", "%q is neither how long ago, such as 2h or 7d, nor a time, such as 2027-01-31T12:00:00Z", text)
}

func parseAgo(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		return 24 * d, err == nil && d > 0
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}

// IsZero tells that no time was named.
func (w When) IsZero() bool { return w == When{} }

// At is the point in time as seen from now; zero where none was named.
func (w When) At(now time.Time) time.Time {
	if w.Ago > 0 {
		return now.Add(-w.Ago)
	}
	return w.Time
}

// String is what ParseWhen reads.
func (w When) String() string {
	switch {
	case w.IsZero():
		return ""
	case w.Ago > 0:
		return w.Ago.String()
	default:
		return w.Time.Format(time.RFC3339)
	}
}

// Set makes When a flag.
func (w *When) Set(text string) (err error) {
	*w, err = ParseWhen(text)
	return err
}

// Type names the flag's value in help.
func (w *When) Type() string { return "when" }

// validPattern tells whether text is a subject, or a pattern of subjects.
func validPattern(text string) bool {
	tokens := strings.Split(text, ".")
	for i, t := range tokens {
		if t == "" || strings.ContainsAny(t, " \t\r\n") || t == ">" && i < len(tokens)-1 ||
			len(t) > 1 && strings.ContainsAny(t, "*>") {
			return false
		}
	}
	return true
}

// subjectMatches tells whether a subject is one of a pattern's, as the bus reads patterns.
func subjectMatches(pattern, subject string) bool {
	for {
		p, morePattern, wantsMore := strings.Cut(pattern, ".")
		s, moreSubject, hasMore := strings.Cut(subject, ".")
		switch {
		case p == ">":
			return s != ""
		case p != "*" && p != s, wantsMore != hasMore:
			return false
		case !wantsMore:
			return true
		}
		pattern, subject = morePattern, moreSubject
	}
}

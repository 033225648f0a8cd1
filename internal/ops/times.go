package ops

import (
	"fmt"
	"time"
)

// Moment is a time for people, in UTC, with how far away it is; empty for the zero time.
func Moment(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return At(t) + " (" + away(t.Sub(now)) + ")"
}

// At is a time for people, in UTC, to the second.
func At(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func away(d time.Duration) string {
	if d < 0 {
		return Span(-d) + " ago"
	}
	return "in " + Span(d)
}

// Span is a duration in its two largest units.
func Span(d time.Duration) string {
	switch {
	case d >= day:
		return fmt.Sprintf("%dd %dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh %dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm %ds", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}

const day = 24 * time.Hour

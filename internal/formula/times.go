package formula

import (
	"math"
	"math/big"
	"time"
)

const (
	day     = 24 * time.Hour
	maxDays = 4_000_000 // more than there are between the years 1 and 9999
)

// readTime reads RFC 3339, or a date, which is its midnight in UTC.
func readTime(text string) (time.Time, error) {
	if len(text) > 64 {
		return time.Time{}, errNotTime
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t, err = time.Parse(time.RFC3339, text)
	}
	if err != nil || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
		return time.Time{}, errNotTime
	}
	return t.UTC(), nil
}

var errNotTime = failf("this text is no date such as 2026-01-31, and no time such as 2026-01-31T09:30:00Z (RFC 3339)")

// timeOf is a time, or the time that a text says.
func timeOf(v Value) (time.Time, error) {
	switch v := v.(type) {
	case time.Time:
		return v, nil
	case string:
		return readTime(v)
	}
	return time.Time{}, failf("a time is wanted here, and this is %s", KindOf(v).article())
}

// midnight is when t's day began, in UTC.
func midnight(t time.Time) time.Time {
	year, month, date := t.UTC().Date()
	return time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
}

// calculateTime is time ± days, or the days between two times.
func calculateTime(op operator, a, b Value) (Value, error) {
	x, xTime := a.(time.Time)
	y, yTime := b.(time.Time)
	switch {
	case op == minus && xTime && yTime:
		return daysBetween(x, y)
	case op == minus && xTime && KindOf(b) == Number:
		return addDays(x, b, -1)
	case op == plus && xTime && KindOf(b) == Number:
		return addDays(x, b, 1)
	case op == plus && yTime && KindOf(a) == Number:
		return addDays(y, a, 1)
	}
	if KindOf(a)|KindOf(b) == Text|Time {
		return nil, failf("%s takes numbers and times, and one side is a text: DATEVALUE(…) reads a time from it", op)
	}
	return nil, failf("with times, only time + days, time - days and time - time can be calculated, and this is %s %s %s",
		KindOf(a).article(), op, KindOf(b).article())
}

// daysBetween is x - y, in days and fractions of one.
func daysBetween(x, y time.Time) (Value, error) {
	seconds := x.Unix() - y.Unix() // a Duration ends at 292 years
	nanos := x.Nanosecond() - y.Nanosecond()
	if nanos == 0 && seconds%86400 == 0 {
		return seconds / 86400, nil
	}
	all := big.NewInt(seconds)
	all.Mul(all, big.NewInt(int64(time.Second))).Add(all, big.NewInt(int64(nanos)))
	days, _ := new(big.Rat).SetFrac(all, big.NewInt(int64(day))).Float64()
	return rounded(days)
}

func addDays(t time.Time, days Value, sign float64) (Value, error) {
	n, err := floatOf(days)
	if err != nil || math.Abs(n) > maxDays {
		return nil, errNoTime
	}
	whole, fraction := math.Modf(sign * n)
	return within(t.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round(fraction * float64(day)))))
}

var errNoTime = failf("the result is no time between the years 1 and 9999")

// within makes sure that a time has a year of four digits, as RFC 3339 wants it.
func within(t time.Time) (Value, error) {
	if t.Year() < 1 || t.Year() > 9999 {
		return nil, errNoTime
	}
	return t, nil
}

// units are what DATEDIFF counts in.
var units = []string{"days", "hours", "minutes", "seconds", "months", "years"}

// between counts the whole units from start to end; negative where end comes first.
func between(start, end time.Time, unit string) (int64, error) {
	if end.Before(start) {
		n, err := between(end, start, unit)
		return -n, err
	}
	switch unit {
	case "days":
		return secondsBetween(start, end) / 86400, nil
	case "hours":
		return secondsBetween(start, end) / 3600, nil
	case "minutes":
		return secondsBetween(start, end) / 60, nil
	case "seconds":
		return secondsBetween(start, end), nil
	case "months":
		return monthsBetween(start, end), nil
	case "years":
		return monthsBetween(start, end) / 12, nil
	}
	return 0, failf("DATEDIFF counts in %s", list(units))
}

// secondsBetween counts whole seconds; start comes first.
func secondsBetween(start, end time.Time) int64 {
	n := end.Unix() - start.Unix()
	if end.Nanosecond() < start.Nanosecond() {
		n--
	}
	return n
}

// monthsBetween counts whole months: one is over on the same day of the month, at the same time of day.
func monthsBetween(start, end time.Time) int64 {
	n := int64(end.Year()-start.Year())*12 + int64(end.Month()-start.Month())
	if end.Day() < start.Day() || end.Day() == start.Day() && end.Sub(midnight(end)) < start.Sub(midnight(start)) {
		n--
	}
	return n
}

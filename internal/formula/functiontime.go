package formula

import "time"

func now(m *machine, _ []Value) (Value, error)   { return m.in.Now.UTC(), nil }
func today(m *machine, _ []Value) (Value, error) { return midnight(m.in.Now), nil }

func date(_ *machine, args []Value) (Value, error) {
	var ymd [3]int
	for i := range ymd {
		n, whole := args[i].(int64)
		if !whole || n < -maxDays || n > maxDays {
			return nil, failf("a date is made of whole numbers: DATE(2026, 1, 31)")
		}
		ymd[i] = int(n)
	}
	return within(time.Date(ymd[0], time.Month(ymd[1]), ymd[2], 0, 0, 0, 0, time.UTC))
}

func dateValue(_ *machine, args []Value) (Value, error) {
	t, err := timeOf(args[0])
	return t, err
}

// partOfDate makes YEAR (0), MONTH (1) and DAY (2).
func partOfDate(part int) func(*machine, []Value) (Value, error) {
	return func(_ *machine, args []Value) (Value, error) {
		t, err := timeOf(args[0])
		if err != nil {
			return nil, err
		}
		year, month, day := t.Date()
		return int64([...]int{year, int(month), day}[part]), nil
	}
}

func dateDiff(_ *machine, args []Value) (Value, error) {
	start, err := timeOf(args[0])
	if err != nil {
		return nil, err
	}
	end, err := timeOf(args[1])
	if err != nil {
		return nil, err
	}
	unit := "days"
	if len(args) > 2 {
		unit = textAt(args, 2)
	}
	return between(start, end, unit)
}

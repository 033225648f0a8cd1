package formula

import (
	"cmp"
	"strings"
)

// compare is a op b. A blank on either side makes it FALSE, except for <>, which is NOT of =.
func compare(op operator, a, b Value) (bool, error) {
	if op == equal || op == unequal {
		equals, err := same(a, b)
		return equals == (op == equal), err
	}
	if blank(a) || blank(b) {
		return false, nil
	}
	n, err := order(a, b)
	if err != nil {
		return false, err
	}
	switch op {
	case less:
		return n < 0, nil
	case lessOrEqual:
		return n <= 0, nil
	case greater:
		return n > 0, nil
	default:
		return n >= 0, nil
	}
}

// same tells whether two values are equal. A blank equals nothing, not even a blank.
func same(a, b Value) (bool, error) {
	x, xText := a.(string)
	y, yText := b.(string)
	if xText && yText {
		return x == y && x != "", nil
	}
	if blank(a) || blank(b) {
		return false, nil
	}
	if err := usable(a, b); err != nil {
		return false, err
	}
	ka, kb := KindOf(a), KindOf(b)
	switch {
	case ka|kb == Text|Time || ka == Time && kb == Time:
		n, err := orderTimes(a, b)
		return n == 0, err
	case ka != kb:
		return false, nil
	}
	return a == b, nil // whole numbers and fractions are never the same
}

// order is -1, 0 or 1 for two values that are not blank.
func order(a, b Value) (int, error) {
	if err := usable(a, b); err != nil {
		return 0, err
	}
	ka, kb := KindOf(a), KindOf(b)
	switch {
	case ka == Text && kb == Text:
		x, _ := a.(string)
		y, _ := b.(string)
		return strings.Compare(x, y), nil
	case ka == Number && kb == Number:
		return orderNumbers(a, b), nil
	case (ka|kb)&^(Text|Time) == 0:
		return orderTimes(a, b)
	case ka == Bool && kb == Bool:
		return 0, failf("TRUE and FALSE are neither greater nor less than each other")
	}
	return 0, failf("%s and %s have no order", ka.article(), kb.article())
}

// orderNumbers compares without rounding.
func orderNumbers(a, b Value) int {
	x, xWhole := a.(int64)
	y, yWhole := b.(int64)
	switch {
	case xWhole && yWhole:
		return cmp.Compare(x, y)
	case xWhole:
		return orderMixed(x, b)
	case yWhole:
		return -orderMixed(y, a)
	}
	f, _ := a.(float64)
	g, _ := b.(float64)
	return cmp.Compare(f, g)
}

// orderMixed compares a whole number with a fraction. A whole number that float64 rounds is beyond all fractions.
func orderMixed(x int64, fraction Value) int {
	f, _ := fraction.(float64)
	return cmp.Compare(float64(x), f)
}

// orderTimes compares times, of which one may be a text.
func orderTimes(a, b Value) (int, error) {
	x, err := timeOf(a)
	if err != nil {
		return 0, err
	}
	y, err := timeOf(b)
	if err != nil {
		return 0, err
	}
	return x.Compare(y), nil
}

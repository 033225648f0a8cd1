package formula

import (
	"math"
	"math/bits"
)

var (
	errTooLarge = failf("the result does not fit into a whole number of 64 bits")
	errByZero   = failf("this divides by zero: test the divisor before, as in IF(x = 0, 0, y / x)")
)

// calculate is a op b. A blank makes the result blank.
func calculate(op operator, a, b Value) (Value, error) {
	if blank(a) || blank(b) {
		return nil, nil
	}
	if err := usable(a, b); err != nil {
		return nil, err
	}
	if KindOf(a) == Time || KindOf(b) == Time {
		return calculateTime(op, a, b)
	}
	for _, v := range []Value{a, b} {
		if KindOf(v) != Number {
			return nil, failf("%s takes numbers, and one side is %s%s", op, KindOf(v).article(), hintFor(v))
		}
	}
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			return calculateWhole(op, x, y)
		}
	}
	return calculateFraction(op, a, b)
}

// hintFor says how a value becomes a number.
func hintFor(v Value) string {
	if KindOf(v) == Text {
		return ": VALUE(…) reads a number from it"
	}
	return ""
}

func calculateWhole(op operator, x, y int64) (Value, error) {
	switch op {
	case plus:
		if sum := x + y; (sum > x) == (y > 0) {
			return sum, nil
		}
	case minus:
		if diff := x - y; (diff < x) == (y > 0) {
			return diff, nil
		}
	case times:
		if product, ok := multiply(x, y); ok {
			return product, nil
		}
	case divide:
		return divideWhole(x, y)
	default:
		return powerWhole(x, y)
	}
	return nil, errTooLarge
}

func divideWhole(x, y int64) (Value, error) {
	switch {
	case y == 0:
		return nil, errByZero
	case y == -1 && x == math.MinInt64:
		return nil, errTooLarge
	case x%y == 0:
		return x / y, nil
	}
	return calculateFraction(divide, x, y)
}

// powerWhole multiplies at most 64 times: by then the result is too large, or the base is -1, 0 or 1.
func powerWhole(x, y int64) (Value, error) {
	if y < 0 {
		return calculateFraction(power, x, y)
	}
	result, base := int64(1), x
	if base == -1 || base == 0 || base == 1 {
		y = min(y, 2-y%2) // even stays even, odd stays odd, and 0 stays 0
	}
	for range y {
		product, ok := multiply(result, base)
		if !ok {
			return nil, errTooLarge
		}
		result = product
	}
	return result, nil
}

func multiply(x, y int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(x), magnitude(y))
	negative := (x < 0) != (y < 0)
	switch {
	case high != 0:
		return 0, false
	case negative && low <= 1<<63:
		return -int64(low), true // -1<<63 is its own negative
	case !negative && low < 1<<63:
		return int64(low), true
	}
	return 0, false
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

func calculateFraction(op operator, a, b Value) (Value, error) {
	x, err := floatOf(a)
	if err != nil {
		return nil, err
	}
	y, err := floatOf(b)
	if err != nil {
		return nil, err
	}
	switch op {
	case plus:
		return rounded(x + y)
	case minus:
		return rounded(x - y)
	case times:
		return rounded(x * y)
	case divide:
		if y == 0 {
			return nil, errByZero
		}
		return rounded(x / y)
	default:
		return powerFraction(x, y)
	}
}

func powerFraction(x, y float64) (Value, error) {
	switch {
	case x == 0 && y < 0:
		return nil, errByZero
	case x < 0 && y != math.Trunc(y):
		return nil, failf("a negative number has no power with a fraction")
	}
	return rounded(math.Pow(x, y))
}

// negate is -v.
func negate(v Value) (Value, error) { return calculate(minus, int64(0), v) }

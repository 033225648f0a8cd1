package formula

import "math"

func absolute(_ *machine, args []Value) (Value, error) {
	if n, whole := args[0].(int64); whole && n >= 0 {
		return n, nil
	}
	if f, ok := args[0].(float64); ok {
		return math.Abs(f), nil
	}
	return negate(args[0])
}

func floor(_ *machine, args []Value) (Value, error)   { return toWhole(args[0], math.Floor) }
func ceiling(_ *machine, args []Value) (Value, error) { return toWhole(args[0], math.Ceil) }

func toWhole(v Value, how func(float64) float64) (Value, error) {
	if f, ok := v.(float64); ok {
		return fromFloat(how(f)), nil // what has a fraction is well within what is exact
	}
	return v, nil
}

// round is to so many digits, a half away from zero, as people see the number: with 15 digits.
func round(_ *machine, args []Value) (Value, error) {
	places := int64(0)
	if len(args) > 1 {
		n, whole := args[1].(int64)
		if !whole || n < -digits || n > digits {
			return nil, failf("the digits are a whole number between -%d and %[1]d", digits)
		}
		places = n
	}
	if n, whole := args[0].(int64); whole {
		return roundWhole(n, places)
	}
	f, _ := args[0].(float64)
	scale := math.Pow10(int(places))
	if math.Abs(f*scale) >= 1e15 {
		return f, nil // it has no more digits than that
	}
	scaled, err := rounded(f * scale)
	if err != nil {
		return nil, err
	}
	g, err := floatOf(scaled)
	if err != nil {
		return nil, err
	}
	return rounded(math.Round(g) / scale)
}

// roundWhole rounds to tens, hundreds and so on.
func roundWhole(n, places int64) (Value, error) {
	if places >= 0 {
		return n, nil
	}
	unit := int64(math.Pow10(int(-places)))
	rest := n % unit
	down := n - rest
	if magnitude(rest) < uint64(unit)/2 {
		return down, nil
	}
	if n < 0 {
		unit = -unit
	}
	return calculateWhole(plus, down, unit)
}

func modulo(_ *machine, args []Value) (Value, error) {
	x, xWhole := args[0].(int64)
	y, yWhole := args[1].(int64)
	if xWhole && yWhole {
		return moduloWhole(x, y)
	}
	f, err := floatOf(args[0])
	if err != nil {
		return nil, err
	}
	g, err := floatOf(args[1])
	if err != nil {
		return nil, err
	}
	if g == 0 {
		return nil, errByZero
	}
	rest := math.Mod(f, g)
	if rest != 0 && (rest < 0) != (g < 0) {
		rest += g
	}
	return rounded(rest)
}

func moduloWhole(x, y int64) (Value, error) {
	switch y {
	case 0:
		return nil, errByZero
	case -1:
		return int64(0), nil
	}
	rest := x % y
	if rest != 0 && (rest < 0) != (y < 0) {
		rest += y
	}
	return rest, nil
}

// extreme makes MIN (-1) and MAX (1).
func extreme(sign int) func(*machine, []Value) (Value, error) {
	return func(_ *machine, args []Value) (Value, error) {
		var best Value
		for _, v := range args {
			switch {
			case blank(v):
			case best == nil:
				best = v
			case KindOf(v) != KindOf(best):
				return nil, failf("numbers and times can not be compared with each other")
			default:
				n, err := order(v, best)
				if err != nil {
					return nil, err
				}
				if n == sign {
					best = v
				}
			}
		}
		return best, nil
	}
}

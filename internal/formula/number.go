package formula

import (
	"math"
	"strconv"
	"strings"
)

// Numbers are whole (int64, exact) or have a fraction (float64). A text is a number of ours only if the number
// says exactly the same: whole ones fit into 64 bits, others are the shortest form of their float64. So two
// numbers that are written differently are never equal because they were rounded.
const (
	tooLong    = "is a whole number beyond 64 bits"
	tooPrecise = "is a number of more digits than can be compared exactly"
	noNumber   = "is no number"

	exactFloats = 1 << 53 // from here on, not every whole number is a float64
	digits      = 15      // what a spreadsheet keeps of a calculated fraction
	maxDigits   = 400     // what is read of a number's text
)

// numberOf is the number that a text says, or Unusable.
func numberOf(text string) Value {
	d, ok := scanDecimal(text)
	switch {
	case !ok:
		return Unusable{noNumber}
	case d.digits == "":
		return int64(0)
	case d.exp >= len(d.digits):
		return d.whole()
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f == 0 || math.Abs(f) >= exactFloats {
		return Unusable{tooPrecise}
	}
	if shortest, _ := scanDecimal(strconv.FormatFloat(f, 'e', -1, 64)); shortest != d {
		return Unusable{tooPrecise}
	}
	return f
}

// decimal is 0.digits × 10^exp; the digits have no zeros at either end.
type decimal struct {
	negative bool
	digits   string
	exp      int
}

// whole is the number, which has no fraction.
func (d decimal) whole() Value {
	if d.exp > 19 {
		return Unusable{tooLong}
	}
	sign := ""
	if d.negative {
		sign = "-"
	}
	n, err := strconv.ParseInt(sign+d.digits+strings.Repeat("0", d.exp-len(d.digits)), 10, 64)
	if err != nil {
		return Unusable{tooLong}
	}
	return n
}

// scanDecimal reads [-]digits[.digits][e[±]digits].
func scanDecimal(text string) (d decimal, ok bool) {
	if len(text) > maxDigits {
		return d, false
	}
	rest, negative := strings.CutPrefix(text, "-")
	before, rest := leadingDigits(rest)
	var after string
	if fraction, found := strings.CutPrefix(rest, "."); found {
		after, rest = leadingDigits(fraction)
	}
	if before == "" && after == "" {
		return d, false
	}
	exp, ok := scanExponent(rest)
	if !ok {
		return d, false
	}
	all := before + after
	significant := strings.TrimLeft(all, "0")
	exp += len(before) - (len(all) - len(significant))
	significant = strings.TrimRight(significant, "0")
	if significant == "" {
		return d, true
	}
	return decimal{negative, significant, exp}, true
}

// scanExponent reads e[±]digits, or nothing. What is out of any number's range is cut to something that is, too.
func scanExponent(text string) (exp int, ok bool) {
	if text == "" {
		return 0, true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return 0, false
	}
	sign, rest := 1, text[1:]
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		if rest[0] == '-' {
			sign = -1
		}
		rest = rest[1:]
	}
	number, rest := leadingDigits(rest)
	if number == "" || rest != "" {
		return 0, false
	}
	exp, err := strconv.Atoi(number)
	if err != nil || exp > 10*maxDigits {
		exp = 10 * maxDigits
	}
	return sign * exp, true
}

func leadingDigits(s string) (number, rest string) {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[:n], s[n:]
}

// fromFloat is the value of a float64 that somebody else made, perhaps by rounding a whole number.
func fromFloat(f float64) Value {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return Unusable{noNumber}
	case f != math.Trunc(f):
		return f
	case math.Abs(f) >= exactFloats:
		return Unusable{"is a number so large that digits of it may be lost"}
	default:
		return int64(f)
	}
}

// rounded is a calculated number, to 15 significant digits: 0.1+0.2 is 0.3.
func rounded(f float64) (Value, error) {
	if math.IsNaN(f) || math.Abs(f) >= 1e15 {
		return nil, failf("the result is too large: only whole numbers may have more than %d digits", digits)
	}
	var buffer [32]byte
	f, err := strconv.ParseFloat(string(strconv.AppendFloat(buffer[:0], f, 'e', digits-1, 64)), 64)
	if err != nil {
		return nil, failf("the result is no number")
	}
	return fromFloat(f), nil
}

// floatOf is a number for calculating with fractions.
func floatOf(v Value) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int64:
		if v >= exactFloats || v <= -exactFloats {
			return 0, failf("a whole number of more than %d digits can not be calculated with fractions", digits)
		}
		return float64(v), nil
	}
	return 0, failf("%s is wanted here, and this is %s", Number.article(), KindOf(v).article())
}

// textOfNumber is a number as people write it, and as numberOf reads it.
func textOfNumber(v Value) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

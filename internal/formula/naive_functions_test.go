package formula_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// function is every function whose arguments are there; now is the only thing of the world that one asks for.
func (w world) function(name string, v []any) (any, error) {
	switch name {
	case "NOW":
		return w.now.UTC(), nil
	case "TODAY":
		return w.now.UTC().Truncate(24 * time.Hour), nil
	case "ISNUMBER":
		_, number := rational(v[0])
		return number, nil
	case "&":
		text := ""
		for _, x := range v {
			text += naiveText(x)
		}
		return text, nil
	case "TEXT":
		return naiveText(v[0]), nil
	case "MIN", "MAX":
		return naiveExtreme(name, v)
	case "CONTAINS", "STARTSWITH", "ENDSWITH", "LEN", "LOWER", "UPPER", "TRIM", "LEFT", "RIGHT", "MID", "VALUE":
		return naiveOnText(name, v)
	case "ABS", "ROUND", "FLOOR", "CEILING", "MOD":
		return naiveOnNumber(name, v)
	}
	return naiveOnTime(name, v)
}

func naiveExtreme(name string, v []any) (any, error) {
	var best any
	sign := map[string]int{"MIN": -1, "MAX": 1}[name]
	for _, x := range v {
		_, number := rational(x)
		_, isTime := x.(time.Time)
		if isBlank(x) {
			continue
		}
		if !number && !isTime {
			return nil, errNaive
		}
		if best == nil {
			best = x
			continue
		}
		if _, bestNumber := rational(best); bestNumber != number {
			return nil, errNaive
		}
		if n, err := naiveOrder("<", x, best); err != nil {
			return nil, err
		} else if n == sign {
			best = x
		}
	}
	return best, nil
}

func naiveOnText(name string, v []any) (any, error) {
	if _, number := rational(v[0]); name == "VALUE" && number {
		return v[0], nil
	}
	counts := []int{}
	for i, x := range v {
		if i == 0 || slices.Contains([]string{"CONTAINS", "STARTSWITH", "ENDSWITH"}, name) {
			if _, err := naiveTexts(x); err != nil {
				return nil, err
			}
			continue
		}
		n, whole := x.(int64)
		if !whole || n < 0 {
			return nil, errNaive
		}
		counts = append(counts, int(min(n, 1<<20)))
	}
	text := naiveText(v[0])
	runes := []rune(text)
	upTo := func(n int) int { return min(n, len(runes)) }
	if len(counts) == 0 {
		counts = []int{1}
	}
	switch name {
	case "CONTAINS", "STARTSWITH", "ENDSWITH":
		part := naiveText(v[1])
		if text == "" || part == "" {
			return false, nil
		}
		return map[string]func(s, t string) bool{"CONTAINS": strings.Contains, "STARTSWITH": strings.HasPrefix, "ENDSWITH": strings.HasSuffix}[name](text, part), nil
	case "LEN":
		return int64(len(runes)), nil
	case "LOWER":
		return strings.ToLower(text), nil
	case "UPPER":
		return strings.ToUpper(text), nil
	case "TRIM":
		return strings.Join(strings.Fields(text), " "), nil
	case "LEFT":
		return string(runes[:upTo(counts[0])]), nil
	case "RIGHT":
		return string(runes[len(runes)-upTo(counts[0]):]), nil
	case "MID":
		if counts[0] < 1 {
			return nil, errNaive
		}
		return string(runes[upTo(counts[0]-1):upTo(counts[0]-1+counts[1])]), nil
	}
	text = strings.TrimSpace(text)
	if strings.Trim(text, "-.0123456789") != "" { // no exponents in these tests
		return nil, errNaive
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return nil, errNaive
	}
	n := normal(json.Number(text))
	if _, long := n.(json.Number); long {
		return nil, errNaive
	}
	return n, nil
}

func naiveOnNumber(name string, v []any) (any, error) {
	for _, x := range v {
		if _, number := rational(x); !number {
			return nil, errNaive
		}
	}
	x, _ := rational(v[0])
	whole := func(up bool) (any, error) {
		n := new(big.Int).Div(x.Num(), x.Denom()) // rounds down, as the denominator is positive
		if up && !x.IsInt() {
			n.Add(n, big.NewInt(1))
		}
		return n.Int64(), nil
	}
	switch name {
	case "FLOOR":
		return whole(false)
	case "CEILING":
		return whole(true)
	case "ABS":
		if x.Sign() < 0 {
			return naiveCalculate("-", []any{int64(0), v[0]})
		}
		return v[0], nil
	case "MOD":
		y, _ := rational(v[1])
		if y.Sign() == 0 {
			return nil, errNaive
		}
		if x.IsInt() && y.IsInt() {
			n := new(big.Int).Mod(x.Num(), y.Num()) // is never negative
			if n.Sign() != 0 && y.Sign() < 0 {
				n.Add(n, y.Num())
			}
			return n.Int64(), nil
		}
		for _, r := range []*big.Rat{x, y} {
			if r.IsInt() && new(big.Int).Abs(r.Num()).Cmp(big.NewInt(1<<53)) >= 0 {
				return nil, errNaive
			}
		}
		f, _ := x.Float64()
		g, _ := y.Float64()
		rest := math.Mod(f, g)
		if rest*g < 0 {
			rest += g
		}
		return fifteen(rest)
	}
	return naiveRound(v)
}

// naiveRound rounds what a number looks like, digit by digit.
func naiveRound(v []any) (any, error) {
	places := int64(0)
	if len(v) > 1 {
		n, whole := v[1].(int64)
		if !whole || n < -15 || n > 15 {
			return nil, errNaive
		}
		places = n
	}
	exact, _ := new(big.Rat).SetString(naiveText(v[0])) // as it is written: 2.675 is not a little less
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(max(places, -places)), nil))
	if places < 0 {
		scale.Inv(scale)
	}
	exact.Mul(exact, scale)
	half := big.NewRat(1, 2)
	negative := exact.Sign() < 0
	exact.Abs(exact).Add(exact, half)
	n := new(big.Int).Div(exact.Num(), exact.Denom())
	if negative {
		n.Neg(n)
	}
	result := new(big.Rat).SetInt(n)
	result.Quo(result, scale)
	if result.IsInt() {
		if !result.Num().IsInt64() {
			return nil, errNaive
		}
		return result.Num().Int64(), nil
	}
	f, _ := result.Float64()
	return f, nil
}

func naiveOnTime(name string, v []any) (any, error) {
	if name == "DATE" {
		var n [3]int64
		for i, x := range v {
			var whole bool
			if n[i], whole = x.(int64); !whole || n[i] < -4_000_000 || n[i] > 4_000_000 {
				return nil, errNaive
			}
		}
		t := time.Date(int(n[0]), time.Month(n[1]), int(n[2]), 0, 0, 0, 0, time.UTC)
		if t.Year() < 1 || t.Year() > 9999 {
			return nil, errNaive
		}
		return t, nil
	}
	var at [2]time.Time
	for i, x := range v[:min(len(v), 2)] {
		var err error
		switch x := x.(type) {
		case time.Time:
			at[i] = x
		case string:
			at[i], err = naiveTime(x)
		default:
			err = errNaive
		}
		if err != nil {
			return nil, err
		}
	}
	switch name {
	case "DATEVALUE":
		return at[0], nil
	case "YEAR":
		return int64(at[0].Year()), nil
	case "MONTH":
		return int64(at[0].Month()), nil
	case "DAY":
		return int64(at[0].Day()), nil
	}
	unit := "days"
	if len(v) > 2 {
		var ok bool
		if unit, ok = v[2].(string); !ok {
			return nil, errNaive
		}
	}
	return naiveDiff(at[0], at[1], unit)
}

func naiveDiff(a, b time.Time, unit string) (any, error) {
	sign := int64(1)
	if b.Before(a) {
		a, b, sign = b, a, -1
	}
	if length, ok := map[string]int64{"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}[unit]; ok {
		length := new(big.Int).Mul(big.NewInt(length), big.NewInt(int64(time.Second)))
		return sign * length.Quo(nanosBetween(a, b), length).Int64(), nil
	}
	// A month is over when day and time of day are reached again, whether or not the month has such a day.
	stamp := func(t time.Time) string { return t.Format("02T15:04:05.000000000") }
	months := int64(0)
	for year, month := a.Year(), a.Month(); ; months++ {
		month++
		if month > 12 {
			year, month = year+1, 1
		}
		if fmt.Sprintf("%04d-%02d-", year, month)+stamp(a) > b.Format("2006-01-")+stamp(b) {
			break
		}
	}
	switch unit {
	case "months":
		return sign * months, nil
	case "years":
		return sign * (months / 12), nil
	}
	return nil, errNaive
}

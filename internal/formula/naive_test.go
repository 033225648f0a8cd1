package formula_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/formula"
)

// The language once more, written straight from docs/formulas.md, slowly, and without a line of the package's own:
// what the tests hold the package against.

// term is a part of a formula. op is a literal, a reference, an operator, or a function's name.
type term struct {
	op   string
	lit  any    // op "literal"
	ref  string // op "reference", without braces
	args []*term
}

// world is what a formula is evaluated for.
type world struct {
	user  person
	model record
	now   time.Time
}

func (w world) input() formula.Input { return formula.Input{User: w.user, Model: w.model, Now: w.now} }

var errNaive = errors.New("it can not be evaluated")

func isBlank(v any) bool { return v == nil || v == "" }

// naive evaluates a term.
func (w world) naive(t *term) (any, error) {
	switch t.op {
	case "literal":
		return t.lit, nil
	case "reference":
		return w.read(t.ref), nil
	case "AND", "OR":
		for _, a := range t.args {
			truth, err := w.truth(a)
			if err != nil || truth == (t.op == "OR") {
				return truth, err
			}
		}
		return t.op == "AND", nil
	case "NOT":
		truth, err := w.truth(t.args[0])
		return !truth, err
	case "IF":
		truth, err := w.truth(t.args[0])
		switch {
		case err != nil:
			return nil, err
		case truth:
			return w.naive(t.args[1])
		case len(t.args) == 3:
			return w.naive(t.args[2])
		}
		return nil, nil
	}
	var values []any
	for _, a := range t.args {
		v, err := w.naive(a)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return w.apply(t.op, values)
}

func (w world) truth(t *term) (bool, error) {
	v, err := w.naive(t)
	if err != nil || isBlank(v) {
		return false, err
	}
	truth, ok := v.(bool)
	if !ok {
		return false, errNaive
	}
	return truth, nil
}

func (w world) read(ref string) any {
	parts := strings.Split(ref, ".")
	switch {
	case parts[0] == "$Model":
		return normal(w.model[parts[1]])
	case len(parts) == 2:
		return normal(w.user.attributes[parts[1]])
	}
	for _, s := range w.user.sets {
		if s[0] == parts[2] || s[1] == parts[2] {
			return s[slices.Index([]string{"id", "ntx_asset_id", "name"}, parts[3])]
		}
	}
	return nil
}

// normal is a value of JSON; a json.Number of too many digits stays what it is, and nothing but ISBLANK takes it.
func normal(v any) any {
	switch v := v.(type) {
	case json.Number:
		exact, _ := new(big.Rat).SetString(string(v))
		if exact.IsInt() {
			if exact.Num().IsInt64() {
				return exact.Num().Int64()
			}
			return v
		}
		f, _ := exact.Float64()
		if again, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64)); again.Cmp(exact) != 0 {
			return v
		}
		return f
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
	case time.Time:
		return v.UTC()
	}
	return v
}

// compareSigns are the comparisons by what the order has to be.
var compareSigns = map[string][]int{"=": {0}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {1, 0}}

func (w world) apply(op string, v []any) (any, error) {
	signs, comparison := compareSigns[op]
	switch {
	case op == "<>":
		equal, err := w.apply("=", v)
		return equal == false, err
	case op == "ISBLANK":
		return isBlank(v[0]), nil
	case comparison:
		if isBlank(v[0]) || isBlank(v[1]) {
			return false, nil
		}
		n, err := naiveOrder(op, v[0], v[1])
		return slices.Contains(signs, n), err
	}
	takesBlanks := []string{"&", "LEN", "CONTAINS", "STARTSWITH", "ENDSWITH", "ISNUMBER", "MIN", "MAX"}
	for _, x := range v {
		if isBlank(x) && !slices.Contains(takesBlanks, op) {
			return nil, nil
		}
	}
	for _, x := range v {
		switch x.(type) {
		case nil, bool, int64, float64, string, time.Time:
		default:
			return nil, errNaive
		}
	}
	if slices.Contains([]string{"+", "-", "*", "/", "^"}, op) {
		return naiveCalculate(op, v)
	}
	if op == "negative" {
		return naiveCalculate("-", []any{int64(0), v[0]})
	}
	return w.function(op, v)
}

// naiveOrder is 2 for values that are different and have no order, where only = is asked.
func naiveOrder(op string, a, b any) (int, error) {
	x, xNumber := rational(a)
	y, yNumber := rational(b)
	s, sText := a.(string)
	t, tText := b.(string)
	i, iTime := a.(time.Time)
	j, jTime := b.(time.Time)
	_, sBool := a.(bool)
	_, tBool := b.(bool)
	switch {
	case xNumber && yNumber:
		return x.Cmp(y), nil
	case sText && tText:
		return strings.Compare(s, t), nil
	case (sText || iTime) && (tText || jTime):
		var err error
		if sText {
			i, err = naiveTime(s)
		} else if tText {
			j, err = naiveTime(t)
		}
		return i.Compare(j), err
	}
	for _, v := range []any{a, b} {
		if _, long := v.(json.Number); long {
			return 0, errNaive
		}
		if _, list := v.([]any); list {
			return 0, errNaive
		}
	}
	switch {
	case op != "=":
		return 0, errNaive
	case sBool && tBool && a == b:
		return 0, nil
	}
	return 2, nil
}

func rational(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), true
	case float64:
		return new(big.Rat).SetFloat64(v), true
	}
	return nil, false
}

func naiveTime(text string) (time.Time, error) {
	if len(text) == len("2006-01-02") {
		text += "T00:00:00Z"
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
		return t, errNaive
	}
	return t.UTC(), nil
}

func naiveCalculate(op string, v []any) (any, error) {
	a, aTime := v[0].(time.Time)
	b, bTime := v[1].(time.Time)
	if aTime && bTime && op == "-" {
		days, _ := new(big.Rat).SetFrac(nanosBetween(b, a), big.NewInt(int64(24*time.Hour))).Float64()
		return fifteen(days)
	}
	if aTime || bTime {
		return naiveDays(op, v)
	}
	x, xWhole := v[0].(int64)
	y, yWhole := v[1].(int64)
	if xWhole && yWhole && (op != "^" || y >= 0) {
		n := new(big.Int)
		p, q := big.NewInt(x), big.NewInt(y)
		switch op {
		case "+":
			n.Add(p, q)
		case "-":
			n.Sub(p, q)
		case "*":
			n.Mul(p, q)
		case "^":
			if y > 1000 && x != 0 && x != 1 && x != -1 {
				return nil, errNaive
			}
			n.Exp(p, q, nil)
			if x == -1 && y > 1000 {
				n.SetInt64(1 - 2*(y%2))
			}
		case "/":
			if y == 0 {
				return nil, errNaive
			}
			rest := new(big.Int)
			if n.QuoRem(p, q, rest); rest.Sign() != 0 {
				return naiveFraction(op, v)
			}
		}
		if !n.IsInt64() {
			return nil, errNaive
		}
		return n.Int64(), nil
	}
	return naiveFraction(op, v)
}

// nanosBetween is how long it is from a to b.
func nanosBetween(a, b time.Time) *big.Int {
	n := big.NewInt(b.Unix() - a.Unix())
	n.Mul(n, big.NewInt(int64(time.Second)))
	return n.Add(n, big.NewInt(int64(b.Nanosecond()-a.Nanosecond())))
}

func naiveFraction(op string, v []any) (any, error) {
	var n [2]float64
	for i := range v {
		r, ok := rational(v[i])
		if !ok || r.IsInt() && new(big.Int).Abs(r.Num()).Cmp(big.NewInt(1<<53)) >= 0 {
			return nil, errNaive
		}
		n[i], _ = r.Float64()
	}
	switch op {
	case "+":
		return fifteen(n[0] + n[1])
	case "-":
		return fifteen(n[0] - n[1])
	case "*":
		return fifteen(n[0] * n[1])
	case "/":
		return fifteen(n[0] / n[1])
	}
	return fifteen(math.Pow(n[0], n[1]))
}

// fifteen is a number with 15 digits.
func fifteen(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) >= 1e15 {
		return nil, errNaive
	}
	f, err := strconv.ParseFloat(fmt.Sprintf("%.15g", f), 64)
	return normal(f), err
}

func naiveDays(op string, v []any) (any, error) {
	if _, ok := v[1].(time.Time); ok && op == "+" {
		v = []any{v[1], v[0]}
	}
	t, isTime := v[0].(time.Time)
	days, isNumber := rational(v[1])
	if !isTime || !isNumber || op != "+" && op != "-" {
		return nil, errNaive
	}
	n, _ := days.Float64()
	if op == "-" {
		n = -n
	}
	if math.Abs(n) > 4_000_000 {
		return nil, errNaive
	}
	whole := math.Trunc(n)
	t = t.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round((n - whole) * 24 * float64(time.Hour))))
	if t.Year() < 1 || t.Year() > 9999 {
		return nil, errNaive
	}
	return t, nil
}

// text takes what has to be a text, or blank.
func naiveTexts(v ...any) ([]string, error) {
	all := make([]string, len(v))
	for i := range v {
		text, ok := v[i].(string)
		if !ok && v[i] != nil {
			return nil, errNaive
		}
		all[i] = text
	}
	return all, nil
}

func naiveText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return strings.ToUpper(strconv.FormatBool(v))
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

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

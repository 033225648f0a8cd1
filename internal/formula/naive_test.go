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

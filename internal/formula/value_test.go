package formula_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/formula"
)

// TestP10_NumbersFromJSONAreExactOrUnusable.
func TestP10_NumbersFromJSONAreExactOrUnusable(t *testing.T) {
	unusable := formula.Unusable{}
	for _, c := range []struct{ in, want any }{
		{nil, nil}, {true, true}, {"text", "text"}, {"", ""}, {int64(7), int64(7)}, {7, int64(7)}, {int32(7), int64(7)}, {uint64(7), int64(7)}, {float32(0.5), 0.5},
		{json.Number("7"), int64(7)}, {json.Number("-0"), int64(0)}, {json.Number("7.0"), int64(7)}, {json.Number("7e2"), int64(700)}, {json.Number("0.70e1"), int64(7)},
		{json.Number("0.1"), 0.1}, {json.Number("1.50"), 1.5}, {json.Number("-2.5E-3"), -0.0025}, {json.Number("0.30000000000000004"), 0.30000000000000004},
		{json.Number("9223372036854775807"), int64(math.MaxInt64)}, {json.Number("-9223372036854775808"), int64(math.MinInt64)},
		{json.Number("9223372036854775808"), unusable}, {json.Number("12345678901234567890"), unusable}, {json.Number("1e19"), unusable}, {json.Number("1e999999999"), unusable},
		{json.Number("0.12345678901234567891"), unusable}, {json.Number("9007199254740993.5"), unusable}, {json.Number("1e-999999999"), unusable}, {json.Number("0.300000000000000041"), unusable},
		{json.Number("x"), unusable}, {json.Number(""), unusable}, {json.Number("1" + strings.Repeat("0", 1000)), unusable},
		{3.0, int64(3)}, {math.Copysign(0, -1), int64(0)}, {float64(1<<53 - 1), int64(1<<53 - 1)}, {float64(1 << 53), unusable}, {1e300, unusable}, {math.NaN(), unusable}, {math.Inf(1), unusable},
		{uint64(math.MaxUint64), unusable}, {[]any{}, unusable}, {map[string]any{}, unusable}, {struct{}{}, unusable},
		{time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("", 3600)), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		got := formula.FromJSON(c.in)
		if u, ok := got.(formula.Unusable); ok && c.want == unusable {
			if u.Why == "" {
				t.Errorf("%v: no reason", c.in)
			}
		} else if got != c.want {
			t.Errorf("%v (%T): %v (%T), want %v (%T)", c.in, c.in, got, got, c.want, c.want)
		}
	}
}

// TestP10_TwoDifferentNumbersAreNeverEqual, however long they are: that is FALSE, or an error.
func TestP10_TwoDifferentNumbersAreNeverEqual(t *testing.T) {
	p := compile(t, `{{$Model.A}} = {{$Model.B}}`)
	digits := func(t *rapid.T) string {
		text := rapid.StringMatching(`-?[1-9][0-9]{0,24}(\.[0-9]{1,20})?`).Draw(t, "number")
		return text
	}
	rapid.Check(t, func(t *rapid.T) {
		a := digits(t)
		b := a
		if rapid.Bool().Draw(t, "near") { // one digit is another
			at := rapid.IntRange(0, len(a)-1).Draw(t, "at")
			if a[at] >= '0' && a[at] <= '9' {
				b = a[:at] + string('0'+(a[at]-'0'+1)%10) + a[at+1:]
			}
		} else {
			b = digits(t)
		}
		if trimZeros(a) == trimZeros(b) {
			return
		}
		for _, as := range []func(string) any{func(s string) any { return json.Number(s) }, asFloat} {
			equal, err := p.True(formula.Input{Model: record{"A": as(a), "B": as(b)}})
			if equal {
				t.Fatalf("%s = %s, %v", a, b, err)
			}
			f := formula.Filter{Field: "A", Op: formula.Equal, Value: formula.FromJSON(as(b))}
			if _, bad := f.Value.(formula.Unusable); !bad && f.Matches(record{"A": as(a)}) {
				t.Fatalf("%s matches %s", a, b)
			}
		}
	})
}

// asFloat is what a decoder makes of a whole number that is not told to keep numbers as they are; of others, it is the
// number itself, because two that are written differently may well be one float64.
func asFloat(text string) any {
	if strings.Contains(text, ".") {
		return json.Number(text)
	}
	f, _ := json.Number(text).Float64()
	return f
}

func trimZeros(s string) string {
	s = strings.TrimLeft(s, "-0")
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// TestP10_AFieldInsideOfAnotherIsReadFromJSON.
func TestP10_AFieldInsideOfAnotherIsReadFromJSON(t *testing.T) {
	var r formula.Record
	d := json.NewDecoder(strings.NewReader(`{"Author":{"Title":"Ann","Boss":{"Age":51}},"Region":null,"Text":"x"}`))
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]formula.Value{
		`{{$Model.Author/Title}}`: "Ann", `{{$Model.Author/Boss/Age}} + 1`: int64(52), `ISBLANK({{$Model.Region}})`: true,
		`ISBLANK({{$Model.Author/Nobody/Age}})`: true, `ISBLANK({{$Model.Text/Title}})`: true, `ISBLANK({{$Model.Author}})`: false,
	} {
		if got, err := compile(t, text).Eval(formula.Input{Model: r}); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// TestP10_WithoutUserAndRecordEverythingIsBlank.
func TestP10_WithoutUserAndRecordEverythingIsBlank(t *testing.T) {
	for _, text := range []string{
		`{{$Model.Region}} = {{$User.region}}`, `NOT ISBLANK({{$Model.Region}})`, `NOT ISBLANK({{$User.region}})`,
		`NOT ISBLANK({{$User.appPermissions.s1.id}})`, `{{$Model.Open}}`, `{{$User.admin}}`, `{{$User.appPermissions.s1.name}} = {{$Model.Region}}`,
	} {
		p := compile(t, text)
		if truth, err := p.True(formula.Input{}); truth || err != nil {
			t.Errorf("%s: %v, %v", text, truth, err)
		}
		if _, _, err := p.Push(nil, noon); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if !(formula.Filter{Field: "A", Op: formula.Equal}).Matches(nil) {
		t.Error("a field of no record is not blank")
	}
}

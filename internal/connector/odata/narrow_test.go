package odata

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/connector"
	"holdfast/internal/formula"
)

// someUser is a user of formulas.
type someUser map[string]formula.Value

func (u someUser) AppPermission(ref string) (id, asset, name string, ok bool) {
	return ref, ref, "Set " + ref, ref == "s1"
}
func (u someUser) Attribute(name string) (formula.Value, bool) { v, ok := u[name]; return v, ok }

// dialect is how services differ: in what a comparison with null is below not, and in how they compare texts.
type dialect struct{ threeValued, ignoresCase bool }

// The three truths of a query.
const (
	isFalse = iota
	isUnknown
	isTrue
)

// matches is what a service makes of a filter, written from the OData standard's words on logical operators.
func (s dialect) matches(f Filter, r formula.Record) int {
	switch {
	case f.Not != nil:
		return isTrue - s.matches(*f.Not, r)
	case f.And != nil:
		least := isTrue
		for _, g := range f.And {
			least = min(least, s.matches(g, r))
		}
		return least
	case f.Or != nil:
		most := isFalse
		for _, g := range f.Or {
			most = max(most, s.matches(g, r))
		}
		return most
	}
	return s.compares(f, r)
}

func (s dialect) compares(f Filter, r formula.Record) int {
	v, _ := r.Field(string(f.Field))
	null := f.Value.kind == KindNull
	switch {
	case null:
		return truthOf((v == nil) == (f.Op == Equal))
	case v == nil && f.Op == NotEqual:
		return isTrue
	case v == nil && s.threeValued:
		return isUnknown
	case v == nil:
		return isFalse
	}
	switch f.Value.kind {
	case KindString:
		text, ok := v.(string)
		return truthOf(ok && s.compareTexts(f.Op, text, f.Value.text))
	case KindNumber:
		return truthOf(compareNumbers(f.Op, v, f.Value.text))
	case KindBool:
		is, ok := v.(bool)
		return truthOf(ok && (is == (f.Value.text == "true")) == (f.Op == Equal))
	case KindDateTime:
		text, _ := v.(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			at, err = time.Parse(time.DateOnly, text)
		}
		than, bad := time.Parse(time.RFC3339, f.Value.text)
		return truthOf(err == nil && bad == nil && ordered(f.Op, at.Compare(than)))
	default:
		panic("no literal: " + f.Value.kind)
	}
}

func truthOf(is bool) int {
	if is {
		return isTrue
	}
	return isFalse
}

func (s dialect) compareTexts(op Op, text, than string) bool {
	if s.ignoresCase {
		text, than = strings.ToLower(text), strings.ToLower(than)
	}
	switch op {
	case Contains:
		return strings.Contains(text, than)
	case StartsWith:
		return strings.HasPrefix(text, than)
	case EndsWith:
		return strings.HasSuffix(text, than)
	default:
		return ordered(op, strings.Compare(text, than))
	}
}

func compareNumbers(op Op, v formula.Value, than string) bool {
	var f float64
	switch v := v.(type) {
	case int64:
		f = float64(v)
	case float64:
		f = v
	default:
		return false
	}
	g, err := strconv.ParseFloat(than, 64)
	switch {
	case err != nil:
		return false
	case f < g:
		return ordered(op, -1)
	case f > g:
		return ordered(op, 1)
	default:
		return ordered(op, 0)
	}
}

func ordered(op Op, n int) bool {
	switch op {
	case Equal:
		return n == 0
	case NotEqual:
		return n != 0
	case Less:
		return n < 0
	case LessOrEqual:
		return n <= 0
	case Greater:
		return n > 0
	default:
		return n >= 0
	}
}

// drawFormula draws a condition over texts, numbers, times and truths, each field of one kind.
func drawFormula(t *rapid.T, depth int) string {
	if depth == 0 || rapid.Bool().Draw(t, "simple") {
		return rapid.SampledFrom([]string{
			`{{$Model.Region}} = {{$User.region}}`, `{{$Model.Region}} <> {{$User.region}}`, `{{$User.region}} = {{$Model.Region}}`, `CONTAINS({{$Model.Region}}, {{$User.region}})`,
			`STARTSWITH({{$Model.Region}}, "No")`, `ENDSWITH({{$Model.Region}}, {{$User.part}})`, `{{$Model.Amount}} < {{$User.limit}}`, `{{$Model.Amount}} >= {{$User.limit}}`,
			`{{$Model.Amount}} = {{$User.limit}}`, `{{$User.limit}} < {{$Model.Amount}}`, `{{$Model.Open}}`, `{{$Model.Open}} = {{$User.chief}}`, `{{$User.chief}}`, `ISBLANK({{$Model.Region}})`,
			`ISBLANK({{$Model.Due}})`, `{{$Model.Due}} <= NOW()`, `{{$Model.Due}} > TODAY() + 1`, `{{$Model.Due}} = {{$User.day}}`, `{{$Model.Author/Title}} = {{$User.name}}`,
			`LEN({{$Model.Region}}) > 3`, `{{$Model.Region}} = {{$User.appPermissions.s1.name}}`, `ISBLANK({{$User.appPermissions.s2.id}})`, `{{$Model.Amount}} / {{$User.limit}} > 1`,
		}).Draw(t, "formula")
	}
	a, b := drawFormula(t, depth-1), drawFormula(t, depth-1)
	return rapid.SampledFrom([]string{"(" + a + " AND " + b + ")", "(" + a + " OR " + b + ")", "NOT (" + a + ")", "IF(" + a + ", " + b + ", FALSE)", "IF({{$User.chief}}, " + a + ", " + b + ")"}).Draw(t, "composed")
}

func drawOne(t *rapid.T, label string, of ...any) any {
	return rapid.SampledFrom(of).Draw(t, label)
}

// workable draws no formula of literals that can never work.
var workable = rapid.Custom(func(t *rapid.T) string { return drawFormula(t, 4) }).Filter(func(source string) bool {
	_, err := formula.Compile(source)
	return err == nil
})

// TestP10_WhatIsAskedOfAServiceLeavesNothingOut: a record for which a condition is TRUE comes back, whatever the service
// thinks of null and of capital letters.
func TestP10_WhatIsAskedOfAServiceLeavesNothingOut(t *testing.T) {
	met, narrowed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p, err := formula.Compile(workable.Draw(t, "formula"))
		if err != nil {
			t.Fatal(err)
		}
		user := someUser{"region": drawOne(t, "region", nil, "", "North", "No", "2026-03-15"), "part": drawOne(t, "part", "th", nil), "limit": drawOne(t, "limit", nil, int64(5), 0.5, int64(0)),
			"chief": drawOne(t, "chief", nil, true, false), "day": drawOne(t, "day", "2026-03-15", nil), "name": "Ann"}
		now := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
		f, _, _ := p.Push(user, now)
		limited, err := new(Connector).Limit(List, []byte(`{"entity_set":"Orders"}`), connector.Limits{Filter: &f})
		if err != nil {
			t.Fatal(err)
		}
		in, err := Parse(List, limited)
		if err != nil {
			t.Fatal(err)
		}
		for range 8 {
			r := formula.Record{"Region": drawOne(t, "Region", nil, "", "North", "NORTH", "Set s1", "th", "2026-03-15"), "Amount": drawOne(t, "Amount", nil, json.Number("5"), json.Number("7"), json.Number("0.5")),
				"Open": drawOne(t, "Open", nil, true, false), "Due": drawOne(t, "Due", nil, "2026-03-15", "2026-03-15T13:00:00+01:00", "2026-03-20"),
				"Author": map[string]any{"Title": drawOne(t, "Title", "Ann", "Bob", nil)}}
			is, err := p.True(formula.Input{User: user, Model: r, Now: now})
			if err != nil || !is {
				continue
			}
			met++
			if in.Filter == nil {
				continue
			}
			narrowed++
			for _, s := range []dialect{{}, {threeValued: true}, {ignoresCase: true}, {threeValued: true, ignoresCase: true}} {
				if s.matches(*in.Filter, r) != isTrue {
					t.Fatalf("%s is TRUE of %v for %v; a service of %+v does not find it by %s", p.Text(), r, user, s, limited)
				}
			}
		}
	})
	if met < 100 || narrowed < 30 {
		t.Errorf("only %d records met their condition, %d of them were asked for by it", met, narrowed)
	}
}

// TestP10_WhatServicesSayInOtherWordsIsNotAskedOfThem: which words a field wants, nobody here knows.
func TestP10_WhatServicesSayInOtherWordsIsNotAskedOfThem(t *testing.T) {
	for v, asked := range map[formula.Value]bool{
		"North": true, int64(5): true, 0.5: true, true: true, time.Unix(0, 0).UTC(): true,
		"0b5bcd8e-6c37-4b7c-b7c5-2d0e25a8a4c9": false, "2026-03-15": false, "2026-03-15T12:00:00Z": false, "2026-03-15T12:00:00": false, "2026-03-15T12:00:00+02:00": false,
	} {
		f := formula.Filter{Field: "Region", Op: formula.Equal, Value: v}
		if _, ok := filterOf(f, 1); ok != asked {
			t.Errorf("%v is asked for: %v", v, ok)
		}
	}
	blank := formula.Filter{Field: "Region", Op: formula.Equal}
	north := formula.Filter{Field: "Region", Op: formula.Equal, Value: "North"}
	for name, f := range map[string]formula.Filter{"blank": blank, "blank or more": {Or: []formula.Filter{blank, north}}, "not a time": {Not: &formula.Filter{Field: "Region", Op: formula.Contains, Value: "2026-03-15"}}} {
		if got, ok := filterOf(f, 1); ok {
			t.Errorf("%s is asked for as %+v", name, got)
		}
	}
	if got, ok := filterOf(formula.Filter{And: []formula.Filter{blank, north}}, 1); !ok || len(got.And) != 1 {
		t.Errorf("of two demands the one that can be said: %+v, %v", got, ok)
	}
}

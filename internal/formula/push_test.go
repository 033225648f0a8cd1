package formula_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/formula"
)

// asked makes conditions of the kind that sources can be asked, with something that they can not be asked here and there.
func asked(t *rapid.T, depth int) *term {
	user := func(kind string) *term { return generator{t, true}.term(kind, rapid.IntRange(0, 2).Draw(t, "depth")) }
	if depth > 0 && chance(t, 60) {
		sub := func() *term { return asked(t, depth-1) }
		switch rapid.IntRange(0, 5).Draw(t, "joined") {
		case 0, 1:
			return call("AND", sub(), sub(), sub())
		case 2, 3:
			return call("OR", sub(), sub())
		case 4:
			return call("IF", []*term{user("bool"), sub(), sub()}[:rapid.IntRange(2, 3).Draw(t, "choices")]...)
		}
		return call("NOT", sub())
	}
	switch rapid.IntRange(0, 11).Draw(t, "asked") {
	case 0:
		return generator{t: t}.term("bool", 2)
	case 1:
		return user("bool")
	case 2:
		return call("ISBLANK", fieldRef(t, pick(t, kinds...)))
	case 3:
		return fieldRef(t, "bool")
	case 4, 5:
		return call(pick(t, "CONTAINS", "STARTSWITH", "ENDSWITH"), fieldRef(t, "text"), user("text"))
	}
	kind := pick(t, "text", "text", "number", "time", "bool")
	signs := []string{"=", "=", "<>", "<", "<=", ">", ">="}
	if kind == "bool" {
		signs = signs[:3]
	}
	sides := []*term{fieldRef(t, kind), user(kind)}
	if chance(t, 30) {
		slices.Reverse(sides)
	}
	return call(pick(t, signs...), sides...)
}

// A source's answer: yes, no, or null, which counts as no.
type answer int

const (
	no answer = iota
	null
	yes
)

// source answers filters as data sources do. With threeValued, what is asked of a null is null, and so is its
// opposite, as in SQL; without, as in OData, null is only ever unequal to a value.
type source struct{ threeValued bool }

func (s source) answer(f formula.Filter, r record) answer {
	switch {
	case f.Const != nil:
		return truthAsAnswer(*f.Const)
	case f.And != nil:
		least := yes
		for _, part := range f.And {
			least = min(least, s.answer(part, r))
		}
		return least
	case f.Or != nil:
		most := no
		for _, part := range f.Or {
			most = max(most, s.answer(part, r))
		}
		return most
	case f.Not != nil:
		return yes - s.answer(*f.Not, r)
	}
	v := normal(r[f.Field])
	switch {
	case f.Value == nil:
		return truthAsAnswer(isBlank(v) == (f.Op == formula.Equal))
	case v == nil && s.threeValued:
		return null
	case v == nil:
		return truthAsAnswer(f.Op == formula.NotEqual)
	}
	return truthAsAnswer(compared(f, v))
}

func truthAsAnswer(truth bool) answer {
	if truth {
		return yes
	}
	return no
}

// compared is a comparison of a value that is there, though it may be an empty text.
func compared(f formula.Filter, v any) bool {
	if test, ok := map[formula.Op]func(s, t string) bool{formula.Contains: strings.Contains, formula.StartsWith: strings.HasPrefix, formula.EndsWith: strings.HasSuffix}[f.Op]; ok {
		text, isText := v.(string)
		part, _ := f.Value.(string)
		return isText && test(text, part)
	}
	if f.Op == formula.NotEqual {
		f.Op = formula.Equal
		return !compared(f, v)
	}
	sign := map[formula.Op]string{formula.Equal: "=", formula.Less: "<", formula.LessOrEqual: "<=", formula.Greater: ">", formula.GreaterOrEqual: ">="}[f.Op]
	n, err := naiveOrder(sign, v, f.Value)
	return err == nil && slices.Contains(compareSigns[sign], n)
}

// wellFormed is what Filter promises of its form.
func wellFormed(t *rapid.T, f formula.Filter, depth int) {
	inner := slices.Concat(f.And, f.Or)
	if f.Not != nil {
		inner = append(inner, *f.Not)
	}
	text := f.Op == formula.Contains || f.Op == formula.StartsWith || f.Op == formula.EndsWith
	_, isText := f.Value.(string)
	equal := f.Op == formula.Equal || f.Op == formula.NotEqual
	switch {
	case depth > 30:
		t.Fatalf("%v is nested too deep", f)
	case f.Const != nil && depth > 0, f.And != nil && len(f.And) < 2, f.Or != nil && len(f.Or) < 2:
		t.Fatalf("%v is not reduced", f)
	case f.Not != nil && f.Not.Op != formula.Contains && f.Not.Op != formula.StartsWith && f.Not.Op != formula.EndsWith:
		t.Fatalf("%v negates more than a function on texts", f)
	case len(inner) > 0:
		for _, part := range inner {
			wellFormed(t, part, depth+1)
		}
	case f.Const == nil && (f.Field == "" || text != isText && !equal || f.Value == "" || f.Value == nil && !equal):
		t.Fatalf("%v is no comparison", f)
	}
}

// TestP10_ASourceIsNeverAskedForLessThanTheFormulaSays: every record for which the formula is TRUE matches the filter, in
// sources of either logic of nulls. Where the filter says all that the formula says, no other record matches, of those that
// the formula can be evaluated for.
func TestP10_ASourceIsNeverAskedForLessThanTheFormulaSays(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		f := asked(t, 3)
		text := style{t}.write(f, 0)
		p := compiled(t, f, text)
		if p == nil {
			return
		}
		w := someWorld(t)
		filter, exact, pushErr := p.Push(w.user, w.now)
		wellFormed(t, filter, 0)
		if pushErr != nil && (filter.Const == nil || *filter.Const || !exact) {
			t.Fatalf("%s: %v, and the filter is %v", text, pushErr, filter)
		}
		for range 8 {
			w.model = someRecord(t)
			truth, err := p.True(w.input())
			if pushErr != nil && truth {
				t.Fatalf("%s: Push says %v, and it is TRUE for %v", text, pushErr, w.model)
			}
			answers := map[string]bool{"Matches": filter.Matches(w.model), "OData": source{}.answer(filter, w.model) == yes, "SQL": source{true}.answer(filter, w.model) == yes}
			for name, match := range answers {
				if truth && !match {
					t.Fatalf("%s\nfor %v\nis TRUE for %v\nand %s has no match for %v", text, w.user, w.model, name, filter)
				}
				if exact && err == nil && truth != match {
					t.Fatalf("%s\nfor %v\nis %v for %v\nand %s says %v for %v", text, w.user, truth, w.model, name, match, filter)
				}
			}
			count(seen, filter, exact, truth)
		}
	})
	t.Log(seen)
	for _, what := range []string{"exact, TRUE", "exact, FALSE", "more, TRUE", "narrowed"} {
		if seen[what] < 20 {
			t.Errorf("only %v: the formulas show too little", seen)
		}
	}
}

func count(seen map[string]int, filter formula.Filter, exact, truth bool) {
	what := map[bool]string{true: "exact", false: "more"}[exact] + ", " + map[bool]string{true: "TRUE", false: "FALSE"}[truth]
	if filter.Const == nil {
		seen[what]++
		if !exact {
			seen["narrowed"]++
		}
	}
}

// TestP10_WhatASourceIsAsked.
func TestP10_WhatASourceIsAsked(t *testing.T) {
	for text, want := range map[string]string{
		`{{$Model.Region}} = {{$User.region}}`:                                                               `Region eq "North"`,
		`{{$User.region}} = {{$Model.Region}}`:                                                               `Region eq "North"`,
		`{{$User.limit}} > {{$Model.Amount}}`:                                                                `Amount lt 100`,
		`NOT({{$Model.Amount}} >= {{$User.limit}} * 2)`:                                                      `(Amount eq null or Amount lt 200)`,
		`{{$Model.Region}} <> LOWER({{$User.region}})`:                                                       `(Region eq null or Region ne "north")`,
		`{{$Model.Region}} = {{$User.nickname}}`:                                                             `false`,
		`{{$Model.Region}} <> {{$User.nickname}}`:                                                            `true`,
		`ISBLANK({{$Model.Region}})`:                                                                         `Region eq null`,
		`NOT ISBLANK({{$Model.Region}})`:                                                                     `Region ne null`,
		`NOT CONTAINS({{$Model.Region}}, "or")`:                                                              `(Region eq null or not Region contains "or")`,
		`STARTSWITH({{$Model.Author/Title}}, "A") AND ENDSWITH({{$Model.Author/Title}}, "n")`:                `(Author/Title startswith "A" and Author/Title endswith "n")`,
		`{{$Model.Open}}`:                                                                                    `Open eq TRUE`,
		`NOT {{$Model.Open}}`:                                                                                `(Open eq null or Open eq FALSE)`,
		`{{$Model.Due}} < TODAY() + 7`:                                                                       `Due lt 2026-03-22T00:00:00Z`,
		`{{$User.admin}} OR {{$Model.Region}} = "x"`:                                                         `true`,
		`NOT {{$User.admin}} OR {{$Model.Region}} = "x"`:                                                     `Region eq "x"`,
		`IF(ISBLANK({{$User.appPermissions.s1.id}}), FALSE, {{$Model.Region}} = "x")`:                        `Region eq "x"`,
		`NOT({{$Model.Region}} = "x" OR LEN({{$Model.Region}}) > 3)`:                                         `(Region eq null or Region ne "x") …`,
		`NOT({{$Model.Region}} = "x" AND LEN({{$Model.Region}}) > 3)`:                                        `true …`,
		`{{$Model.Region}} = "x" AND LEN({{$Model.Region}}) > 3`:                                             `Region eq "x" …`,
		`{{$Model.Region}} = "x" OR LEN({{$Model.Region}}) > 3`:                                              `true …`,
		`{{$Model.Region}} > "x"`:                                                                            `true …`,
		`{{$Model.Region}} = {{$Model.Owner}}`:                                                               `true …`,
		`{{$Model.Region}} = "a" OR ({{$Model.Region}} = "b" OR NOT({{$Model.A}} < 1 AND {{$Model.B}} < 1))`: `(Region eq "a" or Region eq "b" or A eq null or A ge 1 or B eq null or B ge 1)`,
	} {
		filter, exact, err := compile(t, text).Push(ann, noon)
		got := filter.String()
		if !exact {
			got += " …"
		}
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
}

// TestP10_WhatFailsForTheUserIsTold, and the source is not asked for anything.
func TestP10_WhatFailsForTheUserIsTold(t *testing.T) {
	filter, exact, err := compile(t, `{{$Model.Region}} = "x" AND {{$Model.Amount}} > 1 / {{$User.zero}}`).Push(
		person{attributes: map[string]formula.Value{"zero": int64(0)}}, time.Now())
	if filter.String() != "false" || !exact || err == nil || !strings.HasPrefix(err.Error(), "line 1, column 51: this divides by zero") {
		t.Errorf("%v, %v, %v", filter, exact, err)
	}
	filter, _, err = compile(t, `{{$Model.Region}} = "x" OR {{$Model.Amount}} > 1 / {{$User.zero}}`).Push(
		person{attributes: map[string]formula.Value{"zero": int64(0)}}, time.Now())
	if filter.String() != `Region eq "x"` || err != nil {
		t.Errorf("%v, %v", filter, err)
	}
}

// TestP10_FiltersAreNestedNoDeeperThanSourcesTake: what is deeper in the formula is not asked.
func TestP10_FiltersAreNestedNoDeeperThanSourcesTake(t *testing.T) {
	text := `{{$Model.Z}} = 1`
	for range 30 {
		text = `OR({{$Model.A}} = 1, AND({{$Model.B}} = 1, ` + text + `))`
	}
	filter, exact, err := compile(t, text).Push(nil, noon)
	if err != nil || exact || filter.Const != nil {
		t.Fatalf("%v, %v, %v", filter, exact, err)
	}
	var depth func(f formula.Filter) int
	depth = func(f formula.Filter) int {
		deepest := 0
		for _, part := range slices.Concat(f.And, f.Or) {
			deepest = max(deepest, 1+depth(part))
		}
		return deepest
	}
	if d := depth(filter); d < 10 || d > 16 {
		t.Errorf("%d levels: %v", d, filter)
	}
}

package formula_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"holdfast/internal/formula"
)

func nested(open, inner, close string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(close, n)
}

// TestP10_FormulasAreBounded in length, in depth and in parts.
func TestP10_FormulasAreBounded(t *testing.T) {
	sum := func(n int) string { return strings.Repeat("1+", n-1) + "1=1" }
	for text, want := range map[string]string{
		`"` + strings.Repeat("a", 4093) + `"`: "",
		`"` + strings.Repeat("a", 4095) + `"`: "the formula has 4097 bytes, and may have 4096",
		nested("(", "1", ")", 63):             "",
		nested("(", "1", ")", 64):             "this is nested deeper than 64 levels",
		nested("NOT ", "TRUE", "", 63):        "",
		nested("NOT ", "TRUE", "", 64):        "this is nested deeper than 64 levels",
		nested("- ", "{{$Model.A}}", "", 64):  "this is nested deeper than 64 levels",
		nested("IF(TRUE,", "1", ",2)", 63):    "",
		nested("LOWER(", `"a"`, ")", 64):      "this is nested deeper than 64 levels",
		sum(499):                              "",
		sum(501):                              "the formula has more than 1000 parts",
	} {
		_, err := formula.Compile(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s…: %v, want %q", text, err, want)
		}
	}
}

// TestP10_TextsThatAFormulaMakesAreBounded: each, and all of them together.
func TestP10_TextsThatAFormulaMakesAreBounded(t *testing.T) {
	in := formula.Input{Model: record{"A": strings.Repeat("a", 32<<10), "B": strings.Repeat("a", 64<<10), "C": strings.Repeat("a", 64<<10+1)}}
	for text, good := range map[string]bool{
		`LEN({{$Model.A}} & {{$Model.A}}) = 65536`:                    true,
		`LEN({{$Model.A}} & {{$Model.A}} & "x") = 65537`:              false,
		`LEN(LOWER({{$Model.B}})) = 65536`:                            true,
		`LEN(LOWER({{$Model.C}})) = 65537`:                            false,
		`LEN({{$Model.C}}) = 65537`:                                   true,
		`LEN(LEFT({{$Model.C}}, 65536)) = 65536`:                      true,
		`CONTAINS({{$Model.C}}, "a")`:                                 true,
		nested("LOWER(", "{{$Model.B}}", ")", 10) + ` = {{$Model.B}}`: true,
		nested("LOWER(", "{{$Model.B}}", ")", 11) + ` = {{$Model.B}}`: false,
		`LEN(UPPER("` + strings.Repeat("ŉ", 50) + `")) > 0`:           true, // grows
	} {
		truth, err := compile(t, text).True(in)
		if truth != good || (err == nil) != good || err != nil && !strings.Contains(err.Error(), "this makes a text of more than 65536 bytes") {
			t.Errorf("%.60s: %v, %v", text, truth, err)
		}
	}
}

// TestP10_WhatIsTooLongIsNotMade: an evaluation that is refused has not allocated what it is refused for.
func TestP10_WhatIsTooLongIsNotMade(t *testing.T) {
	p := compile(t, strings.Repeat("{{$Model.A}} & ", 100)+`"x"`)
	in := formula.Input{Model: boxed{"A": strings.Repeat("a", 1<<20)}}
	before := allocated()
	if _, err := p.Eval(in); err == nil {
		t.Error("it is made")
	}
	if made := allocated() - before; made > 1<<20 {
		t.Errorf("%d bytes were allocated", made)
	}
}

// TestP10_AProgramIsUsedByManyAtOnce, each with input of its own.
func TestP10_AProgramIsUsedByManyAtOnce(t *testing.T) {
	p := compile(t, `{{$Model.N}} * 2 & LOWER({{$User.name}}) = {{$Model.Want}} AND NOT 1 / {{$Model.N}} > 1`)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			n := int64(i)
			in := formula.Input{User: person{attributes: map[string]formula.Value{"name": "ANN"}}, Model: record{"N": n, "Want": string(rune('0'+2*n)) + "ann"}}
			for range 1000 {
				truth, err := p.True(in)
				if i == 0 && err == nil || i > 0 && i < 5 && (err != nil || !truth) || i > 4 && (err != nil || truth) {
					t.Errorf("%d: %v, %v", i, truth, err)
					return
				}
				if filter, _, err := p.Push(in.User, noon); err != nil || filter.String() != "true" {
					t.Errorf("%v, %v", filter, err)
				}
			}
		})
	}
	all.Wait()
}

// deepModel evaluates another formula while it is asked for a field.
type deepModel struct{ p *formula.Program }

func (m deepModel) Field(string) (formula.Value, bool) {
	v, err := m.p.Eval(input())
	return v, err == nil
}

// TestP10_AFieldMayBeAFormulaOfItsOwn: an evaluation within another does not disturb it.
func TestP10_AFieldMayBeAFormulaOfItsOwn(t *testing.T) {
	inner := compile(t, `LOWER({{$User.region}}) & {{$Model.Count}}`)
	v, err := compile(t, `"<" & {{$Model.X}} & "|" & UPPER({{$Model.X}}) & ">"`).Eval(formula.Input{Model: deepModel{inner}})
	if err != nil || v != "<north3|NORTH3>" {
		t.Error(v, err)
	}
}

// TestP10_NoRecordIsKeptAfterItWasLookedAt: the pool of machines holds neither the record nor what was read of it.
func TestP10_NoRecordIsKeptAfterItWasLookedAt(t *testing.T) {
	const large = 64 << 20
	p := compile(t, `"x" <> {{$Model.A}}`)
	before := inUse()
	if truth, err := p.True(formula.Input{Model: boxed{"A": strings.Repeat("a", large)}}); !truth || err != nil {
		t.Fatal(truth, err)
	}
	if kept := inUse() - before; kept > large/2 {
		t.Errorf("%d bytes are kept", kept)
	}
	runtime.KeepAlive(p)
}

// inUse collects once: what a pool holds outlives that.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

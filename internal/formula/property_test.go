package formula_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/formula"
)

// hopeless tells whether a part of the term consists of literals and fails: that is found when it is compiled.
func hopeless(t *term) bool {
	literals := len(t.args) > 0
	for _, a := range t.args {
		if hopeless(a) {
			return true
		}
		literals = literals && written(a)
	}
	if t.op == "/" && written(t.args[1]) {
		if divisor, _ := (world{}).naive(t.args[1]); divisor == int64(0) {
			return true
		}
	}
	if !literals || slices.Contains([]string{"AND", "OR", "NOT", "IF", "ISBLANK"}, t.op) {
		return false
	}
	_, err := world{}.naive(t)
	return err != nil
}

// written tells whether a term is a literal, or one with signs.
func written(t *term) bool {
	for t.op == "negative" {
		t = t.args[0]
	}
	return t.op == "literal"
}

// drawn is a formula of a kind, as it is written.
func drawn(t *rapid.T, kind string, depth int) (*term, string) {
	f := generator{t: t}.term(kind, depth)
	return f, style{t}.write(f, 0)
}

// compiled is the formula's program; nil where it fails for certain.
func compiled(t *rapid.T, f *term, text string) *formula.Program {
	p, err := formula.Compile(text)
	if hopeless(f) {
		if err == nil {
			t.Fatalf("%s can not work, and compiles", text)
		}
		return nil
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func equalValues(a, b any) bool {
	x, aTime := a.(time.Time)
	y, bTime := b.(time.Time)
	return aTime && bTime && x.Equal(y) && x.Location() == time.UTC || !aTime && !bTime && (a == b || isBlank(a) && isBlank(b))
}

// unfit tells that a value is none that a formula may give.
func unfit(v any) bool {
	switch v.(type) {
	case nil, bool, int64, float64, string, time.Time:
		return false
	}
	return true
}

// TestP10_P11_EveryFormulaGivesWhatTheLanguageSays: the compiled program and the naive evaluator give the same value, or
// both fail, whatever the formula, the user and the record.
func TestP10_P11_EveryFormulaGivesWhatTheLanguageSays(t *testing.T) {
	gave := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		f, text := drawn(t, pick(t, append(kinds, "bool", "number")...), 4)
		p := compiled(t, f, text)
		if p == nil {
			return
		}
		for range 4 {
			w := someWorld(t)
			want, wantErr := w.naive(f)
			if wantErr == nil && unfit(want) {
				wantErr = errNaive
			}
			got, err := p.Eval(w.input())
			switch {
			case (err != nil) != (wantErr != nil) || err == nil && !equalValues(got, want):
				t.Fatalf("%s\nfor %v\nand %v\ngives %v (%T), %v\nwant  %v (%T), %v", text, w.user, w.model, got, got, err, want, want, wantErr)
			case err != nil:
				gave["error"]++
				checkPlace(t, text, err)
			case isBlank(got):
				gave["blank"]++
			default:
				gave["value"]++
			}
		}
	})
	t.Log(gave)
	for _, what := range []string{"error", "blank", "value"} {
		if gave[what] < 20 {
			t.Errorf("only %v: the formulas show too little", gave)
		}
	}
}

func checkPlace(t interface{ Fatalf(string, ...any) }, text string, err error) {
	e, ok := errors.AsType[*formula.Error](err)
	if !ok || e.Offset < 0 || e.Offset > len(text) || e.Line != 1+strings.Count(text[:e.Offset], "\n") || errors.Unwrap(e) != nil {
		t.Fatalf("%s: %#v is at no place", text, err)
	}
}

// TestP10_P11_TheNormalFormIsTheSameHoweverAFormulaIsWritten, it is a formula of the same meaning, and its own normal form.
func TestP10_P11_TheNormalFormIsTheSameHoweverAFormulaIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, text := drawn(t, pick(t, kinds...), 4)
		p := compiled(t, f, text)
		if p == nil {
			return
		}
		other := style{t}.write(f, 0)
		if q := compiled(t, f, other); q.Canonical() != p.Canonical() {
			t.Fatalf("%s\nis %s\n%s\nis %s", text, p.Canonical(), other, q.Canonical())
		}
		again, err := formula.Compile(p.Canonical())
		if err != nil || again.Canonical() != p.Canonical() {
			t.Fatalf("%s\nis %s\nand that is %v, %v", text, p.Canonical(), again, err)
		}
		w := someWorld(t)
		a, errA := p.Eval(w.input())
		b, errB := again.Eval(w.input())
		if (errA != nil) != (errB != nil) || errA == nil && !equalValues(a, b) {
			t.Fatalf("%s gives %v, %v, its normal form %s gives %v, %v", text, a, errA, p.Canonical(), b, errB)
		}
	})
}

// TestP10_P11_AProgramSaysAllThatItReads.
func TestP10_P11_AProgramSaysAllThatItReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, text := drawn(t, "bool", 4)
		p := compiled(t, f, text)
		if p == nil {
			return
		}
		var fields, sets, attributes []string
		var look func(*term)
		look = func(f *term) {
			parts := strings.Split(f.ref, ".")
			switch {
			case parts[0] == "$Model":
				fields = append(fields, parts[1])
			case len(parts) == 4:
				sets = append(sets, parts[2])
			case len(parts) == 2:
				attributes = append(attributes, parts[1])
			}
			for _, a := range f.args {
				look(a)
			}
		}
		look(f)
		for _, pair := range [][2][]string{{p.Fields(), fields}, {p.Sets(), sets}, {p.Attributes(), attributes}} {
			slices.Sort(pair[1])
			if !slices.Equal(pair[0], slices.Compact(pair[1])) {
				t.Fatalf("%s: %v, want %v", text, pair[0], pair[1])
			}
		}
		if p.OfUser() != (len(fields) == 0) {
			t.Fatalf("%s: OfUser is %v", text, p.OfUser())
		}
	})
}

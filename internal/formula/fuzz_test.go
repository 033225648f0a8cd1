package formula_test

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"holdfast/internal/formula"
)

// seeds are formulas of every kind, good and bad.
func seeds(f *testing.F, add func(text string)) {
	for _, fn := range formula.Functions() {
		add(fn.Example)
	}
	for _, text := range []string{
		`{{$Model.Region}} = {{$User.region}} OR NOT ISBLANK({{$User.appPermissions.s1.id}})`, `-2^2^-3 + 1.5e3 * (4 - -1) / 7`, `"a""b" & "ä日本" & TRUE`,
		"1 +\n\t\"a\"", `{{$Foo}}`, `ISBLNK(1)`, `((((1))))`, "\xff", "\"\u202e", `1e999999999`, `0.1+0.2=0.3`, `{{$Model.A/B}} < TODAY() - 7`,
		`DATEDIFF({{$Model.D}}, NOW(), "months") >= {{$User.n}} AND CONTAINS({{$Model.A}}, {{$User.s}})`, strings.Repeat("NOT ", 70) + "TRUE",
	} {
		add(text)
	}
	f.Helper()
}

// rejected checks that an error is one of the formula's, at a place of it.
func rejected(t *testing.T, text string, err error) {
	t.Helper()
	e, ok := errors.AsType[*formula.Error](err)
	if !ok || e.Detail == "" || e.Offset < 0 || e.Offset > len(text) || e.Line < 1 || e.Column < 1 || errors.Unwrap(e) != nil {
		t.Fatalf("%q: %#v", text, err)
	}
	if caret := e.Caret(); strings.Count(caret, "\n") != 1 || len(caret) > 2000 || len(e.Error()) > 1000 || utf8.ValidString(text) && !utf8.ValidString(caret+e.Error()) {
		t.Fatalf("%q: %q, %q", text, e.Error(), caret)
	}
}

// FuzzCompile: no text panics, and what compiles has a normal form that compiles to the same.
func FuzzCompile(f *testing.F) {
	seeds(f, func(text string) { f.Add(text) })
	f.Fuzz(func(t *testing.T, text string) {
		p, err := formula.Compile(text)
		if err != nil {
			rejected(t, text, err)
			return
		}
		if len(p.Canonical()) > 4096 {
			return
		}
		again, err := formula.Compile(p.Canonical())
		if err != nil || again.Canonical() != p.Canonical() {
			t.Fatalf("%q is %q, and that is %v, %v", text, p.Canonical(), again, err)
		}
	})
}

// FuzzEval: no formula and no record panic or allocate without bound, a condition that is TRUE matches what its source is
// asked, and no text that comes out is longer than it may be.
func FuzzEval(f *testing.F) {
	seeds(f, func(text string) { f.Add(text, `{"Region":"North","A":{"B":1e400},"D":"2026-01-01"}`, "North", 2.5) })
	f.Add(nested("CONCATENATE({{$Model.A}},", `"x"`, ")", 60), `{"A":"`+strings.Repeat("a", 50000)+`"}`, "x", 1.0)
	f.Fuzz(func(t *testing.T, text, document, attribute string, number float64) {
		p, err := formula.Compile(text)
		if err != nil {
			return
		}
		var fields map[string]any
		d := json.NewDecoder(strings.NewReader(document))
		d.UseNumber()
		if d.Decode(&fields) != nil {
			fields = nil
		}
		user := person{sets: ann.sets, attributes: map[string]formula.Value{"region": attribute, "s": attribute, "n": number, "x": fields["A"]}}
		in := formula.Input{User: user, Model: formula.Record(fields), Now: noon}
		before := allocated()
		v, err := p.Eval(in)
		if made := allocated() - before; made > 16<<20 {
			t.Fatalf("%q allocates %d bytes", text, made)
		}
		if err != nil {
			rejected(t, text, err)
		}
		if s, ok := v.(string); ok && len(s) > max(64<<10, len(document), len(attribute), len(text)) {
			t.Fatalf("%q makes %d bytes", text, len(s))
		}
		truth, trueErr := p.True(in)
		filter, exact, pushErr := p.Push(user, noon)
		if truth && (pushErr != nil || !filter.Matches(in.Model)) || exact && trueErr == nil && truth != filter.Matches(in.Model) {
			t.Fatalf("%q is %v, %v, and %v is asked for (exact: %v), %v", text, truth, trueErr, filter, exact, pushErr)
		}
	})
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

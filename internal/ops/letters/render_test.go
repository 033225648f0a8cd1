package letters_test

import (
	"strings"
	"testing"

	"holdfast/internal/ops/letters"
)

func TestO1_WhatIsWantedIsUnderTheLineThatIsWrong(t *testing.T) {
	const event = `{"id":"e","data":{"step_kind":"nonsense","password":"hunter2","users":["a",{"b/c":1}]},"x":[]}`
	for name, c := range map[string]struct {
		v          letters.View
		line, note string
		under      string // what the mark points at
	}{
		"a member":           {letters.View{Field: "/data/step_kind"}, `    "step_kind": "nonsense",`, "wants", `"nonsense",`},
		"an object":          {letters.View{Field: "/data"}, `  "data": {`, "wants", `{`},
		"an element":         {letters.View{Field: "/data/users/0"}, `      "a",`, "wants", `"a",`},
		"a name with a mark": {letters.View{Field: "/data/users/1/b~1c"}, `        "b/c": 1`, "wants", `1`},
		"what is missing":    {letters.View{Field: "/data/step_id"}, `  "data": {`, "step_id: wants", `{`},
		"what is hidden":     {letters.View{Field: "/data/(hidden)/x"}, `  "data": {`, "(hidden)/x: wants", `{`},
		"at the top":         {letters.View{Field: "/time"}, `{`, "time: wants", `{`},
		"what is masked":     {letters.View{Field: "/data/password"}, `    "password": "[masked 1]",`, "wants", `"[masked 1]",`},
		"nothing to blame":   {letters.View{}, "", "wants", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.v.Original, c.v.Detail = []byte(event), "wants"
			p := letters.Render(c.v)
			if strings.Contains(strings.Join(p.Lines, ""), "hunter2") {
				t.Error("a secret is shown")
			}
			line, under := "", ""
			if p.Line >= 0 {
				line = p.Lines[p.Line]
				under = line[p.Column:]
			}
			if line != c.line || p.Note != c.note || under != c.under {
				t.Errorf("%q at %q: %q", line, under, p.Note)
			}
		})
	}
}

func TestO1_WhatCanNotBeReadIsShownAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		v    letters.View
		want string
		line int
	}{
		"where reading ended": {letters.View{Original: []byte("{\"a\":1,\n \"b\":x}")}, " \"b\":x}", 1},
		"no JSON":             {letters.View{Original: []byte("hello")}, "hello", 0},
		"a secret":            {letters.View{Original: []byte(`password=hunter2 {`)}, "(not shown: it seems to hold a secret)", -1},
		"cut":                 {letters.View{Original: []byte(`{"a":1`), Truncated: true}, `{"a":1`, -1},
		"in binary mode": {letters.View{Original: []byte(`{"a":1}`), Headers: map[string]string{"ce-id": "e%20f"}, Field: "/data/a"},
			`    "a": 1`, 3},
		"the second of two": {letters.View{Original: []byte(`{"a":1,"a":2}`), Field: "/a"}, `  "a": 2`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := letters.Render(c.v)
			at := max(p.Line, 0)
			if p.Line != c.line || p.Lines[at] != c.want {
				t.Errorf("%d: %q", p.Line, p.Lines)
			}
		})
	}
}

package secretscan

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The way without allocations says the same as the plain one.
func TestAppendPlainIsPlainName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z_. \-0-9]{0,40}`).Draw(t, "name")
		if got, ascii := appendPlain(nil, name); !ascii || string(got) != plainName(name) {
			t.Fatalf("%q: %q, want %q", name, got, plainName(name))
		}
	})
	for _, name := range []string{"PASSWORD", "db-Password", "\u212Aey"} {
		_, ascii := appendPlain(nil, name)
		if want := !strings.Contains(name, "\u212A"); ascii != want {
			t.Errorf("%q: ASCII %t", name, ascii)
		}
	}
	if !NamesSecret("api_\u212Aey") { // the Kelvin sign is a k in lower case
		t.Error("a look-alike passes")
	}
}

// A shape that is skipped for want of its byte could not have matched.
func TestShapesNeedTheirByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SampledFrom(references).Draw(t, "shape")
		match := rapid.StringMatching(strings.ReplaceAll(shape.pattern.String(), `\b`, "")).Draw(t, "match")
		if !strings.Contains(match, string(shape.needs)) {
			t.Fatalf("%q matches %s without %q", match, shape.pattern, shape.needs)
		}
	})
}

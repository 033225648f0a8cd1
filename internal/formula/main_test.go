package formula_test

import (
	"flag"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/formula"
)

// TestMain tries properties as often as checks says, if -rapid.checks does not say otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// person is a user of tests.
type person struct {
	sets       map[string][3]string // by id: id, ntx_asset_id, name
	attributes map[string]formula.Value
}

func (p person) AppPermission(ref string) (id, assetID, name string, ok bool) {
	for _, s := range p.sets {
		if s[0] == ref || s[1] == ref {
			return s[0], s[1], s[2], true
		}
	}
	return "", "", "", false
}

func (p person) Attribute(name string) (formula.Value, bool) {
	v, ok := p.attributes[name]
	return v, ok
}

// record is a record of tests, as decoded JSON.
type record map[string]any

func (r record) Field(path string) (formula.Value, bool) {
	v, ok := r[path]
	return v, ok
}

// The moment, the user and the record that most tests are about.
var (
	noon = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	ann  = person{
		sets:       map[string][3]string{"s1": {"s1", "a1", "Sales"}},
		attributes: map[string]formula.Value{"region": "North", "limit": int64(100), "admin": true, "hired": "2020-02-29"},
	}
	order = record{"Region": "North", "Amount": 40.5, "Count": int64(3), "Due": "2026-03-20", "Open": true, "Author/Title": "Ann",
		"Empty": "", "Null": nil, "List": []any{"a"}}
)

func input() formula.Input { return formula.Input{User: ann, Model: order, Now: noon} }

func compile(t testing.TB, text string) *formula.Program {
	t.Helper()
	p, err := formula.Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

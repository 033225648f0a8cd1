package strict

import (
	"strings"
	"testing"

	"holdfast/internal/fault"
)

func TestDecode(t *testing.T) {
	type document struct {
		A string            `json:"a"`
		B map[string]string `json:"b"`
	}
	for in, want := range map[string]struct{ detail, field string }{
		`{"a":"x","canary":1}`:          {"not known", "/canary"},
		`{"a":1}`:                       {"wrong type", "/a"},
		`{"b":{"k/1":["canary"]}}`:      {"wrong type", "/b/k~11"},
		`{"b":{"k":"1","k":"2"}}`:       {"twice", "/b/k"},
		`{"a":"canary`:                  {"not valid JSON", "/a"},
		`{"a":"x"} {}`:                  {"not valid JSON", ""},
		"{\"a\":\"canary\xff\"}":        {"not valid JSON", "/a"},
		`"canary"`:                      {"wrong type", ""},
		strings.Repeat(`{"a":`, 20_000): {"", ""},
	} {
		f := fault.From(Decode(fault.SettingsInvalid, []byte(in), new(document)))
		if f == nil || f.Reason != fault.SettingsInvalid || !f.NoEffect {
			t.Errorf("%.40s: %+v", in, f)
			continue
		}
		if want.detail != "" && (f.Field != want.field || !strings.Contains(f.Detail, want.detail)) {
			t.Errorf("%.40s: %q at %q, want %q at %q", in, f.Detail, f.Field, want.detail, want.field)
		}
		if strings.Contains(f.Error(), "canary") {
			t.Errorf("the fault repeats the input: %v", f)
		}
	}
	var d document
	if err := Decode(fault.InputInvalid, nil, &d); err != nil {
		t.Errorf("an empty document: %v", err)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"holdfast/events"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const published = "../../asyncapi.json"

func TestO1_TheDocumentIsUpToDate(t *testing.T) {
	want, err := render()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("schemas/asyncapi.json is out of date: run go generate ./schemas")
	}
}

func TestEveryTypeIsOnOneChannel(t *testing.T) {
	on := map[events.Type]int{}
	for _, c := range channels() {
		for _, eventType := range c.types {
			on[eventType]++
		}
	}
	for _, eventType := range events.All() {
		if on[eventType] != 1 {
			t.Errorf("%s is on %d channels", eventType, on[eventType])
		}
	}
}

// TestReferencesLead follows every $ref, into the document and to the files beside it.
func TestReferencesLead(t *testing.T) {
	raw, err := render()
	if err != nil {
		t.Fatal(err)
	}
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if followed := follow(t, doc, doc); followed == 0 {
		t.Error("no reference at all")
	}
}

func follow(t *testing.T, doc object, v any) (followed int) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			followed += follow(t, doc, e)
		}
	case object:
		if ref, ok := v["$ref"].(string); ok {
			leads(t, doc, ref)
			return 1
		}
		for _, e := range v {
			followed += follow(t, doc, e)
		}
	}
	return followed
}

func leads(t *testing.T, doc object, ref string) {
	t.Helper()
	if file, ok := strings.CutPrefix(ref, "./"); ok {
		if _, err := os.Stat(filepath.Join("..", "..", file)); err != nil {
			t.Error(err)
		}
		return
	}
	var at any = doc
	for _, name := range strings.Split(ref, "/")[1:] {
		within, _ := at.(object)
		if at = within[name]; at == nil {
			t.Errorf("%s leads nowhere", ref)
			return
		}
	}
}

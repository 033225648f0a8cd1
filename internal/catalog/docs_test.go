package catalog_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"holdfast/internal/catalog"
)

// docs/connection-types.md lists the built-in types, and its example is one that works.
func TestDocumentation(t *testing.T) {
	const path = "../../docs/connection-types.md"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(raw), "<!-- types -->\n")
	listed, after, ok := strings.Cut(rest, "<!-- /types -->")
	if !ok {
		t.Fatal("the marks are gone from docs/connection-types.md")
	}
	var table strings.Builder
	table.WriteString("| type | leads to | methods | documentation |\n| --- | --- | --- | --- |\n")
	for _, typ := range builtin(t).All() {
		fmt.Fprintf(&table, "| `%s` | %s (%s) | `%s` | <%s> |\n", typ.Name, typ.Title, strings.ReplaceAll(string(typ.Target), "_", " "),
			strings.Join(typ.MethodNames(), "` `"), typ.Docs)
	}
	if listed != table.String() {
		if os.Getenv("UPDATE_DOCS") == "" {
			t.Fatal("docs/connection-types.md is out of date: UPDATE_DOCS=1 go test ./internal/catalog -run Documentation")
		}
		text := before + "<!-- types -->\n" + table.String() + "<!-- /types -->" + after
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, example, _ := strings.Cut(after, "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if _, problems := catalog.Read("the example", []byte(example)); len(problems) > 0 {
		t.Error(problems)
	}
}

// Every answer that a type is tested with tells where it was seen, and docs/connection-types.md names the types of which
// no answer to bad credentials was seen anywhere.
func TestDocumentationNamesWhatWasNotVerified(t *testing.T) {
	var unseen []string
	for name, s := range scripts(t) {
		for _, a := range slices.Concat([]answer{s.Bad}, s.Also, s.Not) {
			if a.Source != "own" && a.Source != "unverified" && !strings.HasPrefix(a.Source, "https://") {
				t.Errorf("%s: %d %s has the source %q", name, a.Status, a.Body, a.Source)
			}
		}
		seen := func(a answer) bool { return a.Source != "unverified" }
		if !slices.ContainsFunc(append([]answer{s.Bad}, s.Also...), seen) {
			unseen = append(unseen, "`"+name+"`")
		}
	}
	slices.Sort(unseen)
	raw, err := os.ReadFile("../../docs/connection-types.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "Nowhere seen: " + strings.Join(unseen, ", ") + ".\n"; !strings.Contains(string(raw), want) {
		t.Errorf("docs/connection-types.md does not say: %s", want)
	}
}

// Every key of the schema is one that a type is read into, and the other way round.
func TestSchemaAndSpecHaveTheSameKeys(t *testing.T) {
	var s struct {
		Properties map[string]any `json:"properties"`
		Defs       map[string]struct {
			Properties map[string]any `json:"properties"`
		} `json:"$defs"`
	}
	if err := yaml.Unmarshal(catalog.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]any{
		"type":    {s.Properties, catalog.Spec{}},
		"setting": {s.Defs["setting"].Properties, catalog.Setting{}},
		"method":  {s.Defs["method"].Properties, catalog.Method{}},
		"failure": {s.Defs["failure"].Properties, catalog.Failure{}},
		"action":  {s.Defs["action"].Properties, catalog.Action{}},
	} {
		schema, _ := pair[0].(map[string]any)
		keys := keysOf(pair[1])
		delete(keys, "from") // where the file is, not what is in it
		for k := range schema {
			if !keys[k] {
				t.Errorf("%s: the schema's %s is read into nothing", what, k)
			}
			delete(keys, k)
		}
		for k := range keys {
			t.Errorf("%s: the schema has no %s", what, k)
		}
	}
}

package permission_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/permission"
)

// TestP15_EveryRuleIsInTheDocuments, where it belongs, and no other.
func TestP15_EveryRuleIsInTheDocuments(t *testing.T) {
	text, err := os.ReadFile("../../docs/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	allows := []permission.Rule{permission.ByAppSet, permission.BySiteSet}
	refuses := slices.DeleteFunc(permission.Rules(), func(r permission.Rule) bool { return slices.Contains(allows, r) })
	for heading, rules := range map[string][]permission.Rule{
		"## What allows, by name": allows, "## What refuses, by name": refuses, "## What refuses a change, by name": permission.ChangeRules(),
	} {
		_, section, ok := strings.Cut(string(text), heading+"\n")
		if !ok {
			t.Errorf("there is no %s", heading)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var described []permission.Rule
		for line := range strings.Lines(section) {
			if rest, ok := strings.CutPrefix(line, "| `"); ok {
				name, _, _ := strings.Cut(rest, "`")
				described = append(described, permission.Rule(name))
			}
		}
		if !slices.Equal(described, rules) {
			t.Errorf("%s: described are %v\nthere are %v", heading, described, rules)
		}
	}
}

// TestP9_TheDocumentedSetIsOne that is accepted, and grants what the text around it says.
func TestP9_TheDocumentedSetIsOne(t *testing.T) {
	text, err := os.ReadFile("../../docs/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	d := json.NewDecoder(strings.NewReader(example))
	d.DisallowUnknownFields()
	var set events.PermissionSet
	if err := d.Decode(&set); err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.users["bob"] = user{attributes: map[string]any{"region": "North"}}
	w.given = []given{{events.PermissionAssignment{Set: set.ID, User: "bob"}, assigned}}
	if f := w.snapshot().CheckCreate(&set); f != nil {
		t.Fatalf("%s at %s: %s", f.Rule, f.Field, f.Detail)
	}
	w.sets[set.ID] = madeSet{set, made}
	q := permission.Question{User: "bob", App: "orders", Connection: "erp", Object: "Orders", Op: events.UpdateRecords, Fields: []string{"Title"}, Record: record{"Region": "North"}, Now: today}
	if d := w.snapshot().Decide(&q); !d.Allowed {
		t.Errorf("refused by %s", d.Rule)
	}
}

// TestP15_EveryRefusalHasASentence, and nothing else has.
func TestP15_EveryRefusalHasASentence(t *testing.T) {
	for _, r := range permission.Rules() {
		allows := r == permission.ByAppSet || r == permission.BySiteSet
		if allows != (r.Sentence() == "") || permission.Decided(string(r)) == allows {
			t.Errorf("%s: %q", r, r.Sentence())
		}
	}
}

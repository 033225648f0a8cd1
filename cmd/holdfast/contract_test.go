package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"holdfast/internal/access"
	"holdfast/internal/bus"
	"holdfast/internal/catalog"
	"holdfast/internal/config"
	"holdfast/internal/console"
	"holdfast/internal/dev"
	"holdfast/internal/dev/tour"
	"holdfast/internal/ops"
)

func containsHeading(text, command string) bool { return strings.Contains(text, "`"+command) }

// docs/cli-json.md names every member of every object that --json prints, in both directions.
func TestJSONContract(t *testing.T) {
	raw, err := os.ReadFile("../../docs/cli-json.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, of := range map[string]reflect.Type{
		"### Connection":         reflect.TypeFor[ops.ConnectionView](),
		"### Process":            reflect.TypeFor[ops.ProcessView](),
		"### Person":             reflect.TypeFor[ops.PersonView](),
		"### Grant":              reflect.TypeFor[access.Grant](),
		"### Connection type":    reflect.TypeFor[catalog.Spec](),
		"### Type setting":       reflect.TypeFor[catalog.Setting](),
		"### Type method":        reflect.TypeFor[catalog.Method](),
		"### Type failure":       reflect.TypeFor[catalog.Failure](),
		"### Type action":        reflect.TypeFor[catalog.Action](),
		"### Suspension":         reflect.TypeFor[ops.SuspensionView](),
		"### Usage":              reflect.TypeFor[ops.UsageView](),
		"### Step use":           reflect.TypeFor[ops.StepUse](),
		"### Change":             reflect.TypeFor[ops.ChangeView](),
		"### Difference":         reflect.TypeFor[ops.Difference](),
		"### Owner":              reflect.TypeFor[ownerView](),
		"### Sign-in":            reflect.TypeFor[console.Ended](),
		"### Move":               reflect.TypeFor[ops.Move](),
		"### Chain event":        reflect.TypeFor[ops.ChainStep](),
		"### Request":            reflect.TypeFor[ops.RequestView](),
		"### Ledger event":       reflect.TypeFor[ops.LedgerStep](),
		"### Dead letter":        reflect.TypeFor[ops.DeadLetterView](),
		"### Line":               reflect.TypeFor[ops.Line](),
		"### Setting":            reflect.TypeFor[config.Row](),
		"### Places":             reflect.TypeFor[dev.Places](),
		"### Tour step":          reflect.TypeFor[tour.Result](),
		"### Tour summary":       reflect.TypeFor[tour.Summary](),
		"### Vault setup report": reflect.TypeFor[ops.VaultReport](),
		"### Version":            reflect.TypeFor[versionView](),
		"### Setup report":       reflect.TypeFor[bus.Report](),
		"### Vault report":       reflect.TypeFor[ops.VaultReport](),
		"### Failure":            reflect.TypeFor[failureView](),
		"### Configuration":      reflect.TypeFor[config.Problem](),
	} {
		_, section, ok := strings.Cut(string(raw), heading+"\n")
		if !ok {
			t.Errorf("there is no section %q", heading)
			continue
		}
		section, _, _ = strings.Cut(section, "\n#")
		documented := membersIn(section)
		for _, name := range membersOf(of) {
			if !documented[name] {
				t.Errorf("%s: %s is not documented", heading, name)
			}
			delete(documented, name)
		}
		for name := range documented {
			t.Errorf("%s: %s does not exist", heading, name)
		}
	}
}

// membersIn reads the first column of a section's table.
func membersIn(section string) map[string]bool {
	names := make(map[string]bool)
	for line := range strings.SplitSeq(section, "\n") {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(rest, "`")
			names[name] = true
		}
	}
	return names
}

func membersOf(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

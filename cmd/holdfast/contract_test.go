package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/audit"
	"holdfast/internal/bus"
	"holdfast/internal/catalog"
	"holdfast/internal/config"
	"holdfast/internal/console"
	"holdfast/internal/dev"
	"holdfast/internal/dev/tour"
	"holdfast/internal/explain"
	"holdfast/internal/formula"
	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
	"holdfast/internal/ops/rights"
	"holdfast/internal/putoff"
	"holdfast/internal/replay"
	"holdfast/internal/top"
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
		"### Permission set":     reflect.TypeFor[rights.SetView](),
		"### Assignee":           reflect.TypeFor[rights.Assignee](),
		"### Permission change":  reflect.TypeFor[rights.Change](),
		"### Explanation":        reflect.TypeFor[rights.Explanation](),
		"### Explanation step":   reflect.TypeFor[rights.Step](),
		"### Connection scope":   reflect.TypeFor[events.ConnectionScope](),
		"### Permission field":   reflect.TypeFor[rights.Field](),
		"### Landing":            reflect.TypeFor[rights.Landing](),
		"### App sets":           reflect.TypeFor[rights.Bundle](),
		"### App set":            reflect.TypeFor[rights.BundleSet](),
		"### App assignment":     reflect.TypeFor[rights.BundleAssignment](),
		"### Set change":         reflect.TypeFor[rights.SetChange](),
		"### Deprecated":         reflect.TypeFor[rights.Deprecated](),
		"### Deprecated use":     reflect.TypeFor[rights.DeprecatedUse](),
		"### Site set use":       reflect.TypeFor[rights.SiteSetUse](),
		"### Migration":          reflect.TypeFor[rights.Migration](),
		"### Migrated set":       reflect.TypeFor[rights.MigratedSet](),
		"### Proof":              reflect.TypeFor[rights.Proof](),
		"### Unlikeness":         reflect.TypeFor[rights.Unlikeness](),
		"### Connection type":    reflect.TypeFor[catalog.Spec](),
		"### Type setting":       reflect.TypeFor[catalog.Setting](),
		"### Type method":        reflect.TypeFor[catalog.Method](),
		"### Type failure":       reflect.TypeFor[catalog.Failure](),
		"### Type action":        reflect.TypeFor[catalog.Action](),
		"### Formula":            reflect.TypeFor[ops.FormulaView](),
		"### Formula function":   reflect.TypeFor[formula.Function](),
		"### Suspension":         reflect.TypeFor[ops.SuspensionView](),
		"### Usage":              reflect.TypeFor[ops.UsageView](),
		"### Step use":           reflect.TypeFor[ops.StepUse](),
		"### Change":             reflect.TypeFor[ops.ChangeView](),
		"### Difference":         reflect.TypeFor[ops.Difference](),
		"### Owner":              reflect.TypeFor[ownerView](),
		"### Sign-in":            reflect.TypeFor[console.Ended](),
		"### Violation":          reflect.TypeFor[audit.Violation](),
		"### Audit":              reflect.TypeFor[audit.Report](),
		"### Audit read":         reflect.TypeFor[audit.Read](),
		"### Audit requests":     reflect.TypeFor[audit.Requested](),
		"### Audit chains":       reflect.TypeFor[audit.Chained](),
		"### Audit check":        reflect.TypeFor[audit.Checked](),
		"### Move":               reflect.TypeFor[ops.Move](),
		"### Chain event":        reflect.TypeFor[ops.ChainStep](),
		"### Request":            reflect.TypeFor[ops.RequestView](),
		"### Request line":       reflect.TypeFor[ops.RequestLine](),
		"### Ledger event":       reflect.TypeFor[ops.LedgerStep](),
		"### Dead letter":        reflect.TypeFor[letters.View](),
		"### Dead letter event":  reflect.TypeFor[letters.Step](),
		"### Dead letter group":  reflect.TypeFor[letters.Group](),
		"### Dead letter result": reflect.TypeFor[letters.Result](),
		"### Dead letter stats":  reflect.TypeFor[letters.Stats](),
		"### Count":              reflect.TypeFor[letters.Count](),
		"### Replay forecast":    reflect.TypeFor[replay.Forecasts](),
		"### Begun":              reflect.TypeFor[replay.Begun](),
		"### Outlook":            reflect.TypeFor[replay.Outlook](),
		"### Example":            reflect.TypeFor[replay.Example](),
		"### Replay result":      reflect.TypeFor[replay.Result](),
		"### Copy":               reflect.TypeFor[replay.Copied](),
		"### Copy line":          reflect.TypeFor[replay.CopyLine](),
		"### State":              reflect.TypeFor[replay.State](),
		"### State difference":   reflect.TypeFor[replay.StateDifference](),
		"### Story entry":        reflect.TypeFor[explain.Entry](),
		"### Put off":            reflect.TypeFor[putoff.Entry](),
		"### Snapshot":           reflect.TypeFor[top.Snapshot](),
		"### Rate":               reflect.TypeFor[top.Rate](),
		"### Consumer":           reflect.TypeFor[top.Consumer](),
		"### Stage":              reflect.TypeFor[top.Stage](),
		"### Retry":              reflect.TypeFor[top.Retry](),
		"### Broken connection":  reflect.TypeFor[top.Broken](),
		"### Deadline":           reflect.TypeFor[top.Deadline](),
		"### Dependency":         reflect.TypeFor[top.Dependency](),
		"### Line":               reflect.TypeFor[ops.Line](),
		"### Setting":            reflect.TypeFor[config.Row](),
		"### Places":             reflect.TypeFor[dev.Places](),
		"### Tour step":          reflect.TypeFor[tour.Result](),
		"### Tour summary":       reflect.TypeFor[tour.Summary](),
		"### Vault setup report": reflect.TypeFor[ops.VaultReport](),
		"### Version":            reflect.TypeFor[versionView](),
		"### Setup report":       reflect.TypeFor[bus.Report](),
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
		if !t.Field(i).IsExported() {
			continue
		}
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

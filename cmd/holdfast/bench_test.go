package main

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/internal/bench"
)

// docs/cli-json.md names every member of the benchmarks' reports, in both directions.
func TestJSONContractOfBenchmarks(t *testing.T) {
	raw, err := os.ReadFile("../../docs/cli-json.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, of := range map[string]reflect.Type{
		"### Pipeline report": reflect.TypeFor[bench.PipelineReport](),
		"### Suspend report":  reflect.TypeFor[bench.SuspendReport](),
		"### Alarms report":   reflect.TypeFor[bench.AlarmsReport](),
		"### Rotation report": reflect.TypeFor[bench.RotationReport](),
		"### Replay report":   reflect.TypeFor[bench.ReplayReport](),
		"### Rotation size":   reflect.TypeFor[bench.RotationSize](),
		"### Waiting report":  reflect.TypeFor[bench.WaitingReport](),
		"### Waiting bytes":   reflect.TypeFor[bench.WaitingBytes](),
		"### Spread":          reflect.TypeFor[bench.Spread](),
		"### Lateness":        reflect.TypeFor[bench.Lateness](),
		"### Machine":         reflect.TypeFor[bench.Machine](),
	} {
		_, section, ok := strings.Cut(string(raw), heading+"\n")
		if !ok {
			t.Errorf("there is no section %q", heading)
			continue
		}
		section, _, _ = strings.Cut(section, "\n#")
		documented := slices.Sorted(maps.Keys(membersIn(section)))
		if members := slices.Sorted(slices.Values(membersOf(of))); !slices.Equal(documented, members) {
			t.Errorf("%s: %v is documented, %v is printed", heading, documented, members)
		}
	}
}

package metrics_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"holdfast/internal/metrics"
)

// ours are the metric families that a worker begins with, but for Go's and the process's.
func ours(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	all, err := metrics.New().Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(f *dto.MetricFamily) bool { return !strings.HasPrefix(f.GetName(), "holdfast_") })
	if len(all) < 20 {
		t.Fatalf("%d families", len(all))
	}
	return all
}

func TestO4_EverySeriesStartsAtZero(t *testing.T) {
	for _, f := range ours(t) {
		if len(f.GetMetric()) == 0 {
			t.Errorf("%s has no series", f.GetName())
		}
		for _, m := range f.GetMetric() {
			if m.GetCounter().GetValue() != 0 || m.GetGauge().GetValue() != 0 || m.GetHistogram().GetSampleCount() != 0 {
				t.Errorf("%s %v is not 0", f.GetName(), m.GetLabel())
			}
		}
	}
}

// docs/metrics.md has a table that is made from the registry; UPDATE_DOCS=1 rewrites it.
func TestO4_EveryMetricIsDocumented(t *testing.T) {
	const path, begin, end = "../../docs/metrics.md", "<!-- metrics: made by internal/metrics -->\n", "<!-- end of metrics -->"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the marks are gone from docs/metrics.md")
	}
	want := markdown(ours(t))
	if table == want {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatal("docs/metrics.md is out of date: UPDATE_DOCS=1 go test ./internal/metrics -run Documented")
	}
	if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func markdown(all []*dto.MetricFamily) string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | what it is |\n| --- | --- | --- | --- |\n")
	for _, f := range all {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), labels(f), f.GetHelp())
	}
	return b.String()
}

// shown is up to how many values of a label are listed.
const shown = 16

func labels(f *dto.MetricFamily) string {
	var names []string
	values := map[string][]string{}
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if !slices.Contains(names, l.GetName()) {
				names = append(names, l.GetName())
			}
			if !slices.Contains(values[l.GetName()], l.GetValue()) {
				values[l.GetName()] = append(values[l.GetName()], l.GetValue())
			}
		}
	}
	for i, name := range names {
		slices.Sort(values[name])
		of := fmt.Sprintf("%d values", len(values[name]))
		if len(values[name]) <= shown {
			of = strings.Join(values[name], ", ")
		}
		names[i] = "`" + name + "`: " + of
	}
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, "; ")
}

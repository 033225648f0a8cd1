package top

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/internal/dispatch"
	"holdfast/internal/metrics"
	"holdfast/internal/scrape"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// busy is a large deployment in some trouble.
func busy() Snapshot {
	s := Snapshot{At: noon, Seconds: 2, SuspendedTotal: 123_456, BrokenTotal: 1_234}
	for i, what := range []string{"requested", "completed", "failed", "denied", "unknown", "terminated", "suspended", "dead letters"} {
		s.Rates = append(s.Rates, Rate{what, []float64{4210, 4180.4, 12.5, .5, 0, 3, 20.1, 0}[i]})
	}
	for i, name := range []string{"connections", "permissions", "actions", "commands", "chains", "alarms", "registry"} {
		s.Consumers = append(s.Consumers, Consumer{Name: name, Lag: []uint64{0, 0, 1_234_567, 0, 12, 0, 3}[i], Open: i * 100, Again: i, Trouble: name == "actions"})
	}
	for i, name := range stagesOfAWorker() {
		s.Stages = append(s.Stages, Stage{name, 4180.4 / float64(i+1), .00012 * float64(i*i), []float64{.0005, 1.5}[i%2] * float64(i)})
	}
	s.RetriesSeconds, s.Retries = 60, []Retry{{"target_unavailable", 1240}, {"vault_sealed", 30}, {"lease_held", 5}, {"conflict", 2}, {"throttled", 1}}
	since := noon.Add(-50 * time.Hour)
	for i := range 40 {
		s.Broken = append(s.Broken, Broken{Tenant: "acme", Connection: fmt.Sprintf("connection-%d-%s", i, strings.Repeat("x", i)), State: "broken",
			Reason: "bad_credentials", Since: &since, Waiting: 90_000 - i*1000})
		s.Deadlines = append(s.Deadlines, Deadline{"acme", "crm", fmt.Sprintf("run-%d", i), "req", noon.Add(time.Duration(i) * 40 * time.Minute)})
	}
	s.Dependencies = []Dependency{
		{Name: "bus", State: Trouble, P99: .0042, Detail: "not up to date: n2"},
		{Name: "vault", State: Trouble, PerSecond: 30, Failed: 12.5, P99: .93, Detail: "vault_sealed"},
		{Name: "provider", State: Idle},
		{Name: "worker 10.0.0.7:9464", State: Trouble, Detail: "vault_sealed: Vault is sealed"},
	}
	return s
}

// stagesOfAWorker are the stages that a worker's /metrics has, as top gives them.
func stagesOfAWorker() (names []string) {
	worker := httptest.NewServer(promhttp.HandlerFor(metrics.New().Registry, promhttp.HandlerOpts{}))
	defer worker.Close()
	w, err := scrape.New(worker.URL)
	if err != nil {
		panic(err)
	}
	defer w.Close()
	series, err := w.Metrics(context.Background())
	if err != nil {
		panic(err)
	}
	all := newStages()
	all.take("w", series)
	all.take("w", series)
	for _, st := range all.latencies(1) {
		names = append(names, st.Name)
	}
	return names
}

// Whatever a worker serves is in its place.
func TestO1_TopKnowsTheOrderOfAllStages(t *testing.T) {
	var want []string
	for _, st := range dispatch.AllStages() {
		want = append(want, string(st))
	}
	if got := stagesOfAWorker(); !slices.Equal(got, want) || !slices.Equal(inOrder, want) {
		t.Errorf("got %v, in order %v, want %v", got, inOrder, want)
	}
}

// At 80 by 24 and above there are connections and deadlines to see, however much trouble there is besides.
func TestO1_TopAlwaysShowsConnectionsAndDeadlines(t *testing.T) {
	s := busy()
	for i := range 6 {
		s.Dependencies = append(s.Dependencies, Dependency{Name: fmt.Sprintf("worker 10.0.0.%d:9464", i), State: Trouble, Detail: "no answer"})
	}
	for height := 24; height <= 60; height++ {
		got := View{Width: 80, Height: height, Footer: "q quits"}.Render(s)
		_, below, _ := strings.Cut(got, "BROKEN CONNECTIONS")
		broken, below, _ := strings.Cut(below, "NEXT DEADLINES")
		deadlines, health, _ := strings.Cut(below, "HEALTH")
		if b, d := strings.Count(broken, "acme/"), strings.Count(deadlines, "acme/"); b < 3 || d < 2 || !strings.Contains(health, " more") {
			t.Errorf("at a height of %d: %d connections, %d deadlines:\n%s", height, b, d, got)
		}
		if !strings.Contains(got, "RETRIES     in 1m 0s: target_unavailable 1,240 · vault_sealed 30") || !strings.Contains(got, "2 reasons more") {
			t.Errorf("at a height of %d: no retries:\n%s", height, got)
		}
	}
}

// quietly is a deployment without workers' metrics that has nothing to do.
func quietly() Snapshot {
	s := Snapshot{At: noon, Seconds: 2, Tenant: "acme", Dependencies: []Dependency{{Name: "bus", State: Healthy, P99: .0004, Detail: "3 replicas"}}}
	for _, what := range []string{"completed", "failed", "denied", "unknown", "terminated", "suspended"} {
		s.Rates = append(s.Rates, Rate{what, 0})
	}
	for _, name := range []string{"connections", "permissions", "actions", "commands", "chains", "alarms", "registry"} {
		s.Consumers = append(s.Consumers, Consumer{Name: name})
	}
	return s
}

// What people see, and that it fits: no line is wider than the screen, and there are no more of them than it has.
func TestO1_TopFitsTheScreen(t *testing.T) {
	starting := Snapshot{At: noon, Reading: true}
	for _, tt := range []struct {
		name          string
		width, height int
		Snapshot
	}{
		{"busy-80x24", 80, 24, busy()},
		{"busy-120x40", 120, 40, busy()},
		{"busy-40x10", 40, 10, busy()},
		{"quiet-80x24", 80, 24, quietly()},
		{"starting-80x24", 80, 24, starting},
		{"busy-plain", 80, 0, busy()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := View{Width: tt.width, Height: tt.height, Title: "nats.example.com:4222"}
			if tt.height > 0 {
				v.Footer = "q quits, space pauses"
			}
			got := v.Render(tt.Snapshot)
			golden(t, tt.name, got)
			lines := strings.Split(got, "\n")
			if tt.height > 0 && len(lines) > tt.height {
				t.Errorf("%d lines", len(lines))
			}
			v.Colour = true
			coloured := strings.Split(v.Render(tt.Snapshot), "\n")
			for i, l := range lines {
				if w := text.StringWidthWithoutEscSequences(l); w > tt.width {
					t.Errorf("line %d is %d wide", i+1, w)
				}
				if plain := text.StripEscape(coloured[i]); strings.TrimRight(plain, " ") != l {
					t.Errorf("line %d in colour: %q", i+1, plain)
				}
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got+"\n" != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// What a worker says of itself can not drive the terminal.
func TestO1_TopShowsNothingThatDrivesATerminal(t *testing.T) {
	s := quietly()
	s.Dependencies = append(s.Dependencies, Dependency{Name: "worker \x1b[2J", State: Trouble, Detail: "sealed\x1b]0;x\x07\nnext \u202e"})
	s.Broken, s.BrokenTotal = []Broken{{Tenant: "acme", Connection: "crm", State: "broken\x1b[31m"}}, 1
	s.Stages = []Stage{{Name: "vault\x1b[31m"}}
	if got := (View{Width: 200, Title: "\x1b[31m"}).Render(s); strings.ContainsAny(got, "\x1b\x07\u202e") || strings.Count(got, "\n") > 25 {
		t.Errorf("%q", got)
	}
}

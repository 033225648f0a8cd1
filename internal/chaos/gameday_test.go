//go:build gameday

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/audit"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// What a game day must have seen at least; one that nobody felt proves nothing.
const (
	leastRequests = 2000 // for each unit of scale
	leastRate     = 20   // requests a second
	leastSuspends = 200  // for each unit of scale
	leastFaults   = 16   // for each unit of scale: each kind once
)

// Everything that a worker needs fails, one thing after another, while clocks differ by minutes, passwords break
// and are mended, and requests keep coming. Nothing is lost, nothing happens twice, and nobody is suspended but for
// authentication, or for a provider that is unusable for longer than patience lasts.
func TestO4_O5_GameDayNothingIsLostAndNobodyWaitsForTheWrongReason(t *testing.T) {
	r, n := seed(t), scale(t)
	g := newGame(t)
	g.connectAll(t)
	began := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	published := g.run(ctx, rand.New(rand.NewPCG(r.Uint64(), 0)))
	if !g.recover(ctx, r) {
		t.Error("it does not work before anything has failed")
	}
	var all []lived
	for range n {
		troubles := g.troubles(r)
		r.Shuffle(len(troubles), func(i, j int) { troubles[i], troubles[j] = troubles[j], troubles[i] })
		for _, one := range troubles {
			l := g.live(ctx, r, one)
			t.Log(l)
			all = append(all, l)
		}
	}
	stop()
	published()
	loaded := time.Since(began)
	report := g.settle(t)
	reasons := g.judgeSuspensions(t, all)
	g.askCommand(t)
	t.Logf("load: %d requests and %d repeats in %s, %.0f a second; %d repairs; settled in %s", g.requests.Load(), g.repeats.Load(),
		loaded.Round(time.Second), float64(g.requests.Load())/loaded.Seconds(), g.repairs.Load(), (time.Since(began) - loaded).Round(time.Second))
	t.Logf("faults: %d, of %s; clocks %v ahead", len(all), kindsOf(all), clocks)
	t.Logf("ends %v, moves %v, suspended for %v, %d dead letters, %d violations", report.Requests.Ended, report.Chains.Moves, reasons,
		report.Letters, report.Total)
	g.assertLived(t, all, n)
	g.assertNothingLost(t, report, n, loaded)
}

func (g *game) assertLived(t *testing.T, all []lived, n int) {
	t.Helper()
	if len(all) < n*leastFaults {
		t.Errorf("%d faults, want %d at least", len(all), n*leastFaults)
	}
	for _, l := range all {
		if l.felt == 0 {
			t.Errorf("nobody felt it: %s", l)
		}
		if !l.back {
			t.Errorf("no recovery within %s: %s", longestRecovery, l)
		}
	}
	if g.suspending.Load() < int64(n*leastSuspends) {
		t.Errorf("%d requests for broken connections, want %d at least", g.suspending.Load(), n*leastSuspends)
	}
}

func (g *game) assertNothingLost(t *testing.T, r audit.Report, n int, loaded time.Duration) {
	t.Helper()
	published := int(g.requests.Load())
	if rate := float64(published) / loaded.Seconds(); published < n*leastRequests || rate < leastRate {
		t.Errorf("%d requests, %.0f a second; want %d and %d at least", published, rate, n*leastRequests, leastRate)
	}
	ended := 0
	for _, k := range r.Requests.Ended {
		ended += k
	}
	if r.Requests.Distinct != published || ended != published {
		t.Errorf("%d requests were published, %d are there, %d ended", published, r.Requests.Distinct, ended)
	}
	for what, k := range r.Requests.Ended {
		if what != events.ActionCompleted.What() && what != events.ActionUnknown.What() {
			t.Errorf("%d requests ended as %s", k, what)
		}
	}
	if r.Letters > 0 {
		t.Errorf("%d dead letters, want none", r.Letters)
	}
	for _, c := range r.Checks {
		if c.Unproven > 0 {
			t.Errorf("%d of %s could not be told", c.Unproven, c.Check)
		}
	}
}

// judgeSuspensions checks each suspension against what was done to its connection, and counts them by reason.
func (g *game) judgeSuspensions(t *testing.T, all []lived) map[string]int {
	t.Helper()
	source, reasons := ops.AuditSource(g.bus), map[string]int{}
	extent, err := source.Extent(t.Context(), events.StreamSuspensions)
	if err != nil {
		t.Fatal(err)
	}
	for m, err := range source.Messages(t.Context(), events.StreamSuspensions, events.ChainsFilter("", "", ""), audit.Range{Last: extent.Last}) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := events.Decode(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		if e.Type != events.SuspensionSuspended {
			continue
		}
		s, err := events.Payload[events.Suspension](e)
		if err != nil {
			t.Fatal(err)
		}
		reasons[s.Reason]++
		if !g.rightly(s, all) {
			t.Errorf("%s was suspended at %s for %s (%s) of %s, secret version %d, which was not to be", s.Request,
				s.SuspendedAt.Format(time.TimeOnly), s.Reason, s.Detail, s.Connection, s.SecretVersion)
		}
	}
	if reasons[string(fault.BadCredentials)] == 0 || reasons[string(fault.ProviderUnusable)] == 0 {
		t.Errorf("suspended for %v: passwords and a provider were to be among the reasons", reasons)
	}
	return reasons
}

// rightly tells whether a run had to be suspended: its password was wrong, or its provider was unusable for longer than
// patience lasts.
func (g *game) rightly(s events.Suspension, all []lived) bool {
	if s.Reason == string(fault.BadCredentials) {
		return g.wrong.has(s.Connection, s.SecretVersion)
	}
	return s.Reason == string(fault.ProviderUnusable) && s.Connection == unusable && slices.ContainsFunc(all, func(l lived) bool {
		return strings.HasSuffix(l.kind, lastingNonsense) && s.SuspendedAt.After(l.from.Add(patience))
	})
}

// askCommand has `holdfast audit` say the same, as an operator would ask it.
func (g *game) askCommand(t *testing.T) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "target.jsonl")
	var lines strings.Builder
	for key, times := range g.target.Effects() {
		for range times {
			raw, err := json.Marshal(map[string]any{"idempotency_key": key, "effect": true})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&lines, "%s\n", raw)
		}
	}
	if err := os.WriteFile(log, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for tries := 0; ; tries++ {
		cmd := exec.CommandContext(t.Context(), g.workers[0].binary, "audit", "--config", g.config, "--settle", "0s",
			"--target-log", log, "--target-log-complete")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // it refuses HOLDFAST_CHAOS_…, which is no setting of its own
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		if cmd.ProcessState.ExitCode() != unread || tries == 3 {
			t.Errorf("holdfast audit: %v\n%s", err, out)
			return
		}
	}
}

// unread is how the command ends where the bus could not be read.
const unread = 3

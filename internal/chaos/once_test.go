package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/audit"
	"holdfast/internal/ops"
	"holdfast/internal/pause"
)

// What a run must have seen at least, for each unit of scale; one in which nothing was killed proves
// nothing.
const (
	leastSuspensions = 2000 // published; about three in four come to be suspended
	leastOfEachMove  = 100
	leastWorkerKills = 8
	leastLeaderKills = 4
	connections      = 10
	longestLoad      = 3 * time.Minute
	longestSettling  = 2 * time.Minute
	longestRead      = 20 * time.Second
	settleFor        = 10 * time.Second // what the audit gives workers for what follows from something
)

// Thousands of suspensions race repairs, operators and each other against their deadlines, while workers
// and the leaders of streams and consumers are killed. In the end every request has ended once.
func TestC15_O5_EveryRequestEndsOnceWhileWorkersAndLeadersAreKilled(t *testing.T) {
	r, n := seed(t), scale(t)
	w := newWorld(t, 3)
	l, f := &load{world: w}, &faults{world: w}
	for i := range connections {
		w.connect(name(i), suspendFor(i))
	}
	w.connect("steady", 3)

	ctx, stop := context.WithTimeout(t.Context(), time.Duration(n)*longestLoad)
	defer stop()
	var all sync.WaitGroup
	own := func() *rand.Rand { return rand.New(rand.NewPCG(r.Uint64(), 0)) }
	for i := range connections {
		mine := own()
		all.Go(func() { l.race(ctx, mine, name(i), suspendFor(i).Duration()) })
	}
	for _, run := range []func(context.Context, *rand.Rand){
		func(ctx context.Context, r *rand.Rand) { l.steady(ctx, r, "steady") }, f.killWorkers, f.killLeaders,
	} {
		mine := own()
		all.Go(func() { run(ctx, mine) })
	}
	began := time.Now()
	for !enough(l, f, n) && pause.For(ctx, 100*time.Millisecond) {
	}
	stop()
	all.Wait()
	loaded := time.Since(began)
	report := w.settle(t)
	t.Logf("in %s: %d requests and %d repeats, %d commands, %d repairs; settled in %s", loaded.Round(time.Second),
		l.requests.Load(), l.repeats.Load(), l.commands.Load(), l.repairs.Load(), (time.Since(began) - loaded).Round(time.Second))
	t.Logf("faults: %d worker kills, %d leader kills, %d reconnects", f.workerKills.Load(), f.leaderKills.Load(), f.reconnects())
	t.Logf("ends %v, moves %v, %d dead letters, %d ms to audit", report.Requests.Ended, report.Chains.Moves, report.Letters, report.TookMS)
	assertLoad(t, f, report, n)
}

func name(i int) string               { return fmt.Sprintf("crm-%d", i) }
func suspendFor(i int) events.Seconds { return events.Seconds(1 + i%3) }

// enough tells whether the load may end. Not everything that is published at a broken connection is
// suspended: some of it meets a repair.
func enough(l *load, f *faults, n int) bool {
	return l.suspending.Load() >= int64(n)*leastSuspensions*8/5 &&
		f.workerKills.Load() >= leastWorkerKills && f.leaderKills.Load() >= leastLeaderKills
}

// settle waits until the audit finds nothing and nobody waits any more.
func (w *world) settle(t *testing.T) audit.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longestSettling)
	defer cancel()
	var r audit.Report
	for pause.For(ctx, time.Second) {
		read, err := w.audit(ctx)
		if err != nil {
			t.Logf("read the streams again: %v", err)
			continue
		}
		if r = read; r.OK && r.Requests.Open()+r.Chains.Waiting == 0 {
			return r
		}
	}
	w.complain(t, r)
	return r
}

// audit is one read of all streams. A bus that loses it in the middle does not cost more than one try.
func (w *world) audit(ctx context.Context) (audit.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, longestRead)
	defer cancel()
	return audit.Run(ctx, ops.AuditSource(w.bus), audit.Options{Settle: settleFor, Late: longestSettling,
		Effects: audit.Counted(w.target.Effects()), EffectsComplete: true})
}

func (w *world) complain(t *testing.T, r audit.Report) {
	t.Helper()
	t.Errorf("not settled within %s: %+v, %d wait: %v", longestSettling, r.Requests, r.Chains.Waiting, r.Err())
	for i, worker := range w.workers {
		t.Logf("worker %d:\n%s", i, worker.tail())
	}
}

func assertLoad(t *testing.T, f *faults, r audit.Report, n int) {
	t.Helper()
	if k := f.workerKills.Load(); k < leastWorkerKills {
		t.Errorf("%d worker kills, want %d at least", k, leastWorkerKills)
	}
	if k := f.leaderKills.Load(); k < leastLeaderKills {
		t.Errorf("%d leader kills, want %d at least", k, leastLeaderKills)
	}
	if f.reconnects() == 0 {
		t.Error("no worker ever lost the bus")
	}
	if s := r.Chains.Moves[events.SuspensionSuspended.What()]; s < n*leastSuspensions {
		t.Errorf("%d suspensions, want %d at least", s, n*leastSuspensions)
	}
	for _, move := range []events.Type{events.SuspensionResumed, events.SuspensionTerminated, events.SuspensionExtended} {
		if k := r.Chains.Moves[move.What()]; k < leastOfEachMove {
			t.Errorf("%d %s, want %d at least", k, move, leastOfEachMove)
		}
	}
	if r.Letters > 0 {
		t.Errorf("%d dead letters, want none", r.Letters)
	}
	for _, c := range r.Checks { // a judge that could not tell is none
		if c.Unproven > 0 {
			t.Errorf("%d of %s could not be told", c.Unproven, c.Check)
		}
	}
}

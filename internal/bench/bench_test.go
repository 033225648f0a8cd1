package bench_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"holdfast/internal/bench"
)

// TestMain lets this binary be the benchmark's NATS server, and its worker: the benchmark starts the binary that it
// is in.
func TestMain(m *testing.M) {
	if len(os.Args) > 4 && os.Args[1] == "bench" {
		if err := serve(os.Args[2:]); err != nil {
			panic(err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func serve(args []string) error {
	if args[0] == bench.ServerCommand()[1] {
		return bench.ServeNATS(context.Background(), args[2], os.Stdin, os.Stdout)
	}
	at := bench.WorkerPlaces{NATSURL: args[2], VaultAddress: args[4], VaultTokenFile: args[6]}
	return bench.ServeWorker(context.Background(), at, os.Stdin, os.Stdout)
}

// What waits stays on the bus: the worker holds no more than it may, and its memory does not follow their number. A
// million is measured by hand (docs/performance.md); what would grow by a kilobyte each shows at this size, too.
func TestO4_FiftyThousandRequestsWaitInBoundedMemory(t *testing.T) {
	const n, mib = 50_000, 1 << 20
	r, err := bench.Waiting(t.Context(), bench.Options{Requests: n})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", r)
	if r.Completed != n || r.Held == 0 || r.Held > r.HeldLimit {
		t.Errorf("%d completed; %d held, %d allowed", r.Completed, r.Held, r.HeldLimit)
	}
	if r.WorkerHeap == 0 || r.WorkerHeap > 24*mib {
		t.Errorf("%d MiB are live on the worker's heap while %d wait", r.WorkerHeap/mib, n)
	}
}

func TestBenchPipeline(t *testing.T) {
	n := 1000
	r, err := bench.Pipeline(t.Context(), bench.Options{Requests: n, Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Ratio.Median <= 0 || r.Ratio.Min > r.Ratio.Max || r.Bare.Median <= 0 || r.RequestBytes != 512 {
		t.Errorf("that makes no sense: %+v", r)
	}
	if r.VaultCalls == 0 || r.VaultCalls > 100 {
		t.Errorf("%d calls to Vault for one connection", r.VaultCalls)
	}
}

func TestBenchSuspend(t *testing.T) {
	r, err := bench.Suspend(t.Context(), bench.Options{Requests: 500, Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.SuspendRatio.Median <= 0 || r.ResumeRatio.Median <= 0 {
		t.Errorf("that makes no sense: %+v", r)
	}
	if r.VaultCalls == 0 || r.ProviderCalls == 0 {
		t.Errorf("nothing was counted: %+v", r)
	}
}

func TestO3_BenchRotation(t *testing.T) {
	r, err := bench.Rotation(t.Context(), bench.Options{Requests: 3, Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if len(r.Sizes) != 2 || r.Sizes[1].Rotations != 3 {
		t.Fatalf("that makes no sense: %+v", r)
	}
	for _, s := range r.Sizes { // a poll, a tenth of jitter, and the time to resume
		if s.Resumed.Least < 0 || s.Resumed.Most > 2*r.PollSeconds || s.VaultCalls <= 0 {
			t.Errorf("that makes no sense: %+v", s)
		}
	}
}

func TestBenchAlarms(t *testing.T) {
	r, err := bench.Alarms(t.Context(), bench.Options{Requests: 500, Due: 50})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Terminated != 50 || r.Lateness.P99 < r.Lateness.P50 || r.Lateness.Least < 0 {
		t.Errorf("that makes no sense: %+v", r)
	}
}

func TestO2_BenchReplay(t *testing.T) {
	r, err := bench.Replay(t.Context(), bench.Options{Requests: 3000, Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Ratio.Median <= 0 || r.Outcomes != 2970 || r.PeakBytes < r.BeforeBytes/2 {
		t.Errorf("that makes no sense: %+v", r)
	}
}

// Package bench measures the worker against hand-written loops that do the same on the bus and nothing
// else. Both sides run in this process, in turn, on streams of the same configuration that are made anew for
// each; the NATS server is a process of its own, Vault and the OAuth provider are real. What counts is the
// ratio within a round: machines differ, and so do their quiet and busy minutes.
package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"holdfast/internal/secret"
)

// Options are what is measured, and with what.
type Options struct {
	// Requests in a round; 0: the benchmark's own number.
	Requests int
	// Rounds are how often each side is measured; 0: 5. The alarms have one.
	Rounds int
	// Due is how many of the alarms' suspensions end within one second; 0: 10,000, a tenth of Requests at most.
	Due int
	// NATSURL is a server to use instead of one of our own. It must hold no stream of Holdfast's: the
	// benchmark makes and deletes them.
	NATSURL string
	// VaultAddress and VaultToken are a Vault to use instead of one of our own; secrets are written below
	// secret/holdfast-bench.
	VaultAddress string
	VaultToken   secret.Value
	// CPUProfile is a file for a profile (pprof) of the worker in the first round; empty: none.
	CPUProfile string
	// Progress is where a person watches; nil: nobody does. Terminal tells whether it can be redrawn.
	Progress io.Writer
	Terminal bool
}

const (
	defaultRounds = 5
	tenant        = "bench"
	// inParallel is how many messages each side handles at the same time.
	inParallel = 64
	// heldAhead is how many messages each side fetches ahead.
	heldAhead = 500
	// stepLimit bounds each step: what takes longer is stuck.
	stepLimit = 15 * time.Minute
)

// Machine is where a benchmark ran.
type Machine struct {
	Go   string `json:"go"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	NATS string `json:"nats_server"`
	// OwnServer tells whether the NATS server was started for the benchmark, on this machine.
	OwnServer bool `json:"own_server"`
}

func (s *stand) machine() Machine {
	return Machine{
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(),
		NATS: s.nc.ConnectedServerVersion(), OwnServer: s.server != nil,
	}
}

// rounds measures round by round, each under the limit of a step.
func (s *stand) rounds(ctx context.Context, n int, round func(ctx context.Context, i int) error) error {
	for i := range n {
		s.progress.in(fmt.Sprintf("round %d of %d", i+1, n))
		if err := within(ctx, func(ctx context.Context) error { return round(ctx, i) }); err != nil {
			return err
		}
	}
	return nil
}

// within runs one step of a benchmark under the limit that all have.
func within(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	return step(ctx)
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

package testkit

import (
	"context"
	"testing"
	"time"

	"holdfast/internal/devproc"
)

const (
	buildTimeout = 10 * time.Minute // a cold build downloads and compiles a whole Vault
	startTimeout = 60 * time.Second
	stopTimeout  = 20 * time.Second
)

// startProgram builds and starts a development program, and stops it when the test ends.
func startProgram(tb testing.TB, module string, args ...string) *devproc.Process {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	path, err := devproc.Build(ctx, module, nil)
	if err != nil {
		tb.Fatalf("build %s: %v", module, err)
	}
	ctx, cancel = context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	p, err := devproc.Start(ctx, path, args...)
	if err != nil {
		tb.Fatalf("start %s: %v", module, err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		_ = p.Stop(ctx) // one that the test killed ends with an error, as it should
	})
	return p
}

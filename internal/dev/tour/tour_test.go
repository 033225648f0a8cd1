package tour_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/dev"
	"holdfast/internal/dev/tour"
)

func TestMain(m *testing.M) {
	// The embedded server goes on for some seconds trying to set up the source of a history that was shut
	// down at once.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"))
}

// buildHoldfast builds the program that people run, so that the worker is what they run.
func buildHoldfast(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "holdfast")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "holdfast/cmd/holdfast")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build holdfast: %v\n%s", err, out)
	}
	return program
}

// The tour proves what it plays: suspension (C12), termination (C13), resumption (C14), one end (C15), rotation
// in Vault (O3), an outage that suspends nothing (O4), a worker that dies (O5), dead letters (O1).
func TestTour_C4_C12_C13_C14_C15_O1_O3_O4_O5(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute) // cold, Vault and the provider are built
	defer cancel()
	var out bytes.Buffer
	err := tour.Run(ctx, dev.Options{Program: buildHoldfast(t), JSON: true, Out: io.MultiWriter(&out, t.Output()), Err: t.Output()})
	if err != nil {
		t.Fatalf("the tour: %v", err)
	}
	checkLines(t, &out)
}

// A worker that does not come back after it was killed breaks the promise of that step, and of no other.
func TestTour_TellsWhichPromiseWasBroken(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	dir := t.TempDir()
	script := "#!/bin/sh\nif [ -e " + dir + "/died ]; then echo no second time >&2; exit 3; fi\ntouch " + dir +
		"/died\nexec " + buildHoldfast(t) + " \"$@\"\n"
	program := filepath.Join(dir, "worker")
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := tour.Run(ctx, dev.Options{Program: program, Out: &out, Err: t.Output()})
	broken, ok := errors.AsType[*tour.Broken](err)
	if !ok || broken.Step != 6 || !strings.Contains(broken.Seen, "no second time") {
		t.Fatalf("error: %v, after\n%s", err, out.String())
	}
	for _, want := range []string{"BROKEN", "but saw", "look", "A promise was not kept: 5 of 8 steps"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not told:\n%s", want, out.String())
		}
	}
	// What is left is there to look at.
	_, rest, _ := strings.Cut(broken.Hint(), "less ")
	log, _, _ := strings.Cut(rest, ";")
	if _, err := os.Stat(log); err != nil {
		t.Errorf("the worker's log: %v", err)
	}
	if err := os.RemoveAll(filepath.Dir(log)); err != nil {
		t.Error(err)
	}
}

func checkLines(t *testing.T, out io.Reader) {
	t.Helper()
	var results []tour.Result
	var sum tour.Summary
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r tour.Result
		if err := json.Unmarshal(lines.Bytes(), &sum); err != nil {
			t.Fatalf("not one object a line: %v: %s", err, lines.Text())
		}
		if sum.Summary {
			break
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("not a result: %v: %s", err, lines.Text())
		}
		results = append(results, r)
	}
	if !sum.Summary || !sum.OK || sum.Kept != sum.Steps || len(results) != sum.Steps {
		t.Fatalf("summary %+v after %d results", sum, len(results))
	}
	for i, r := range results {
		if !r.OK || r.Step != i+1 || r.Title == "" || len(r.Saw) == 0 {
			t.Errorf("step %d: %+v", i+1, r)
		}
	}
}

package devproc

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// beChild makes the test binary act as a development program.
const beChild = "DEVPROC_TEST_CHILD"

func TestMain(m *testing.M) {
	if how := os.Getenv(beChild); how != "" {
		child(how)
		return
	}
	goleak.VerifyTestMain(m)
}

// module writes a small program's module into a source tree of its own, and goes there.
func module(t *testing.T, source string) {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{
		"go.mod":              "module holdfast\n\ngo 1.26\n",
		"cmd/devtoy/go.mod":   "module holdfast/cmd/devtoy\n\ngo 1.26\n",
		"cmd/devtoy/main.go":  source,
		"internal/deep/x.txt": "",
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gocache, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(gocache)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Chdir(filepath.Join(root, "internal", "deep"))
}

const toy = `package main

func main() { println("x") }
`

func TestBuildHappensOncePerStateOfTheSources(t *testing.T) {
	module(t, toy)
	var progress bytes.Buffer
	first, err := Build(t.Context(), "devtoy", &progress)
	if err != nil || progress.Len() == 0 {
		t.Fatalf("%v, and progress %q", err, progress.String())
	}
	progress.Reset()
	again, err := Build(t.Context(), "devtoy", &progress)
	if err != nil || again != first || progress.Len() != 0 {
		t.Fatalf("%s again: %v, progress %q", again, err, progress.String())
	}
	if err := os.WriteFile("../../cmd/devtoy/main.go", []byte(toy+"// changed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if other, err := Build(t.Context(), "devtoy", nil); err != nil || other == first {
		t.Fatalf("changed sources gave %s, %v", other, err)
	}
}

func TestManyWhoBuildAtOnceBuildOnce(t *testing.T) {
	module(t, toy)
	var mu sync.Mutex
	built := 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var progress bytes.Buffer
			if _, err := Build(t.Context(), "devtoy", &progress); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if progress.Len() > 0 {
				built++
			}
		})
	}
	wg.Wait()
	if built != 1 {
		t.Errorf("built %d times", built)
	}
}

func TestABrokenModuleSaysWhatTheCompilerSaid(t *testing.T) {
	module(t, "package main\n\nfunc main() { undefinedThing() }\n")
	_, err := Build(t.Context(), "devtoy", nil)
	if err == nil || !strings.Contains(err.Error(), "undefinedThing") {
		t.Fatalf("%v", err)
	}
}

func TestWithoutSourcesTheErrorSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Build(t.Context(), "devvault", nil)
	if !errors.Is(err, ErrNoSource) || !strings.Contains(err.Error(), "VAULT_ADDR") {
		t.Fatalf("%v", err)
	}
}

// startChild runs the test binary as a program.
func startChild(t *testing.T, how string) (*Process, error) {
	t.Helper()
	t.Setenv(beChild, how)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return Start(ctx, self)
}

func TestAProgramIsStartedReadAndStopped(t *testing.T) {
	p, err := startChild(t, "well")
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Address string `json:"address"`
	}
	if err := p.Decode(&ready); err != nil || ready.Address != "here" {
		t.Fatalf("%+v, %v", ready, err)
	}
	for range 2 {
		if err := p.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.Kill()
}

func TestAKilledProgramIsGone(t *testing.T) {
	p, err := startChild(t, "well")
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()
	<-p.Done()
	if p.Err() == nil {
		t.Error("killed, and no error")
	}
}

func TestAProgramThatDoesNotComeUpSaysWhy(t *testing.T) {
	if _, err := startChild(t, "fail"); err == nil || !strings.Contains(err.Error(), "no luck today") {
		t.Fatalf("%v", err)
	}
}

func TestAProgramThatWillNotStopIsKilledInTime(t *testing.T) {
	p, err := startChild(t, "stubborn")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v", err)
	}
	<-p.Done()
}

// TestAProgramEndsWhenItsParentIsKilled starts a parent that starts a program, and kills the parent.
func TestAProgramEndsWhenItsParentIsKilled(t *testing.T) {
	p, err := startChild(t, "parent")
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Mark string `json:"mark"`
	}
	if err := p.Decode(&ready); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(ready.Mark); errors.Is(err, os.ErrNotExist) {
			return // the grandchild removes its file when it ends
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("the program outlived its parent")
		}
	}
}

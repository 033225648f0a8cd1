package devproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/gofrs/flock"
)

// ErrNoSource means that the program can not be built because Holdfast's source tree is not here.
var ErrNoSource = errors.New("the source tree of holdfast is not here")

// keepBuilds is how long the build of another state of the sources is kept after its last use.
const keepBuilds = 7 * 24 * time.Hour

// hints say what to do without the sources.
var hints = map[string]string{
	"devvault": "run this inside a checkout of holdfast, or set VAULT_ADDR to use a Vault of your own",
	"devidp":   "run this inside a checkout of holdfast",
}

// Build gives the path of the program cmd/<module>, built from the sources around the working directory. It
// is built once for each state of them and kept in the user's cache folder; processes that want it at the
// same time build it once. progress gets what the go command says, a line for each download and package, and
// may be nil. Cold, this takes minutes.
func Build(ctx context.Context, module string, progress io.Writer) (string, error) {
	dir, err := sources(module)
	if err != nil {
		return "", err
	}
	sum, err := fingerprint(dir)
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, module+"-"+sum)
	program := filepath.Join(home, module+exeSuffix())
	if built(program) {
		return program, nil
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", fmt.Errorf("no room for the build of %s: %w", module, err)
	}
	return program, buildOnce(ctx, dir, program, progress)
}

// buildOnce builds under a lock that all processes of the machine share.
func buildOnce(ctx context.Context, dir, program string, progress io.Writer) error {
	lock := flock.New(program + ".lock")
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return fmt.Errorf("waiting for another build of %s: %w", filepath.Base(program), err)
	}
	defer func() { _ = lock.Close() }()
	if built(program) {
		return nil
	}
	if err := goBuild(ctx, dir, program, progress); err != nil {
		return err
	}
	removeOld(filepath.Dir(program))
	return nil
}

func goBuild(ctx context.Context, dir, program string, progress io.Writer) error {
	if progress == nil {
		progress = io.Discard
	}
	said := &tail{}
	out := io.MultiWriter(progress, said)
	unfinished := program + "." + strconv.Itoa(os.Getpid())
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-o", unfinished, ".") //nolint:gosec // a path of our own making
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		_ = os.Remove(unfinished)
		if errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("the go command is needed to build %s: %w", filepath.Base(program), err)
		}
		return fmt.Errorf("go build in %s: %w\n%s", dir, err, said)
	}
	return os.Rename(unfinished, program)
}

// built tells whether the program is there, and marks it as used.
func built(program string) bool {
	now := time.Now()
	return os.Chtimes(program, now, now) == nil
}

// removeOld drops builds of other states of the same module that nobody used for a while.
func removeOld(home string) {
	module := filepath.Base(home)
	module = module[:len(module)-2*fingerprintBytes-1]
	others, _ := filepath.Glob(filepath.Join(filepath.Dir(home), module+"-*"))
	for _, dir := range others {
		info, err := os.Stat(filepath.Join(dir, module+exeSuffix()))
		if dir != home && err == nil && time.Since(info.ModTime()) > keepBuilds {
			_ = os.RemoveAll(dir)
		}
	}
}

// cacheDir is a folder of the user's own: what lies in it is executed.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder to build into (set HOME or XDG_CACHE_HOME): %w", err)
	}
	return filepath.Join(dir, "holdfast", "dev"), nil
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

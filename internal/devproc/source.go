package devproc

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// fingerprintBytes is how much of the hash goes into a folder's name.
const fingerprintBytes = 12

var holdfastModule = regexp.MustCompile(`(?m)^module holdfast$`)

// sources is the folder of cmd/<module>, found by walking up from the working directory.
func sources(module string) (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("no working directory: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		raw, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && holdfastModule.Match(raw) {
			return filepath.Join(dir, "cmd", module), nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s can not be built: %w; %s", module, ErrNoSource, hints[module])
		}
	}
}

// fingerprint is a hash over all that a build depends on: names and contents of the module's files but
// tests, the Go version, and the platform.
func fingerprint(dir string) (string, error) {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return filepath.SkipDir
		case d.IsDir(), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		return hashFile(h, dir, path)
	})
	if err != nil {
		return "", fmt.Errorf("the sources in %s can not be read: %w", dir, err)
	}
	return hex.EncodeToString(h.Sum(nil)[:fingerprintBytes]), nil
}

func hashFile(h io.Writer, dir, path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(h, "%s %d\n%s", name, len(raw), raw)
	return err
}

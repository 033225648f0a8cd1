//go:build gameday

package chaos_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Workers whose clocks are wrong are built with a package time whose Now is off by as many seconds as this variable
// says. So every reading of the machine's clock is off, in the libraries, too, and nothing of the product is made for it.
const aheadVariable = "HOLDFAST_TEST_SECONDS_AHEAD"

const readsClock = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {"

var ahead = fmt.Sprintf(`package time

import "syscall"

var secondsAhead = func() (n int64) {
	text, _ := syscall.Getenv(%q)
	sign := int64(1)
	for _, c := range text {
		if c == '-' {
			sign = -1
			continue
		}
		n = 10*n + int64(c-'0')
	}
	return sign * n
}()
`, aheadVariable)

// skewed are the arguments of go build for such workers.
func skewed(tb testing.TB) []string {
	tb.Helper()
	root, err := exec.CommandContext(tb.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		tb.Fatal(err)
	}
	dir, of := tb.TempDir(), filepath.Join(string(bytes.TrimSpace(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(of, "time.go"))
	if err != nil {
		tb.Fatal(err)
	}
	if bytes.Count(source, []byte(readsClock)) != 1 {
		tb.Fatalf("%s reads the clock in another way than this test knows: look at time.Now there", of)
	}
	changed := bytes.Replace(source, []byte(readsClock), []byte("\tsec, nsec, mono := runtimeNow()\n\tsec += secondsAhead\n\tif mono == 0 {"), 1)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(of, "time.go"):  filepath.Join(dir, "time.go"),
		filepath.Join(of, "ahead.go"): filepath.Join(dir, "ahead.go"),
	}})
	if err != nil {
		tb.Fatal(err)
	}
	for name, data := range map[string][]byte{"time.go": changed, "ahead.go": []byte(ahead), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return []string{"-overlay", filepath.Join(dir, "overlay.json")}
}

func runsAhead(d time.Duration) string { return fmt.Sprintf("%s=%d", aheadVariable, int(d.Seconds())) }

// aheadBy is by how much the clock of whoever serves an address is ahead of ours, to a second or two: every answer
// is dated.
func aheadBy(tb testing.TB, address string) time.Duration {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	_ = resp.Body.Close()
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		tb.Fatal(err)
	}
	return time.Until(at)
}

package leaktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/testkit"
)

// evidence is what left a process, by place.
type evidence map[string][]byte

func (e evidence) add(place string, data []byte) { e[place] = append(append(e[place], '\n'), data...) }

// streams takes in every message of every stream that the server has, those below the buckets too, with subject
// and headers, and gives how many there are of each.
func (e evidence) streams(tb testing.TB, js jetstream.JetStream) (messages map[string]int) {
	tb.Helper()
	messages = make(map[string]int)
	ctx, cancel := context.WithTimeout(tb.Context(), patient)
	defer cancel()
	list := js.ListStreams(ctx)
	for info := range list.Info() {
		messages[info.Config.Name] = 0
		s, err := js.Stream(ctx, info.Config.Name)
		if err != nil {
			tb.Fatal(err)
		}
		for seq := max(1, info.State.FirstSeq); seq <= info.State.LastSeq; seq++ {
			m, err := s.GetMsg(ctx, seq)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue // deleted
			}
			if err != nil {
				tb.Fatal(err)
			}
			messages[info.Config.Name]++
			place := "stream " + info.Config.Name
			e.add(place, []byte(m.Subject))
			e.add(place, headers(m.Header))
			e.add(place, m.Data)
		}
	}
	if err := list.Err(); err != nil {
		tb.Fatal(err)
	}
	return messages
}

func headers(h nats.Header) []byte {
	var out bytes.Buffer
	for name, values := range h {
		_, _ = fmt.Fprintf(&out, "%s: %q %s\n", name, values, values)
	}
	return out.Bytes()
}

// files takes in every file of a folder as it is on disk: what was deleted has to be gone from there, too.
func (e evidence) files(tb testing.TB, place, dir string) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreGone(err)
		}
		raw, err := os.ReadFile(path)
		e.add(place, raw)
		return ignoreGone(err)
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (e evidence) file(tb testing.TB, place, path string) {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	e.add(place, raw)
}

// process takes in what any user of the machine may see of a process, and what its own user may; nothing, if it
// has ended.
func (e evidence) process(tb testing.TB, pid int) {
	tb.Helper()
	for _, name := range []string{"cmdline", "environ"} {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			tb.Fatal(err)
		}
		e.add(name, raw)
	}
}

// page takes in what an HTTP server answers.
func (e evidence) page(tb testing.TB, place, url string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	e.add(place, raw)
}

// command takes in what a program prints, however it ends, and what may be seen of it while it runs. It gets
// input on standard input once it runs, and its exit code is given.
func (e evidence) command(tb testing.TB, env []string, input, name string, args ...string) (code int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	e.process(tb, cmd.Process.Pid)
	_, _ = io.WriteString(stdin, input) // many have ended by now, and read nothing
	_ = stdin.Close()
	err = cmd.Wait()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		tb.Fatal(err)
	}
	if stdout.Len()+stderr.Len() == 0 {
		tb.Errorf("%v printed nothing: %v", args, err)
	}
	e.add("CLI stdout", stdout.Bytes())
	e.add("CLI stderr", stderr.Bytes())
	return cmd.ProcessState.ExitCode()
}

// traces takes in what was collected; protobuf carries texts as they are.
func (e evidence) traces(c *testkit.Collector) (exports int) {
	for _, b := range c.Bodies() {
		e.add("traces", b)
		exports++
	}
	return exports
}

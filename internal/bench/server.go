package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"holdfast/internal/devproc"
	"holdfast/internal/natsd"
)

// ServerCommand is the command line below which a binary runs ServeNATS, for the server of a benchmark.
func ServerCommand() []string { return []string{"bench", "nats-server"} }

// readyLine is what a server writes once it takes connections.
type readyLine struct {
	URL string `json:"url"`
}

// ServeNATS runs a NATS server on a free port of the loopback interface, with its store in a folder, and
// writes a line of JSON when it is ready. It stops when in ends or ctx does.
func ServeNATS(ctx context.Context, store string, in io.Reader, out io.Writer) error {
	s, err := natsd.Start(natsd.Options{StoreDir: store, ServerName: "holdfast-bench"})
	if err != nil {
		return err
	}
	defer s.Shutdown()
	if err := json.NewEncoder(out).Encode(readyLine{s.ClientURL()}); err != nil {
		return err
	}
	untilEnd(ctx, in)
	return nil
}

// untilEnd returns when in ends, or ctx does.
func untilEnd(ctx context.Context, in io.Reader) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, in) // its end is all that matters
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// startServer starts this very binary as a NATS server of our own.
func startServer(ctx context.Context, store string) (*devproc.Process, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	p, err := devproc.Start(ctx, self, append(ServerCommand(), "--store", store)...)
	if err != nil {
		return nil, "", fmt.Errorf("start a NATS server: %w", err)
	}
	var ready readyLine
	err = p.Decode(&ready)
	return p, ready.URL, err
}

// residentBytes is how much memory a process has (Linux; 0 elsewhere).
func residentBytes(pid int) int64 {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(raw)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// tick is the unit in which Linux tells processor times (USER_HZ).
const tick = 10 * time.Millisecond

// cpuTime is how much processor time a process has used (Linux; 0 elsewhere).
func cpuTime(pid int) time.Duration {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The name of the program, in brackets, may hold anything; utime and stime are the 12th and 13th after it.
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	user, uerr := strconv.Atoi(string(fields[11]))
	system, serr := strconv.Atoi(string(fields[12]))
	if uerr != nil || serr != nil {
		return 0
	}
	return time.Duration(user+system) * tick
}

// cpu is the processor time of this process and of the server together; 0 where it can not be told.
func (s *stand) cpu() time.Duration {
	if s.server == nil {
		return 0
	}
	return cpuTime(os.Getpid()) + cpuTime(s.server.PID())
}

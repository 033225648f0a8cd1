package testkit

import (
	"bytes"
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/bus"
	"holdfast/internal/natsd"
)

// NATS is a server inside the test's process, reached over TCP. It can be stopped and started again on
// the same port and store.
type NATS struct {
	*natsd.Server

	tb   testing.TB
	opts natsd.Options
}

// StartNATS starts a server on a free port with a store of its own; it stops with the test.
func StartNATS(tb testing.TB, with ...func(*natsd.Options)) *NATS {
	tb.Helper()
	opts := natsd.Options{StoreDir: tb.TempDir(), ServerName: "test"}
	for _, w := range with {
		w(&opts)
	}
	n := &NATS{tb: tb, opts: opts}
	n.Start()
	tb.Cleanup(func() { n.Shutdown() })
	return n
}

// Start starts the server, again on the same port after a Shutdown.
func (n *NATS) Start() {
	n.tb.Helper()
	s, err := natsd.Start(n.opts)
	if err != nil {
		n.tb.Fatalf("start the NATS server: %v", err)
	}
	n.Server, n.opts.Port = s, s.Port()
}

// ConnectBus connects to a server; the connection closes with the test. Tests see what it logs when they
// fail.
func ConnectBus(tb testing.TB, url string, with ...func(*bus.Config)) *bus.Bus {
	tb.Helper()
	b, err := bus.Connect(tb.Context(), BusConfig(url, with...), Logger(tb), nil)
	if err != nil {
		tb.Fatalf("connect to the bus: %v", err)
	}
	tb.Cleanup(b.Close)
	return b
}

// BusConfig is a configuration that does not wait for long.
func BusConfig(url string, with ...func(*bus.Config)) bus.Config {
	cfg := bus.Config{URLs: []string{url}, StartTimeout: 10 * time.Second, RequestTimeout: 3 * time.Second}
	for _, w := range with {
		w(&cfg)
	}
	return cfg
}

// SetUpBus makes streams, buckets and consumers, with short ages where a test sets them.
func SetUpBus(tb testing.TB, b *bus.Bus, with ...func(*bus.SetupConfig)) {
	tb.Helper()
	cfg := bus.SetupConfig{}
	for _, w := range with {
		w(&cfg)
	}
	if _, err := b.Setup(tb.Context(), cfg); err != nil {
		tb.Fatalf("set the bus up: %v", err)
	}
}

// StartBus is a server that is set up, and a connection to it.
func StartBus(tb testing.TB, with ...func(*bus.SetupConfig)) (*NATS, *bus.Bus) {
	tb.Helper()
	n := StartNATS(tb)
	b := ConnectBus(tb, n.ClientURL())
	SetUpBus(tb, b, with...)
	return n, b
}

// Logger writes to the test's log for as long as the test runs.
func Logger(tb testing.TB) zerolog.Logger {
	level := zerolog.WarnLevel
	if os.Getenv("HOLDFAST_TEST_DEBUG") != "" {
		level = zerolog.DebugLevel
	}
	w := &testLog{tb: tb}
	tb.Cleanup(w.end)
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

// testLog drops what comes after its test: callbacks of client libraries may be late.
type testLog struct {
	tb testing.TB

	mu    sync.Mutex
	ended bool
}

func (w *testLog) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.tb.Logf("%s", bytes.TrimRight(line, "\n"))
	}
	return len(line), nil
}

func (w *testLog) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// Eventually waits for a condition, looking at it often; it fails the test when ctx ends or it takes
// longer than within.
func Eventually(tb testing.TB, within time.Duration, what string, ok func() bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), within)
	defer cancel()
	t := time.NewTicker(5 * time.Millisecond)
	defer t.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			tb.Fatalf("not within %s: %s", within, what)
		case <-t.C:
		}
	}
}

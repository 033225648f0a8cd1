package app_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// logbook keeps what a worker logs, and shows the test what is a warning or worse.
type logbook struct {
	shown zerolog.Logger

	mu    sync.Mutex
	lines []logLine
}

// logLine is what a delivery's line tells.
type logLine struct {
	Level      string       `json:"level"`
	Component  string       `json:"component"`
	Stream     string       `json:"stream"`
	Sequence   uint64       `json:"sequence"`
	Deliveries int          `json:"deliveries"`
	Request    string       `json:"request_id"`
	Reason     fault.Reason `json:"reason"`
	Message    string       `json:"message"`

	Slow   bool               `json:"slow"`
	Stages map[string]float64 `json:"stages_ms"`
}

// logged starts a worker whose deliveries can be read about.
func (w *world) logged() *logbook {
	w.Helper()
	b := &logbook{shown: testkit.Logger(w.TB)}
	w.start(zerolog.New(b))
	return b
}

func (b *logbook) Write(line []byte) (int, error) {
	var l logLine
	if err := json.Unmarshal(line, &l); err == nil {
		b.mu.Lock()
		b.lines = append(b.lines, l)
		b.mu.Unlock()
	}
	if b.shown.GetLevel() <= zerolog.DebugLevel {
		b.shown.Debug().RawJSON("worker", bytes.TrimSpace(line)).Send()
	}
	return len(line), nil
}

// all are the lines so far.
func (b *logbook) all() []logLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines)
}

// retries counts, by reason, how often a request was put off.
func (b *logbook) retries(request string) map[fault.Reason]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := map[fault.Reason]int{}
	for _, l := range b.lines {
		if l.Request == request && l.Reason.Class().Retries() {
			n[l.Reason]++
		}
	}
	return n
}

// retried waits until a request was put off for a reason.
func (b *logbook) retried(t testing.TB, request string, want fault.Reason) {
	t.Helper()
	testkit.Eventually(t, patient, request+" to be retried for "+string(want), func() bool {
		return b.retries(request)[want] > 0
	})
}

// deliveries is the most often that a message of a request was delivered.
func (b *logbook) deliveries(request string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	most := 0
	for _, l := range b.lines {
		if l.Request == request {
			most = max(most, l.Deliveries)
		}
	}
	return most
}

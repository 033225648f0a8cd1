package audit_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/audit"
)

// imagined is a bus whose messages are made as they are read: none is kept. Every twentieth request was suspended and
// resumed, every hundredth is a dead letter, one in a million is lost, and the others have their ends.
type imagined struct {
	requests int
	began    time.Time
}

const (
	suspendedEvery = 20
	deadEvery      = 100
	lostEvery      = 1_000_000
)

func lost(i int) bool      { return i%lostEvery == lostEvery/2 }
func dead(i int) bool      { return i%deadEvery == 1 }
func suspended(i int) bool { return i%suspendedEvery == 2 && !lost(i) }

// written is what a stream has of the i-th request; n is the stream's last sequence before.
func (s *imagined) written(stream string, i int, n uint64) (all []audit.Message) {
	id, tenant := fmt.Sprint("r-", i), fmt.Sprint("tenant-", i%50)
	put := func(subject string, data []byte) {
		n++
		all = append(all, audit.Message{Subject: subject, Data: data, Sequence: n, Stored: s.began.Add(time.Duration(i) * time.Microsecond)})
	}
	chain := events.Chain{Tenant: tenant, Connection: fmt.Sprint("crm-", i%1000), Run: "run-" + id, Request: id}
	switch stream {
	case events.StreamActions:
		put(events.SubjectOf(tenant, events.ActionRequested), requestText(id))
	case events.StreamOutcomes:
		if !lost(i) && !dead(i) {
			put(events.LedgerSubject(tenant, id), outcomeText(tenant, id, uint64(i+1)))
		}
	case events.StreamSuspensions:
		if suspended(i) {
			put(chain.Subject(), s.link(chain, i, "suspended", 0, 1))
			put(chain.Subject(), s.link(chain, i, "resumed", n, 2))
		}
	case events.StreamDeadLetters:
		if dead(i) {
			put(events.DeadLetterSubject(tenant, "schema_violation"), fmt.Appendf(nil, `{"specversion":"1.0","id":"d","source":"holdfast/worker",`+
				`"type":"holdfast.deadletter.v1","data":{"tenant":%q,"reason":"schema_violation","subject":"hf.%[1]s.action.requested",`+
				`"origin":{"stream":"HF_ACTIONS","sequence":%d},"consumer":"actions","deliveries":1,"detail":"wanted","original":"e30="}}`, tenant, i+1))
		}
	case events.StreamNotices:
		if suspended(i) {
			put(events.NoticeSubject(tenant, events.ConnectionRestored), fmt.Appendf(nil, `{"specversion":"1.0","id":"n","source":"holdfast/worker",`+
				`"type":"holdfast.connection.restored.v1","data":{"tenant":%q,"connection_id":%q,"generation":1,"secret_version":2}}`, tenant, chain.Connection))
		}
	}
	return all
}

func (s *imagined) link(c events.Chain, i int, what string, previous uint64, version int) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"s","source":"holdfast/worker","type":"holdfast.suspension.%s.v1","data":{"tenant":%q,`+
		`"connection_id":%q,"run_id":%q,"request_id":%q,"workflow_id":"onboarding","step_id":"create-account","reason":"bad_credentials","generation":1,`+
		`"secret_version":%d,"suspended_at":%q,"terminates_at":"2036-01-01T00:00:00Z","previous_sequence":%d,"cause":"connection_restored",`+
		`"original":{"request_id":"r-%d"},"original_at":{"stream":"HF_ACTIONS","sequence":%d}}}`,
		what, c.Tenant, c.Connection, c.Run, c.Request, version, s.began.Format(time.RFC3339Nano), previous, i, i+1)
}

// messages is how many there are of all streams.
func (s *imagined) messages() (n int) {
	for i := range s.requests {
		n++
		switch {
		case suspended(i):
			n += 4
		case !lost(i) && !dead(i), dead(i):
			n++
		}
	}
	return n
}

func (s *imagined) Extent(context.Context, string) (audit.Extent, error) {
	return audit.Extent{First: 1, Last: math.MaxInt64, FirstStored: s.began, Messages: uint64(s.requests), Now: s.began.Add(240 * time.Hour)}, nil
}

func (s *imagined) Backlog(context.Context, audit.Queue) (audit.Backlog, error) {
	return audit.Backlog{Floor: math.MaxUint64}, nil
}

func (s *imagined) Messages(_ context.Context, stream, _ string, _ audit.Range) iter.Seq2[audit.Message, error] {
	return func(yield func(audit.Message, error) bool) {
		n := uint64(0)
		for i := range s.requests {
			for _, m := range s.written(stream, i, n) {
				n = m.Sequence
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}

func (s *imagined) Message(_ context.Context, stream string, sequence uint64) (audit.Message, bool, error) {
	if stream != events.StreamActions {
		return audit.Message{}, false, nil
	}
	return s.written(stream, int(sequence)-1, sequence-1)[0], true, nil
}

// Ten million messages, in the memory that was asked for:
//
//	go test ./internal/audit -run '^$' -bench TenMillion -benchtime 1x -timeout 30m
//
// It reports messages a second, the process's greatest resident memory, and how much went to files.
func BenchmarkTenMillion(b *testing.B) {
	debug.SetMemoryLimit(audit.DefaultMemory) // as the command does
	s := &imagined{requests: 4_660_000, began: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	n := s.messages()
	for b.Loop() {
		r, err := audit.Run(b.Context(), s, audit.Options{TempDir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		read := 0
		for _, one := range r.Streams {
			read += one.Messages
		}
		if read != n || n < 10_000_000 || r.Requests.Distinct != s.requests {
			b.Errorf("read %d of %d, %+v", read, n, r.Requests)
		}
		if want := (s.requests + lostEvery/2) / lostEvery; r.Total != want || r.Of(audit.Lost).Violations != want || len(r.Violations) != want {
			b.Errorf("%v, want %d lost", r.Err(), want)
		}
		b.ReportMetric(float64(read)/(float64(r.TookMS)/1000), "messages/s")
		b.ReportMetric(float64(r.SpilledBytes)/(1<<20), "file-MiB")
	}
	peak := peakMemory(b)
	b.ReportMetric(float64(peak)/(1<<20), "peak-RSS-MiB")
	if peak > audit.DefaultMemory*5/4 {
		b.Errorf("%d bytes of memory, and it was asked to do with %d", peak, audit.DefaultMemory)
	}
}

// peakMemory is the most that the process has had in memory, in bytes; 0 where the system does not say.
func peakMemory(tb testing.TB) (bytes uint64) {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, text, _ := strings.Cut(string(raw), "VmHWM:")
	if _, err := fmt.Sscanf(text, "%d kB", &bytes); err != nil {
		tb.Fatal(err)
	}
	return bytes << 10
}

package top

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// BenchmarkStart reads 100,000 suspensions, and then looks once: what top costs at first, and at each interval.
func BenchmarkStart(b *testing.B) {
	const all = 100_000
	n, x := testkit.StartBus(b)
	suspend(b, n.ClientURL(), all)
	var heap uint64
	var look time.Duration
	for b.Loop() {
		c := Start(b.Context(), Options{Looks: x, Clock: x.Clock(), Most: 50})
		testkit.Eventually(b, 2*time.Minute, "all of it", func() bool {
			_, total, read := c.chains.next(1)
			return read && total == all
		})
		b.StopTimer()
		began := time.Now()
		if _, err := c.Snapshot(b.Context()); err != nil {
			b.Fatal(err)
		}
		look = time.Since(began)
		c.Close()
		with := heapInUse()
		runtime.KeepAlive(c)
		c = nil
		if without := heapInUse(); with > without {
			heap = max(heap, with-without)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(heap)/(1<<20), "MiB")
	b.ReportMetric(float64(look.Microseconds())/1000, "ms/look")
}

func suspend(b *testing.B, url string, all int) {
	b.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	original := json.RawMessage(fmt.Sprintf(`{"input":%q}`, strings.Repeat("x", 300)))
	for i := range all {
		s := events.Suspension{Tenant: "acme", Connection: fmt.Sprintf("connection-%d", i%1000), Run: fmt.Sprintf("run-%d", i),
			Request: fmt.Sprintf("request-%d", i), Reason: "bad_credentials", TerminatesAt: time.Now().Add(240 * time.Hour), Original: original}
		e, err := events.New(events.SuspensionSuspended, time.Now(), s)
		if err != nil {
			b.Fatal(err)
		}
		raw, err := e.Encode()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := js.PublishAsync(s.Chain().Subject(), raw); err != nil {
			b.Fatal(err)
		}
		if i%2000 == 0 || i == all-1 {
			<-js.PublishAsyncComplete()
		}
	}
}

// heapInUse is what is reachable.
func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

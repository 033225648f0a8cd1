package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/testkit"
)

// BenchmarkConsumeAndDecide is one delivery, one confirmed compare-and-set publish, one ack.
func BenchmarkConsumeAndDecide(b *testing.B) {
	n, x := testkit.StartBus(b)
	_, js := raw(b, n.ClientURL())
	for from := 0; from < b.N; from += 4000 {
		feedActions(b, js, from, min(4000, b.N-from))
	}
	j := x.Journal()
	e := event(b, events.ActionCompleted, events.Outcome{Request: "r"})
	var done atomic.Int64
	all := make(chan struct{})
	b.ResetTimer()
	_, err := x.Consume(b.Context(), bus.ConsumerSpec{Stream: events.StreamActions, Durable: bus.DurableActions, Prefetch: 512},
		func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
			mine := e
			mine.ID = id(int(d.Sequence))
			if _, err := j.Append(ctx, events.LedgerSubject("acme", mine.ID), 0, mine); err != nil {
				b.Error(err)
			}
			if done.Add(1) == int64(b.N) {
				close(all)
			}
			return dispatch.Done("completed")
		})
	must(b, err)
	<-all
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkRegistrySnapshot reads 100,000 connections into a cache.
func BenchmarkRegistrySnapshot(b *testing.B) {
	const all = 100_000
	n, _ := testkit.StartBus(b)
	_, js := raw(b, n.ClientURL())
	fillRegistry(b, js, all)
	var heap uint64
	for b.Loop() {
		b.StopTimer()
		before := heapInUse()
		b.StartTimer()
		x := testkit.ConnectBus(b, n.ClientURL())
		r := x.Registry()
		testkit.Eventually(b, time.Minute, "the snapshot", func() bool { return x.Ready(b.Context()) == nil })
		b.StopTimer()
		heap = max(heap, heapInUse()-before)
		runtime.KeepAlive(r)
		x.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(heap)/(1<<20), "MiB")
	b.ReportMetric(all*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// heapInUse is what is reachable.
func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// uuid is an id as upstream systems make them.
func uuid(i int) string { return fmt.Sprintf("5f0c6d1e-8a3b-4c2d-9e1f-%012d", i) }

func fillRegistry(b *testing.B, js jetstream.JetStream, all int) {
	b.Helper()
	for from := 0; from < all; from += 4000 {
		for i := from; i < min(all, from+4000); i++ {
			data, err := json.Marshal(connection.Entry{Connection: events.Connection{ID: uuid(i), Name: "a connection", Type: "http",
				Owners: []string{"owner"}, Settings: json.RawMessage(`{"base_url":"https://target.example.org/api"}`)}})
			must(b, err)
			_, err = js.PublishAsync("$KV."+events.BucketConnections+".acme."+uuid(i), data)
			must(b, err)
		}
		<-js.PublishAsyncComplete()
	}
}

// BenchmarkRegistryGet is the hot path's look-up among 100,000 connections, with ids as long as UUIDs.
func BenchmarkRegistryGet(b *testing.B) {
	const all = 100_000
	n, _ := testkit.StartBus(b)
	_, js := raw(b, n.ClientURL())
	fillRegistry(b, js, all)
	x := testkit.ConnectBus(b, n.ClientURL())
	r := x.Registry()
	testkit.Eventually(b, time.Minute, "the snapshot", func() bool { return x.Ready(b.Context()) == nil })
	ids := make([]string, 1024)
	for i := range ids {
		ids[i] = uuid(i * (all / len(ids)))
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if e, _, err := r.Get(b.Context(), "acme", ids[i%len(ids)]); err != nil || e == nil {
			b.Fatalf("no entry: %v", err)
		}
		i++
	}
}

package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

func TestMain(m *testing.M) {
	// The embedded server goes on for some seconds trying to set up the source of a history that was shut
	// down at once.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"))
}

// patience is how long a test waits for what should take moments.
const patience = 20 * time.Second

// raw is a connection of the test's own, to look past the package.
func raw(tb testing.TB, url string) (*nats.Conn, jetstream.JetStream) {
	tb.Helper()
	nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		tb.Fatal(err)
	}
	return nc, js
}

func event(tb testing.TB, t events.Type, payload any) events.Event {
	tb.Helper()
	e, err := events.New(t, time.Now(), payload)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func reason(err error) fault.Reason {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// feedActions publishes n requests, quickly; their subjects' tenant is acme.
func feedActions(tb testing.TB, js jetstream.JetStream, from, n int) {
	tb.Helper()
	for i := from; i < from+n; i++ {
		data, _ := json.Marshal(map[string]int{"n": i})
		if _, err := js.PublishAsync(events.SubjectOf("acme", events.ActionRequested), data, jetstream.WithStallWait(patience)); err != nil {
			tb.Fatal(err)
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(patience):
		tb.Fatal("requests were not stored")
	}
}

// seen counts what a handler was given.
type seen struct {
	mu    sync.Mutex
	times map[uint64]int
	got   chan struct{}
}

func newSeen() *seen { return &seen{times: make(map[uint64]int), got: make(chan struct{}, 1)} }

func (s *seen) note(d dispatch.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times[d.Sequence]++
}

func (s *seen) distinct() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.times)
}

func (s *seen) done(_ context.Context, d dispatch.Delivery) dispatch.Result {
	s.note(d)
	return dispatch.Done("seen")
}

// unanswered is how many messages a consumer has given out or not yet given out.
func unanswered(tb testing.TB, js jetstream.JetStream, stream, durable string) int {
	tb.Helper()
	c, err := js.Consumer(tb.Context(), stream, durable)
	if err != nil {
		return -1
	}
	return c.CachedInfo().NumAckPending + int(c.CachedInfo().NumPending)
}

func id(i int) string { return fmt.Sprintf("r-%d", i) }

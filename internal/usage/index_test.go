package usage_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/testkit"
	"holdfast/internal/usage"
)

func TestMain(m *testing.M) {
	// The embedded server goes on for some seconds trying to set up the source of a history that was shut
	// down at once.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"))
}

const patience = 10 * time.Second

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func use(step, outcome string, at time.Time) events.Use {
	return events.Use{Tenant: "acme", Connection: "crm", Workflow: "wf", Step: step, LastUsed: at, Outcome: outcome}
}

// counting is the real store, counted, and held up while gate is not nil.
type counting struct {
	*bus.Uses

	puts atomic.Int64
	gate chan struct{}
}

func (c *counting) Put(ctx context.Context, u events.Use) error {
	c.puts.Add(1)
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return c.Uses.Put(ctx, u)
}

func (c *counting) of(t *testing.T) map[string]events.Use {
	t.Helper()
	all := make(map[string]events.Use)
	for u, err := range c.Each(t.Context(), "acme", "crm") {
		if err != nil {
			t.Fatal(err)
		}
		all[u.Step] = u
	}
	return all
}

func TestC10_AUseIsWrittenOnceInTenMinutes(t *testing.T) {
	_, b := testkit.StartBus(t)
	store := &counting{Uses: b.Uses()}
	x := usage.New(store, func(err error) { t.Errorf("reported: %v", err) })
	for i := range 1000 { // 8 minutes and a third
		x.Used(use("often", "completed", noon.Add(time.Duration(i)*time.Second/2)))
	}
	x.Used(use("often", "completed", noon.Add(usage.Every)))
	x.Used(use("turned", "suspended", noon))
	x.Used(use("turned", "completed", noon.Add(time.Minute)))
	if err := x.Close(t.Context()); err != nil { // what is queued is written
		t.Fatal(err)
	}
	all := store.of(t)
	if store.puts.Load() != 4 || !all["often"].LastUsed.Equal(noon.Add(usage.Every)) || all["turned"].Outcome != "completed" {
		t.Errorf("%d writes, %+v", store.puts.Load(), all)
	}
}

func TestC10_AnIndexThatIsHeldUpHoldsNobodyUp(t *testing.T) {
	_, b := testkit.StartBus(t)
	store := &counting{Uses: b.Uses(), gate: make(chan struct{})}
	x := usage.New(store, func(error) {})
	defer func() { _ = x.Close(t.Context()) }()
	began := time.Now()
	for i := range 5000 {
		x.Used(use("s"+strconv.Itoa(i), "completed", noon))
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("5000 uses took %s with a store that does not answer", took)
	}
	close(store.gate)
	testkit.Eventually(t, patience, "what was queued to be written", func() bool { return len(store.of(t)) >= 1000 })
	if n := len(store.of(t)); n >= 5000 {
		t.Errorf("%d uses were queued: there is no bound", n)
	}
	x.Used(use("s4999", "completed", noon.Add(time.Second))) // what was dropped is written at its next use
	testkit.Eventually(t, patience, "the use that was dropped", func() bool { return !store.of(t)["s4999"].LastUsed.IsZero() })
}

func TestC10_AUseThatCouldNotBeWrittenIsWrittenTheNextTime(t *testing.T) {
	n, b := testkit.StartBus(t)
	nc, err := nats.Connect(n.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), "KV_"+events.BucketUsage); err != nil {
		t.Fatal(err)
	}
	var told atomic.Int64
	store := &counting{Uses: b.Uses()}
	x := usage.New(store, func(error) { told.Add(1) })
	defer func() { _ = x.Close(t.Context()) }()
	x.Used(use("a", "completed", noon))
	x.Used(use("b", "completed", noon))
	testkit.Eventually(t, patience, "both to fail", func() bool { return store.puts.Load() == 2 && told.Load() == 1 })
	testkit.SetUpBus(t, b)
	testkit.Eventually(t, patience, "the use", func() bool {
		x.Used(use("a", "completed", noon.Add(time.Second)))
		return !store.of(t)["a"].LastUsed.IsZero()
	})
	if told.Load() != 1 {
		t.Errorf("told %d times of failures in a row", told.Load())
	}
}

func TestC10_TheEndDoesNotWaitForAStoreThatDoesNotAnswer(t *testing.T) {
	_, b := testkit.StartBus(t)
	x := usage.New(&counting{Uses: b.Uses(), gate: make(chan struct{})}, func(err error) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	x.Used(use("a", "completed", noon))
	x.Used(use("b", "completed", noon))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Close(ctx); err != nil {
		t.Error(err)
	}
	x.Used(use("c", "completed", noon)) // afterwards, it is no mistake
	if err := x.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

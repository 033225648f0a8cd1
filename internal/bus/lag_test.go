package bus_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/metrics"
	"holdfast/internal/testkit"
)

// actionsDurable is the consumer of requests.
func actionsDurable() bus.Durable {
	all := bus.Durables()
	return all[slices.IndexFunc(all, func(d bus.Durable) bool { return d.Name == bus.DurableActions })]
}

func lagOf(t *testing.T, b *bus.Bus) bus.Lag {
	t.Helper()
	l, err := b.Lag(t.Context(), actionsDurable())
	must(t, err)
	return l
}

// The oldest is the first that nobody answered, whatever was answered after it; commands on the same stream are
// another consumer's.
func TestO4_LagIsWhatNobodyHasAnswered(t *testing.T) {
	n, b := testkit.StartBus(t, func(c *bus.SetupConfig) { c.MaxAckPending = 500 })
	_, js := raw(t, n.ClientURL())
	if l := lagOf(t, b); l != (bus.Lag{Consumer: bus.DurableActions, Most: 500}) {
		t.Errorf("nothing was ever sent, and it says %+v", l)
	}
	_, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", events.SuspensionResumeRequested), "command", []byte("{}"))
	must(t, err)
	feedActions(t, js, 0, 30)
	fed := time.Now()
	testkit.Eventually(t, patience, "30 pending and some age", func() bool {
		l := lagOf(t, b)
		return l.Pending == 30 && l.AckPending == 0 && l.Oldest > 500*time.Millisecond
	})
	if l := lagOf(t, b); l.Oldest > time.Since(fed)+2*time.Second {
		t.Errorf("the oldest is %s old, fed %s ago", l.Oldest, time.Since(fed))
	}

	var first atomic.Uint64
	var open atomic.Bool
	sub, err := b.Consume(t.Context(), actions(), func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		first.CompareAndSwap(0, d.Sequence)
		if d.Sequence == first.Load() && !open.Load() {
			return dispatch.Again(fault.New(fault.TargetUnavailable, "down"))
		}
		return dispatch.Done("seen")
	})
	must(t, err)
	testkit.Eventually(t, patience, "one that comes again and again", func() bool {
		l := lagOf(t, b)
		return l.Pending == 0 && l.AckPending == 1 && l.Redelivered == 1 && l.Oldest >= time.Since(fed)-time.Second
	})
	open.Store(true)
	testkit.Eventually(t, patience, "no lag", func() bool {
		return lagOf(t, b) == bus.Lag{Consumer: bus.DurableActions, Most: 500}
	})
	must(t, sub.Drain(t.Context()))
}

func TestO4_LagOfABusThatIsAwaySaysSo(t *testing.T) {
	n, b := testkit.StartBus(t)
	n.Shutdown()
	if _, err := b.Lag(t.Context(), actionsDurable()); reason(err) != fault.BusUnavailable {
		t.Errorf("%v", err)
	}
	n.Start()
	testkit.Eventually(t, patience, "lag again", func() bool {
		_, err := b.Lag(t.Context(), actionsDurable())
		return err == nil
	})
}

// denied counts refusals.
type denied struct {
	metrics.BusObserver

	n atomic.Int32
}

func (d *denied) Denied() { d.n.Add(1) }

// A worker may be newer than the permissions that it has: it names what is missing, once, and then works without the
// age. It would else never be ready again.
func TestO4_AnAgeThatMayNotBeReadIsNotAskedForAgain(t *testing.T) {
	entries := allowed(t, "worker")
	without := slices.Index(entries, `"$JS.API.STREAM.MSG.GET.HF_ACTIONS"`)
	n := startWithRoles(t, entries[without:without+1])
	testkit.SetUpBus(t, testkit.ConnectBus(t, n.ClientURL(), as("admin", "_INBOX_admin")))
	root := testkit.ConnectBus(t, n.ClientURL(), as("root", "_INBOX"))
	_, err := root.PublishEvent(t.Context(), events.SubjectOf("acme", events.ActionRequested), "one", []byte("{}"))
	must(t, err)
	obs := &denied{BusObserver: metrics.New().ForBus()}
	b, err := bus.Connect(t.Context(), testkit.BusConfig(n.ClientURL(), as("worker-0", "_INBOX_holdfast")), testkit.Logger(t), obs)
	must(t, err)
	t.Cleanup(b.Close)
	l, err := b.Lag(t.Context(), actionsDurable())
	if f := fault.From(err); f == nil || f.Hint == "" || l.Pending != 1 {
		t.Fatalf("%+v, %v", l, err)
	}
	for range 3 {
		if l, err = b.Lag(t.Context(), actionsDurable()); err != nil || l.Pending != 1 || l.Oldest != 0 {
			t.Errorf("%+v, %v", l, err)
		}
	}
	if obs.n.Load() != 1 {
		t.Errorf("refused %d times", obs.n.Load())
	}
}

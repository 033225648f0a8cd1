package bus_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

func actions(with ...func(*bus.ConsumerSpec)) bus.ConsumerSpec {
	s := bus.ConsumerSpec{Stream: events.StreamActions, Durable: bus.DurableActions, Concurrency: 8, Prefetch: 16,
		Backoff: bus.Backoff{Base: 20 * time.Millisecond, Cap: 40 * time.Millisecond}}
	for _, w := range with {
		w(&s)
	}
	return s
}

func allAnswered(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	testkit.Eventually(t, patience, "everything to be answered", func() bool {
		return unanswered(t, js, events.StreamActions, bus.DurableActions) == 0
	})
}

func TestO5_EveryMessageIsHandledOnceWhenNothingFails(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	s := newSeen()
	_, err := b.Consume(t.Context(), actions(), s.done)
	must(t, err)
	const all = 5000
	feedActions(t, js, 0, all)
	testkit.Eventually(t, patience, "all", func() bool { return s.distinct() == all })
	allAnswered(t, js)
	for seq, times := range s.times {
		if times != 1 {
			t.Errorf("%d came %d times", seq, times)
		}
	}
	must(t, b.Ready(t.Context()))
}

// No more than Prefetch is pulled, no more than Concurrency is handled, and what is held for longer than
// AckWait does not come again.
func TestBackpressureAndInProgress(t *testing.T) {
	const ackWait = 1 * time.Second
	n, b := testkit.StartBus(t, func(c *bus.SetupConfig) { c.AckWait = ackWait })
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, 100)
	var running, most atomic.Int32
	open := make(chan struct{})
	s := newSeen()
	sub, err := b.Consume(t.Context(), actions(), func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		s.note(d)
		now := running.Add(1)
		for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
		}
		<-open
		running.Add(-1)
		return dispatch.Done("seen")
	})
	must(t, err)
	testkit.Eventually(t, patience, "slots to be full", func() bool { return sub.Held() == 16 })
	<-time.After(3 * ackWait)
	c, err := js.Consumer(t.Context(), events.StreamActions, bus.DurableActions)
	must(t, err)
	if i := c.CachedInfo(); i.NumAckPending != 16 || i.NumRedelivered != 0 || i.Delivered.Consumer != 16 {
		t.Fatalf("given out %d, again %d, in all %d", i.NumAckPending, i.NumRedelivered, i.Delivered.Consumer)
	}
	if most.Load() != 8 {
		t.Fatalf("%d at a time", most.Load())
	}
	close(open)
	testkit.Eventually(t, patience, "all", func() bool { return s.distinct() == 100 })
	allAnswered(t, js)
}

// Long handlers take most slots: the rest still flows.
func TestSlowMessagesDoNotStopTheOthers(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	open := make(chan struct{})
	defer close(open)
	s := newSeen()
	_, err := b.Consume(t.Context(), actions(func(s *bus.ConsumerSpec) { s.Prefetch = 8 }), func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		s.note(d)
		if d.Sequence <= 7 {
			<-open
		}
		return dispatch.Done("seen")
	})
	must(t, err)
	feedActions(t, js, 0, 200)
	testkit.Eventually(t, patience, "the others", func() bool { return s.distinct() == 200 })
}

func TestSameKeyOneAfterAnother(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, 300)
	s := newSeen()
	var mu sync.Mutex
	running, last := map[string]bool{}, map[string]uint64{}
	key := func(d dispatch.Delivery) string { return id(int(d.Sequence % 3)) }
	_, err := b.Consume(t.Context(), actions(func(s *bus.ConsumerSpec) { s.KeyOf = key }), func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		k := key(d)
		mu.Lock()
		if running[k] {
			t.Errorf("key %s twice at a time", k)
		}
		running[k] = true
		last[k] = max(last[k], d.Sequence)
		mu.Unlock()
		s.note(d)
		mu.Lock()
		running[k] = false
		mu.Unlock()
		return dispatch.Done("seen")
	})
	must(t, err)
	testkit.Eventually(t, patience, "all", func() bool { return s.distinct() == 300 })
}

func TestRetryComesAgainAfterItsDelay(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	var mu sync.Mutex
	var came []time.Time
	_, err := b.Consume(t.Context(), actions(), func(context.Context, dispatch.Delivery) dispatch.Result {
		mu.Lock()
		defer mu.Unlock()
		came = append(came, time.Now())
		switch len(came) {
		case 1:
			return dispatch.Again(fault.New(fault.VaultSealed, "").WithRetryAfter(700 * time.Millisecond))
		case 2:
			panic("s3cr3t")
		default:
			return dispatch.Done("seen")
		}
	})
	must(t, err)
	feedActions(t, js, 0, 1)
	testkit.Eventually(t, patience, "three deliveries", func() bool { // what a consumer says is pending lags the publish
		mu.Lock()
		defer mu.Unlock()
		return len(came) == 3
	})
	allAnswered(t, js)
	if len(came) != 3 || came[1].Sub(came[0]) < 700*time.Millisecond {
		t.Fatalf("%v", came)
	}
}

func TestPauseStopsFetching(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	s := newSeen()
	sub, err := b.Consume(t.Context(), actions(), s.done)
	must(t, err)
	sub.Pause()
	sub.Pause()
	feedActions(t, js, 0, 1000)
	if s.distinct() > 32 { // what two open pulls may bring
		t.Fatalf("%d came while paused", s.distinct())
	}
	sub.Resume()
	testkit.Eventually(t, patience, "all", func() bool { return s.distinct() == 1000 })
}

func TestO5_DrainHandsBack(t *testing.T) {
	n, b := testkit.StartBus(t) // AckWait 30 s: what is not handed back is not seen in time
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, 400)
	var started atomic.Int32
	stuck := make(chan struct{})
	defer close(stuck)
	first := newSeen()
	sub, err := b.Consume(t.Context(), actions(), func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		if started.Add(1); d.Sequence%2 == 0 {
			<-stuck
		}
		return first.done(t.Context(), d)
	})
	must(t, err)
	testkit.Eventually(t, patience, "eight to be stuck", func() bool { return sub.Held() == 16 })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	must(t, sub.Drain(ctx))
	must(t, sub.Drain(ctx))
	if sub.Held() != 0 {
		t.Fatal("holds on")
	}
	second := newSeen()
	other := testkit.ConnectBus(t, n.ClientURL())
	_, err = other.Consume(t.Context(), actions(), second.done)
	must(t, err)
	began := time.Now()
	testkit.Eventually(t, patience, "the rest", func() bool { return first.distinct()+second.distinct() == 400 })
	allAnswered(t, js)
	if took := time.Since(began); took > 10*time.Second {
		t.Fatalf("took %s: not handed back", took)
	}
}

// An effect that happened is written down although its worker was told to stop, and is not done again.
func TestO5_AHandlerThatIsToldToStopMayStillFinish(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	feedActions(t, js, 0, 1)
	began, told := make(chan struct{}), make(chan struct{})
	s := newSeen()
	sub, err := b.Consume(t.Context(), actions(), func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
		close(began)
		<-ctx.Done() // the drain's time is over
		close(told)
		return s.done(context.WithoutCancel(ctx), d)
	})
	must(t, err)
	<-began
	over, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, sub.Drain(over))
	<-told
	c, err := js.Consumer(t.Context(), events.StreamActions, bus.DurableActions)
	must(t, err)
	testkit.Eventually(t, patience, "the answer to count", func() bool {
		info, err := c.Info(t.Context())
		return err == nil && info.AckFloor.Stream == 1 && info.NumRedelivered == 0
	})
}

func TestO5_ConsumingGoesOnAfterAServerRestart(t *testing.T) {
	n, b := testkit.StartBus(t, func(c *bus.SetupConfig) { c.AckWait = 2 * time.Second })
	_, js := raw(t, n.ClientURL())
	s := newSeen()
	_, err := b.Consume(t.Context(), actions(), s.done)
	must(t, err)
	feedActions(t, js, 0, 3000)
	n.Shutdown()
	n.Start()
	testkit.Eventually(t, patience, "the second half", func() bool {
		_, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", events.ActionRequested), "x", []byte("{}"))
		return err == nil
	})
	testkit.Eventually(t, patience, "all", func() bool { return s.distinct() == 3001 })
	allAnswered(t, js)
	testkit.Eventually(t, patience, "ready", func() bool { return b.Ready(t.Context()) == nil })
}

// A consumer that is deleted and made again is pulled from again.
func TestConsumerResetIsSurvived(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	s := newSeen()
	_, err := b.Consume(t.Context(), actions(), s.done)
	must(t, err)
	must(t, js.DeleteConsumer(t.Context(), events.StreamActions, bus.DurableActions))
	testkit.Eventually(t, patience, "readiness to tell", func() bool { return b.Ready(t.Context()) != nil })
	testkit.SetUpBus(t, b)
	feedActions(t, js, 0, 10)
	testkit.Eventually(t, patience, "all", func() bool { return s.distinct() == 10 })
	must(t, b.Ready(t.Context()))
}

func letters(t *testing.T, js jetstream.JetStream) []events.DeadLetterData {
	t.Helper()
	s, err := js.Stream(t.Context(), events.StreamDeadLetters)
	must(t, err)
	var all []events.DeadLetterData
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		must(t, err)
		e, err := events.Decode(m.Data)
		must(t, err)
		l, err := events.Payload[events.DeadLetterData](e)
		must(t, err)
		if !strings.HasPrefix(m.Subject, "hf."+l.Tenant+".deadletter.") {
			t.Errorf("subject %s", m.Subject)
		}
		all = append(all, l)
	}
	return all
}

func TestO1_DeadLetters(t *testing.T) {
	const canary = "hvs.CAESIJlU02LQZq3nlfH0bVT6vRSEmhPzCANARYcanaryCANARY0123456789"
	tests := []struct {
		name    string
		body    string
		fault   *fault.Fault
		check   func(events.DeadLetterData) bool
		deleted bool
	}{
		{"kept", `{"a":1}`, fault.New(fault.SchemaViolation, "wants a string").WithField("/data/a"),
			func(l events.DeadLetterData) bool {
				return string(l.Original) == `{"a":1}` && l.Field == "/data/a" && l.Detail == "wants a string" && l.Deliveries == 1
			}, false},
		{"cut", strings.Repeat("x", 8<<20), fault.New(fault.TooLarge, "too large"),
			func(l events.DeadLetterData) bool {
				return len(l.Original) == 64<<10 && l.Truncated && l.OriginalBytes == 8<<20
			}, false},
		{"a secret", `{"password":"hunter2"}`, fault.New(fault.SecretInEvent, "a secret").WithField("/password"),
			func(l events.DeadLetterData) bool { return l.Original == nil && l.Withheld }, true},
		{"a secret in what is not JSON", `{"x": "` + canary, fault.New(fault.NotJSON, "no JSON"),
			func(l events.DeadLetterData) bool { return l.Original == nil && l.Withheld }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, b := testkit.StartBus(t)
			_, js := raw(t, n.ClientURL())
			seq, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", events.ActionRequested), "1", []byte(tt.body))
			must(t, err)
			_, err = b.Consume(t.Context(), actions(), func(context.Context, dispatch.Delivery) dispatch.Result {
				return dispatch.Refuse(tt.fault)
			})
			must(t, err)
			testkit.Eventually(t, patience, "the dead letter", func() bool { return len(letters(t, js)) > 0 })
			allAnswered(t, js)
			all := letters(t, js)
			if len(all) != 1 || !tt.check(all[0]) || all[0].Reason != string(tt.fault.Reason) ||
				all[0].Origin != (events.Origin{Stream: events.StreamActions, Sequence: seq}) {
				t.Fatalf("%d letters", len(all))
			}
			s, err := js.Stream(t.Context(), events.StreamActions)
			must(t, err)
			testkit.Eventually(t, patience, "the message to be there, or gone", func() bool {
				_, err := s.GetMsg(t.Context(), seq)
				return (err != nil) == tt.deleted
			})
		})
	}
}

// A counter that was raised three times and never cleared: the handler is not called again.
func TestPoisonIsDeadLetteredBeforeItIsHandled(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	kv, err := js.KeyValue(t.Context(), events.BucketSuspects)
	must(t, err)
	feedActions(t, js, 0, 1)
	key := "acme.HF_ACTIONS-1"
	var calls atomic.Int32
	_, err = b.Consume(t.Context(), actions(), func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		calls.Add(1)
		if d.Deliveries == 12 { // as three workers that died would leave it
			go func() {
				for range 3 {
					_, err := kv.PutString(context.Background(), key, "3")
					if err != nil {
						t.Error(err)
					}
				}
			}()
		}
		return dispatch.Again(fault.New(fault.VaultSealed, "sealed"))
	})
	must(t, err)
	testkit.Eventually(t, patience, "a dead letter", func() bool { return len(letters(t, js)) == 1 })
	if l := letters(t, js)[0]; l.Reason != string(fault.Poison) || l.Deliveries < 13 {
		t.Fatalf("%+v", l)
	}
}

// Vault is sealed for many redeliveries: our own delays never make a message look like poison.
func TestO4_ManyRedeliveriesAreNoPoison(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	s := newSeen()
	feedActions(t, js, 0, 5)
	_, err := b.Consume(t.Context(), actions(), func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		if d.Deliveries < 20 {
			return dispatch.Again(fault.New(fault.VaultSealed, "sealed"))
		}
		return s.done(t.Context(), d)
	})
	must(t, err)
	testkit.Eventually(t, patience, "all", func() bool { return s.distinct() == 5 })
	allAnswered(t, js)
	if got := letters(t, js); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
}

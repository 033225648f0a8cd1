package bus_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

func TestO5_AppendDecidesOnce(t *testing.T) {
	_, b := testkit.StartBus(t)
	j := b.Journal()
	subject := events.LedgerSubject("acme", "r")
	last, err := j.Last(t.Context(), subject)
	must(t, err)
	if last.Sequence != 0 {
		t.Fatalf("an empty ledger has %d", last.Sequence)
	}
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		e := event(t, events.ActionCompleted, events.Outcome{Request: "r"})
		wg.Go(func() {
			_, err := j.Append(t.Context(), subject, 0, e)
			if err == nil {
				won.Add(1)
			} else if reason(err) == fault.Conflict {
				lost.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 15 {
		t.Fatalf("won %d, lost %d", won.Load(), lost.Load())
	}
	last, err = j.Last(t.Context(), subject)
	must(t, err)
	if last.Type != events.ActionCompleted || last.Stored.IsZero() {
		t.Fatalf("%+v", last)
	}
}

// A publish whose answer was lost is repeated: also after others have followed it.
func TestO5_RepeatedAppendIsRecognised(t *testing.T) {
	_, b := testkit.StartBus(t)
	j := b.Journal()
	subject := events.Chain{Tenant: "acme", Connection: "c", Run: "r", Request: "q"}.Subject()
	e := event(t, events.SuspensionSuspended, events.Suspension{})
	n, err := j.Append(t.Context(), subject, 0, e)
	must(t, err)
	again, err := j.Append(t.Context(), subject, 0, e)
	must(t, err)
	if again != n {
		t.Fatalf("repeated: %d, not %d", again, n)
	}
	_, err = j.Append(t.Context(), subject, n, event(t, events.SuspensionResumed, events.Suspension{}))
	must(t, err)
	again, err = j.Append(t.Context(), subject, 0, e)
	must(t, err)
	if again != n {
		t.Fatalf("repeated after others: %d, not %d", again, n)
	}
	_, err = j.Append(t.Context(), subject, n, event(t, events.SuspensionTerminated, events.Suspension{}))
	if reason(err) != fault.Conflict {
		t.Fatalf("a second end: %v", err)
	}
}

func TestAppendSaysThatTheBusIsAway(t *testing.T) {
	n, b := testkit.StartBus(t)
	n.Shutdown()
	_, err := b.Journal().Append(t.Context(), events.LedgerSubject("acme", "r"), 0, event(t, events.ActionCompleted, nil))
	if reason(err) != fault.BusUnavailable {
		t.Fatal(err)
	}
	if reason(b.Ready(t.Context())) != fault.BusUnavailable {
		t.Fatal("ready without a server")
	}
	n.Start()
	testkit.Eventually(t, patience, "append after the restart", func() bool {
		_, err := b.Journal().Append(t.Context(), events.LedgerSubject("acme", "r"), 0, event(t, events.ActionCompleted, nil))
		return err == nil
	})
}

func TestEachGivesTheLastOfEveryChain(t *testing.T) {
	_, b := testkit.StartBus(t)
	j := b.Journal()
	const chains = 1200 // more than one batch
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < chains; i += 8 {
				c := events.Chain{Tenant: "acme", Connection: fmt.Sprintf("c%d", i%2), Run: id(i), Request: id(i)}
				n, err := j.Append(t.Context(), c.Subject(), 0, event(t, events.SuspensionSuspended, events.Suspension{Request: id(i)}))
				if err == nil && i%3 == 0 {
					_, err = j.Append(t.Context(), c.Subject(), n, event(t, events.SuspensionResumed, events.Suspension{Request: id(i)}))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	tests := []struct {
		name, filter string
		want         int
	}{
		{"all", events.ChainsFilter("", "", ""), chains},
		{"one connection", events.ChainsFilter("acme", "c1", ""), chains / 2},
		{"one run", events.ChainsFilter("acme", "", id(7)), 1},
		{"another tenant", events.ChainsFilter("other", "", ""), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			began, got, resumed := time.Now(), 0, 0
			for r, err := range j.Each(t.Context(), tt.filter) {
				must(t, err)
				if got++; r.Type == events.SuspensionResumed {
					resumed++
				}
				if r.Chain.Request == "" || r.Sequence == 0 {
					t.Fatalf("%+v", r)
				}
			}
			if got != tt.want || (tt.want == chains && resumed != chains/3) {
				t.Fatalf("%d chains, %d resumed", got, resumed)
			}
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("sat idle: %s", took)
			}
		})
	}
	for _, err := range j.Each(t.Context(), events.ChainsFilter("", "", "")) {
		must(t, err)
		break // leaving early leaves nothing behind: goleak looks
	}
}

func TestLongestIDsFit(t *testing.T) {
	_, b := testkit.StartBus(t)
	long := strings.Repeat("x", events.MaxIDBytes)
	c := events.Chain{Tenant: long, Connection: long, Run: long, Request: long}
	n, err := b.Journal().Append(t.Context(), c.Subject(), 0, event(t, events.SuspensionSuspended, events.Suspension{}))
	must(t, err)
	must(t, b.Timers().Set(t.Context(), c, n, time.Hour))
	has, err := b.Timers().Has(t.Context(), c, n)
	if err != nil || !has {
		t.Fatal(has, err)
	}
	got := 0
	for _, err := range b.Journal().Each(t.Context(), events.ChainsFilter(long, long, long)) {
		must(t, err)
		got++
	}
	if got != 1 {
		t.Fatalf("%d chains", got)
	}
}

func TestPublishEventOnceForEachID(t *testing.T) {
	_, b := testkit.StartBus(t)
	subject := events.SubjectOf("acme", events.ConnectionDeleted)
	first, err := b.PublishEvent(t.Context(), subject, "id", []byte("{}"))
	must(t, err)
	again, err := b.PublishEvent(t.Context(), subject, "id", []byte("{}"))
	if err != nil || again != first {
		t.Fatal(again, err)
	}
	_, err = b.PublishEvent(t.Context(), subject, "big", make([]byte, b.MaxPayload()+1))
	if reason(err) != fault.TooLarge {
		t.Fatal(err)
	}
	_, err = b.PublishEvent(t.Context(), "nobody.listens", "id", nil)
	if reason(err) != fault.BusUnavailable {
		t.Fatal(err)
	}
}

// An event of a chain counts as answered once nobody has it in hand, and it does not come again: not before.
func TestO5_AChainsEventIsAnsweredOnlyWhenNobodyHasIt(t *testing.T) {
	_, b := testkit.StartBus(t)
	j := b.Journal()
	sequence, err := j.Append(t.Context(), events.Chain{Tenant: "acme", Connection: "c", Run: "r", Request: "q"}.Subject(), 0,
		event(t, events.SuspensionResumed, events.Suspension{Request: "q"}))
	must(t, err)
	wants := func(want bool) {
		t.Helper()
		if got, err := j.Answered(t.Context(), sequence); err != nil || got != want {
			t.Fatalf("answered: %v, %v", got, err)
		}
	}
	wants(false)
	inHand, goOn := make(chan struct{}, 1), make(chan struct{})
	_, err = b.Consume(t.Context(), bus.ConsumerSpec{Stream: events.StreamSuspensions, Durable: bus.DurableChains},
		func(context.Context, dispatch.Delivery) dispatch.Result {
			inHand <- struct{}{}
			<-goOn
			return dispatch.Refuse(fault.New(fault.Poison, "took workers down"))
		})
	must(t, err)
	<-inHand
	wants(false)
	close(goOn)
	testkit.Eventually(t, patience, "the answer to count", func() bool {
		got, err := j.Answered(t.Context(), sequence)
		return err == nil && got
	})
}

package bus_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

func TestC10_ANameIsClaimedByOneOfMany(t *testing.T) {
	_, b := testkit.StartBus(t)
	names := b.Names()
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			_, err := names.Claim(t.Context(), "acme", "key", connection.Claim{Connection: strconv.Itoa(i), Sequence: 1}, 0)
			switch {
			case err == nil:
				won.Add(1)
			case reason(err) != fault.Conflict:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := won.Load(); n != 1 {
		t.Fatalf("%d have the name", n)
	}
	_, rev, err := names.Claimed(t.Context(), "acme", "key")
	must(t, err)
	if other, _, err := names.Claimed(t.Context(), "other", "key"); err != nil || other.Connection != "" {
		t.Errorf("another tenant sees %+v, %v", other, err)
	}
	if err = names.Release(t.Context(), "acme", "key", rev+1); reason(err) != fault.Conflict {
		t.Errorf("released what was not seen: %v", err)
	}
	must(t, names.Release(t.Context(), "acme", "key", rev))
	if c, rev, err := names.Claimed(t.Context(), "acme", "key"); err != nil || c.Connection != "" || rev != 0 {
		t.Errorf("%+v, %d, %v after the release", c, rev, err)
	}
	_, err = names.Claim(t.Context(), "acme", "key", connection.Claim{Connection: "next"}, 0)
	must(t, err)
}

func TestC10_AnEntryThatIsDroppedIsGone(t *testing.T) {
	_, b := testkit.StartBus(t)
	r := b.Registry()
	rev, err := r.Put(t.Context(), connection.Missed("acme", "c"), 0)
	must(t, err)
	if err = r.Drop(t.Context(), "acme", "c", rev+1); reason(err) != fault.Conflict {
		t.Errorf("dropped what was not seen: %v", err)
	}
	must(t, r.Drop(t.Context(), "acme", "c", rev))
	if e, _, err := r.Fresh(t.Context(), "acme", "c"); err != nil || e != nil {
		t.Errorf("%+v, %v", e, err)
	}
	testkit.Eventually(t, patience, "the cache to forget it", func() bool {
		for range r.All() {
			return false
		}
		return true
	})
	_, err = r.Put(t.Context(), connection.Missed("acme", "c"), 0)
	must(t, err)
}

func TestC10_SettledTellsWhetherAnEarlierEventIsOpen(t *testing.T) {
	_, b := testkit.StartBus(t)
	r := b.Registry()
	for _, id := range []string{"one", "two"} {
		_, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", events.ConnectionCreated), id, []byte("{}"))
		must(t, err)
	}
	if first, err := r.Settled(t.Context(), "acme", 1); err != nil || !first {
		t.Errorf("%t before the first, %v", first, err)
	}
	if second, err := r.Settled(t.Context(), "acme", 2); err != nil || second {
		t.Errorf("%t while the first is open, %v", second, err)
	}
	if others, err := r.Settled(t.Context(), "globex", 3); err != nil || !others {
		t.Errorf("%t for another tenant, %v", others, err)
	}
	sub := consumeConnections(t, b)
	testkit.Eventually(t, patience, "both to be answered", func() bool {
		settled, err := r.Settled(t.Context(), "acme", 3)
		return err == nil && settled
	})
	must(t, sub.Drain(t.Context()))
}

// Publishers say what they based a change on, right after the change before it was stored.
func TestC10_InOrderMeansInTheOrderOfTheStream(t *testing.T) {
	_, b := testkit.StartBus(t)
	const all = 2000
	for i := range all {
		_, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", events.ConnectionCreated), strconv.Itoa(i), []byte("{}"))
		must(t, err)
	}
	var last, count, turned atomic.Uint64
	sub := consumeConnections(t, b, func(d dispatch.Delivery) {
		if last.Swap(d.Sequence) > d.Sequence {
			turned.Add(1)
		}
		count.Add(1)
	})
	testkit.Eventually(t, patience, "all", func() bool { return count.Load() == all })
	if n := turned.Load(); n > 0 {
		t.Errorf("%d came before what was stored earlier", n)
	}
	must(t, sub.Drain(t.Context()))
}

func consumeConnections(t *testing.T, b *bus.Bus, see ...func(dispatch.Delivery)) *bus.Subscription {
	t.Helper()
	sub, err := b.Consume(t.Context(), bus.ConsumerSpec{
		Stream: events.StreamConnections, Durable: bus.DurableConnections, InOrder: true,
		KeyOf: func(d dispatch.Delivery) string { return events.TenantOf(d.Subject) },
	}, func(_ context.Context, d dispatch.Delivery) dispatch.Result {
		for _, f := range see {
			f(d)
		}
		return dispatch.Done("seen")
	})
	must(t, err)
	return sub
}

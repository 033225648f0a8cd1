package bus_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// The leaders of a stream and of its consumer are killed in the middle: appends still decide once, and
// every request is handled.
func TestO5_LeadersAreKilled(t *testing.T) {
	c := testkit.StartCluster(t, 3)
	b := testkit.ConnectBus(t, strings.Join(c.URLs(), ","))
	testkit.SetUpBus(t, b, func(s *bus.SetupConfig) { s.Replicas = 3; s.AckWait = 5 * time.Second })
	s := newSeen()
	_, err := b.Consume(t.Context(), actions(), s.done)
	must(t, err)

	const ledgers = 200
	var won, lost, away atomic.Int32
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range ledgers {
				e := event(t, events.ActionCompleted, events.Outcome{Request: id(i)})
				for {
					_, err := b.Journal().Append(t.Context(), events.LedgerSubject("acme", id(i)), 0, e)
					if reason(err) == fault.BusUnavailable && t.Context().Err() == nil {
						away.Add(1)
						continue
					}
					if err == nil {
						won.Add(1)
					} else {
						lost.Add(1)
					}
					break
				}
				if w == 0 && i == ledgers/4 {
					kill(t, c, c.StreamLeader(events.StreamOutcomes))
				}
			}
		})
	}
	wg.Wait()
	if won.Load() != ledgers || lost.Load() != 3*ledgers {
		t.Fatalf("won %d, lost %d, away %d", won.Load(), lost.Load(), away.Load())
	}

	feedActions(t, c.JetStream(), 0, 1000)
	kill(t, c, c.ConsumerLeader(events.StreamActions, bus.DurableActions))
	feedActions(t, c.JetStream(), 1000, 1000)
	var stored int // what was on its way to a killed leader may be lost, all of it: nobody confirmed it
	testkit.Eventually(t, 4*patience, "a request to be confirmed, and the stream to be there", func() bool {
		if _, err := c.JetStream().Publish(t.Context(), events.SubjectOf("acme", events.ActionRequested), []byte("{}")); err != nil {
			return false
		}
		info, err := c.JetStream().Stream(t.Context(), events.StreamActions)
		if err == nil {
			stored = int(info.CachedInfo().State.Msgs)
		}
		return err == nil && stored > 1000
	})
	testkit.Eventually(t, 4*patience, "all requests", func() bool { return s.distinct() >= stored })
	t.Logf("won %d, lost %d, retried %d", won.Load(), lost.Load(), away.Load())
}

// kill kills a node and starts it again a moment later, when others lead.
func kill(t *testing.T, c *testkit.Cluster, i int) {
	if i < 0 {
		t.Error("there is no leader to kill")
		return
	}
	c.Kill(i)
	c.Restart(i)
}

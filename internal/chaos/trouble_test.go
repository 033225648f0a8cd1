//go:build gameday

package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
	"holdfast/internal/testkit"
)

// trouble is one fault: what brings it about and ends it, and by what one can tell that somebody felt it.
type trouble struct {
	kind   string
	hold   time.Duration
	inject func()
	heal   func()
	// feels are reasons for which workers put deliveries off then, see sense. more counts what else is felt.
	feels []string
	more  func() int64
}

const reconnects = "reconnects"

func (g *game) troubles(r *rand.Rand) []trouble {
	all := append(g.vaultTroubles(), g.providerTroubles()...)
	all = append(all, g.targetHangs(), g.workerIsKilled(g.workers[r.IntN(len(g.workers))]))
	for i := range g.hosts.All {
		all = append(all, g.serverIsKilled(i))
	}
	return append(all, g.partitions(r.Perm(len(g.hosts.All)))...)
}

func (g *game) vaultTroubles() []trouble {
	const quota = "sys/quotas/rate-limit/gameday"
	var slow *atomic.Int64
	return []trouble{
		{kind: "vault sealed", hold: 4 * time.Second, feels: []string{string(fault.VaultSealed)},
			inject: func() { g.vault.Seal(g) }, heal: func() { g.vault.Unseal(g) }},
		{kind: "vault restarted", hold: 3 * time.Second, feels: []string{string(fault.VaultUnavailable)},
			inject: g.vault.Kill, heal: func() { g.vault.Restart(g) }},
		{kind: "vault throttled", hold: 4 * time.Second, feels: []string{string(fault.VaultThrottled)},
			inject: func() { g.vault.Set(g, quota, map[string]any{"path": "secret/", "rate": 1, "interval": "1s"}) },
			heal:   func() { g.vault.Do(g, http.MethodDelete, quota, nil, nil) }},
		{kind: "vault slow", hold: 4 * time.Second,
			inject: func() { slow = g.front.Delay(1500 * time.Millisecond) }, heal: g.front.Pass,
			more: func() int64 {
				if slow == nil {
					return 0
				}
				return slow.Load()
			}},
	}
}

func (g *game) providerTroubles() []trouble {
	answers := func(kind string, hold time.Duration, felt fault.Reason, f testkit.IDPFault) trouble {
		return trouble{kind: "provider: " + kind, hold: hold, feels: []string{string(felt)},
			inject: func() { g.idp.Faults(g, map[string]testkit.IDPFault{"token": f}) }, heal: func() { g.idp.NoFaults(g) }}
	}
	unclear := testkit.IDPFault{Mode: "status", Status: 404, Body: "<html>not here</html>"}
	lasting := unclear
	lasting.ClientID = unusable
	return []trouble{
		answers("500", aTokenEnds, fault.ProviderUnavailable, testkit.IDPFault{Mode: "status", Status: 500}),
		answers("429", aTokenEnds, fault.ProviderThrottled, testkit.IDPFault{Mode: "status", Status: 429, Headers: map[string]string{"Retry-After": "1"}}),
		answers("a page for a token", aTokenEnds, fault.ProviderUnavailable, testkit.IDPFault{Mode: "html200"}),
		answers("nonsense", patience/2, fault.ProviderUnclear, unclear),
		answers(lastingNonsense, patience*3/2, fault.ProviderUnclear, lasting),
	}
}

// aTokenEnds is longer than access tokens live (gameTokenLife): until then nobody may ask the provider for one.
const aTokenEnds = 6 * time.Second

// lastingNonsense lasts longer than the request's patience, for one connection.
const lastingNonsense = "nonsense for longer than patience"

func (g *game) targetHangs() trouble {
	return trouble{kind: "target hangs", hold: 5 * time.Second, feels: []string{string(fault.TargetUnavailable)},
		inject: func() { g.target.SetFault(&devtarget.Fault{DelayMS: 60_000}) }, heal: func() { g.target.SetFault(nil) }}
}

func (g *game) workerIsKilled(w *worker) trouble {
	var felt atomic.Int64
	return trouble{kind: "worker killed", hold: 2 * time.Second, more: felt.Load,
		inject: func() { w.kill(); felt.Add(1) }, heal: w.start}
}

// serverIsKilled is felt as what the server led is led by others then, or as its replicas that fall silent, if by nothing
// else: workers may all be connected elsewhere.
func (g *game) serverIsKilled(i int) trouble {
	var felt atomic.Int64
	return trouble{kind: fmt.Sprintf("bus node %d killed", i), hold: silence + 2*time.Second,
		feels:  []string{reconnects, string(fault.BusUnavailable)},
		more:   func() int64 { return felt.Load() + g.unpublished.Load() },
		inject: func() { felt.Add(g.leads(i)); g.cluster.Kill(i) }, heal: func() { felt.Add(g.silent()); g.cluster.Restart(i) }}
}

// leads is how much of what matters a server leads.
func (g *game) leads(i int) (n int64) {
	for _, l := range leaders {
		if is := g.leaderOf(l); is == i {
			n++
		}
	}
	return n
}

func (g *game) partitions(order []int) []trouble {
	cut, one, other := g.hosts.All[order[0]], g.hosts.All[order[1]], g.hosts.All[order[2]]
	return []trouble{
		g.partition("one host cut off", func() { g.hosts.Cut(cut) }, func() { g.hosts.Join(cut) }),
		g.partition("two hosts parted", func() { g.hosts.Part(one, other) }, func() { g.hosts.Meet(one, other) }),
	}
}

// partition is felt as replicas that fall silent, if by nothing else: a worker that had nothing in hand may not notice.
func (g *game) partition(kind string, inject, heal func()) trouble {
	var felt atomic.Int64
	return trouble{kind: kind, hold: 8 * time.Second, feels: []string{reconnects, string(fault.BusUnavailable)},
		more: func() int64 { return felt.Load() + g.unpublished.Load() }, inject: inject,
		heal: func() { felt.Add(g.silent()); heal() }}
}

// silence is after how long a replica that its leader hears nothing of is counted; they talk every second.
const silence = 4 * time.Second

// silent is how many replicas their leaders have not heard of for a while.
func (g *game) silent() (n int64) {
	for _, l := range leaders {
		if l.Name != "" {
			continue
		}
		ctx, cancel := context.WithTimeout(g.Context(), 2*time.Second)
		s, err := g.js.Stream(ctx, l.Stream)
		cancel()
		if err != nil || s.CachedInfo().Cluster == nil {
			continue
		}
		for _, p := range s.CachedInfo().Cluster.Replicas {
			if p.Offline || p.Active >= silence {
				n++
			}
		}
	}
	return n
}

// sense reads what workers count: deliveries put off and closings of the gate by reason, and reconnects. A worker that
// does not answer has felt nothing that one could know of.
func (g *game) sense(ctx context.Context) []map[string]float64 {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	all := make([]map[string]float64, len(g.watchers))
	for i, w := range g.watchers {
		all[i] = map[string]float64{}
		series, err := w.Metrics(ctx)
		if err != nil {
			continue
		}
		for _, s := range series {
			switch {
			case s.Name == "holdfast_retries_total", s.Name == "holdfast_gate_closings_total":
				all[i][s.Labels["reason"]] += s.Value
			case s.Name == "holdfast_bus_events_total" && s.Labels["event"] == "reconnected":
				all[i][reconnects] += s.Value
			}
		}
	}
	return all
}

// since is how much more of some things was felt between two readings. A worker that was started anew counts from 0.
func since(before, after []map[string]float64, what []string) (n int64) {
	for i := range after {
		for _, name := range what {
			more := after[i][name] - before[i][name]
			if more < 0 {
				more = after[i][name]
			}
			n += int64(more)
		}
	}
	return n
}

// lived is what came of one trouble.
type lived struct {
	trouble

	from, to  time.Time // it was there
	felt      int64
	published int64         // requests, meanwhile
	recovered time.Duration // from its end until a new request of each connection that should work has ended
	back      bool
}

func (l lived) String() string {
	return fmt.Sprintf("%-50s held %5.1f s, %5d requests, felt %5d times, recovered in %5.2f s", l.kind, l.to.Sub(l.from).Seconds(),
		l.published, l.felt, l.recovered.Seconds())
}

// live brings a trouble about, ends it, and waits until things are as before.
func (g *game) live(ctx context.Context, r *rand.Rand, one trouble) lived {
	if one.more == nil {
		one.more = func() int64 { return 0 }
	}
	before, more, published := g.sense(ctx), one.more(), g.requests.Load()
	l := lived{trouble: one, from: time.Now()}
	one.inject()
	pause.For(ctx, one.hold)
	one.heal()
	l.to, l.published = time.Now(), g.requests.Load()-published
	l.back = g.recover(ctx, r)
	l.recovered = time.Since(l.to)
	l.felt = one.more() - more + since(before, g.sense(ctx), one.feels)
	return l
}

const longestRecovery = time.Minute

// recover publishes a request for each connection that should work, and waits for their ends.
func (g *game) recover(ctx context.Context, r *rand.Rand) bool {
	ctx, cancel := context.WithTimeout(ctx, longestRecovery)
	defer cancel()
	var open []events.Request
	for _, id := range steadies {
		q := g.request(r, id, "")
		q.Delivery = events.AtLeastOnce
		open = append(open, q)
	}
	for _, q := range open { // it is counted: it has to be published, however long that takes
		if g.publish(context.WithoutCancel(ctx), events.ActionRequested, q) != nil {
			return false
		}
	}
	for len(open) > 0 {
		if g.ended(ctx, open[0].ID) {
			open = open[1:]
			continue
		}
		if !pause.For(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}

// ended tells whether a request has its end.
func (g *game) ended(ctx context.Context, id string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	s, err := g.js.Stream(ctx, events.StreamOutcomes)
	if err != nil {
		return false
	}
	m, err := s.GetLastMsgForSubject(ctx, events.LedgerSubject(tenant, id))
	if err != nil {
		return false
	}
	e, err := events.Decode(m.Data)
	return err == nil && e.Type.Ends()
}

// kindsOf joins what is alike in a report.
func kindsOf(all []lived) string {
	seen, names := map[string]bool{}, []string{}
	for _, l := range all {
		if !seen[l.kind] {
			seen[l.kind] = true
			names = append(names, l.kind)
		}
	}
	return strings.Join(names, ", ")
}

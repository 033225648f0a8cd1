package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// enough redeliveries to be sure that it is not their number that ends a request.
const enough = 15

// settled waits until requests have completed, and checks that nothing was suspended or given up.
func (w *world) settled(ids []string, effects func() map[string]int) {
	w.Helper()
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
		if n := effects()[id]; n != 1 {
			w.Errorf("%d effects of %s, want 1", n, id)
		}
	}
	w.neverSuspended()
}

func (w *world) requests(connection string, n int) (ids []string) {
	w.Helper()
	for range n {
		ids = append(ids, w.request(connection))
	}
	return ids
}

// redelivered waits until each of the requests was delivered often enough.
func (w *world) redelivered(b *logbook, ids []string) {
	w.Helper()
	testkit.Eventually(w, 2*patient, "enough redeliveries", func() bool {
		for _, id := range ids {
			if b.deliveries(id) <= enough {
				return false
			}
		}
		return true
	})
	least := b.deliveries(ids[0])
	for _, id := range ids {
		least = min(least, b.deliveries(id))
	}
	w.Logf("%d requests, each delivered %d times at least", len(ids), least)
}

// The worker's gate would keep requests on the bus while Vault is sealed. Here it is kept open: Vault's
// health says all is well, as a load balancer's may.
func TestO4_VaultSealedThroughFifteenRedeliveriesOfTheSameRequests(t *testing.T) {
	w := newWorld(t)
	book := w.logged()
	w.connect("crm")
	w.proxy.Intercept(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/sys/health") },
		func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = rw.Write([]byte(`{"initialized":true,"sealed":false}`))
		})
	w.vault.Seal(t)
	ids := w.requests("crm", 20)
	w.redelivered(book, ids)
	for _, id := range ids {
		testkit.Eventually(t, 2*patient, id+" to find Vault sealed as often", func() bool {
			n := book.retries(id)
			return len(n) == 1 && n[fault.VaultSealed] >= enough
		})
	}
	w.vault.Unseal(t)
	w.settled(ids, w.target.Effects)
}

func TestO4_WhileVaultIsSealedRequestsWaitOnTheBus(t *testing.T) {
	w := newWorld(t)
	book := w.logged()
	w.connect("crm")
	w.vault.Seal(t)
	first := w.request("crm")
	book.retried(t, first, fault.VaultSealed)
	before := len(w.proxy.Calls())
	looks := func() (n int) {
		for _, c := range w.proxy.Calls()[before:] {
			if strings.HasSuffix(c.Path, "/sys/health") {
				n++
			}
		}
		return n
	}
	ids := append(w.requests("crm", 200), first)
	testkit.Eventually(t, patient, "Vault to be looked at again and again, once a second", func() bool { return looks() >= 4 })
	if n := len(w.proxy.Calls()) - before; n > 200 { // some are fetched already, and one call serves many
		t.Errorf("Vault was asked %d times while 200 requests waited", n)
	}
	w.vault.Unseal(t)
	w.settled(ids, w.target.Effects)
}

func TestO4_TheBusRestartsInTheMiddle(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.Worker.AckWait = 5 * time.Second })
	w.worker()
	w.connect("crm")
	w.target.SetFault(&devtarget.Fault{DelayMS: 50})
	ids := w.requests("crm", 200)
	w.ends(ids[0], events.ActionCompleted)
	for range 2 {
		w.nats.Shutdown()
		w.nats.Start()
		testkit.Eventually(t, patient, "the bus to answer again", func() bool {
			_, err := w.bus.Journal().Last(t.Context(), events.LedgerSubject(tenant, ids[0]))
			return err == nil
		})
	}
	w.target.SetFault(nil)
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
		if n := len(w.read(events.StreamOutcomes, events.LedgerSubject(tenant, id))); n != 1 {
			t.Errorf("%d events on the ledger of %s, want one end", n, id)
		}
	}
	w.neverSuspended()
}

func TestO4_AProviderInTroubleSuspendsNothing(t *testing.T) {
	slow := testkit.Slow(3 * time.Second)
	for name, f := range map[string]testkit.IDPFault{
		"503":  {Mode: "status", Status: 503},
		"429":  {Mode: "status", Status: 429},
		"slow": slow,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *config.Config) {
				c.HTTP.Timeout, c.Worker.BackoffMax = 300*time.Millisecond, 100*time.Millisecond
			})
			p := w.provider()
			book := w.logged()
			w.clientCredentials(p, "erp")
			p.Faults(t, map[string]testkit.IDPFault{"token": f})
			ids := w.requests("erp", 5)
			w.redelivered(book, ids)
			p.NoFaults(t)
			w.settled(ids, p.target.Effects)
		})
	}
}

func TestC12_UnclearAnswersSuspendWhenPatienceEndsAndNotBefore(t *testing.T) {
	const wait = 2 * time.Second
	w := newWorld(t, func(c *config.Config) { c.Worker.ProviderPatience = wait })
	p := w.provider()
	book := w.logged()
	w.clientCredentials(p, "erp")
	p.Faults(t, map[string]testkit.IDPFault{"token": {Mode: "status", Status: 404, Body: "<html>no such page</html>"}})
	asked := w.bus.Clock().Now()
	id := w.request("erp")
	s := w.suspended("erp", runOf(id), id)
	if s.Reason != string(fault.ProviderUnusable) || s.SuspendedAt.Sub(asked) < wait {
		t.Errorf("suspended for %q after %s, want %s after %s", s.Reason, s.SuspendedAt.Sub(asked), fault.ProviderUnusable, wait)
	}
	if n := book.retries(id)[fault.ProviderUnclear]; n < 3 {
		t.Errorf("tried %d times before", n)
	}
	p.NoFaults(t) // nobody writes to Vault: the provider was at fault
	w.ends(id, events.ActionCompleted)
	w.noDeadLetters()
}

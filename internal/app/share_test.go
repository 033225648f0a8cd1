package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

// otherTenant shares the workers with tenant.
const otherTenant = "globex"

// stuck is a target that takes requests and does not answer before the test ends.
func stuck(t *testing.T) (address string, waiting *atomic.Int32) {
	end := make(chan struct{})
	waiting = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		waiting.Add(1)
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(end) })
	return s.URL, waiting
}

func fewHands(c *config.Config) { c.Worker.Concurrency = 16 }

// Tests of one tenant's connections wait for a target that does not answer; another tenant's changes do not.
func TestO5_OneTenantsTestsHoldNobodyElseUp(t *testing.T) {
	w := newWorld(t, fewHands)
	w.worker()
	address, waiting := stuck(t)
	w.connect("slow", func(c *events.Connection) {
		c.Settings = []byte(fmt.Sprintf(`{"base_url":%q,"test_path":"/me"}`, address))
	})
	for range 60 {
		w.tell(events.ConnectionTestRequested, events.ConnectionRef{ID: "slow", Actor: events.ActorSystem})
	}
	testkit.Eventually(t, patient, "tests to wait for their target", func() bool { return waiting.Load() >= 8 })
	w.tellIn(otherTenant, events.ConnectionCreated, w.basic("crm"))
	testkit.Eventually(t, 5*time.Second, "the other tenant's connection", func() bool {
		e, _, err := w.registry.Fresh(t.Context(), otherTenant, "crm")
		return err == nil && e != nil
	})
}

// Vault hangs: the first change looks at it in vain, and those behind it do not wait as long again.
func TestC10_ChangesDoNotQueueUpBehindAVaultThatHangs(t *testing.T) {
	w := newWorld(t)
	w.worker()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	w.proxy.Intercept(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/metadata/") },
		func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-end:
			case <-r.Context().Done():
			}
		})
	var last uint64
	for i := range 12 {
		last = w.tell(events.ConnectionCreated, w.basic(fmt.Sprintf("crm-%d", i)))
	}
	began := time.Now()
	w.said(events.ConnectionApplied, last)
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("the last of twelve changes took %s", took)
	}
}

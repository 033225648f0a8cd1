package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

// trouble answers a request; over is closed when the test ends.
type trouble func(rw http.ResponseWriter, r *http.Request, over <-chan struct{})

// away makes a connection whose target is behind a proxy that answers as told.
func (w *world) away(id string, answer trouble) *testkit.Proxy {
	w.Helper()
	p := testkit.StartProxy(w, w.base)
	over := make(chan struct{})
	w.Cleanup(func() { close(over) })
	p.Intercept(nil, func(rw http.ResponseWriter, r *http.Request) { answer(rw, r, over) })
	w.password(id, "demo-password")
	w.connect(id, func(c *events.Connection) {
		c.Settings = json.RawMessage(fmt.Sprintf(`{"base_url":%q}`, p.Address+"/basic"))
	})
	return p
}

func unavailable(rw http.ResponseWriter, _ *http.Request, _ <-chan struct{}) {
	rw.WriteHeader(http.StatusServiceUnavailable)
}

func hangs(_ http.ResponseWriter, r *http.Request, over <-chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-over:
	}
}

// Trouble of one connection is that connection's: the gate stays open, and a target that keeps every request waiting
// until it is given up does not get all of a worker's places.
func TestO4_ATargetInTroubleHoldsUpNoOtherConnection(t *testing.T) {
	for name, answer := range map[string]trouble{"503": unavailable, "hangs": hangs} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, watched, func(c *config.Config) {
				c.Worker.Concurrency, c.Worker.Prefetch = 8, 16
				c.HTTP.Timeout = 2 * time.Second
				// What comes again goes ahead of what is new: 200 every 3 s are far below what a busy machine handles.
				c.Worker.BackoffMax = 3 * time.Second
			})
			w.worker()
			w.connect("crm")
			p := w.away("away", answer)
			stuck := w.requests("away", 200)
			testkit.Eventually(t, patient, "the first to be put off", func() bool {
				return w.value(`holdfast_retries_total{reason="target_unavailable"}`) > 0
			})
			began := time.Now()
			for _, id := range w.requests("crm", 40) {
				w.ends(id, events.ActionCompleted)
			}
			if took := time.Since(began); took > 15*time.Second { // one after another they would have waited for 50 s
				t.Errorf("requests of a good connection took %s", took)
			}
			for _, id := range stuck {
				if n := len(w.ledger(id)); n != 0 {
					t.Fatalf("%s has ended: nothing was proven", id)
				}
			}
			if w.value(`holdfast_gate_closings_total{reason="vault_unavailable"}`) != 0 || w.value(`holdfast_gate_closed`) != 0 {
				t.Error("the gate closed")
			}
			p.Pass()
			for _, id := range stuck {
				w.ends(id, events.ActionCompleted)
			}
			w.neverSuspended()
		})
	}
}

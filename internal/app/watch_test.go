package app_test

import (
	"strconv"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

// value is one of the worker's series.
func (w *world) value(series string) float64 {
	w.Helper()
	text, ok := scrape(w, w.app)[series]
	if !ok {
		w.Fatalf("there is no series %s", series)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

// shows waits until series have these values; a negative one stands for any above 0.
func (w *world) shows(what string, want map[string]float64) {
	w.Helper()
	for series, v := range want {
		testkit.Eventually(w, patient, what+": "+series, func() bool {
			got := w.value(series)
			return got == v || v < 0 && got > 0
		})
	}
}

func watched(c *config.Config) { c.Worker.WatchInterval = 100 * time.Millisecond }

func TestO4_AWorkerShowsWhatItDependsOnAndHowFarBehindItIs(t *testing.T) {
	w := newWorld(t, watched, func(c *config.Config) { c.Worker.Concurrency, c.Worker.Prefetch = 4, 8 })
	w.worker()
	w.connect("crm")
	const actions = `{consumer="actions"}`
	w.shows("all is well", map[string]float64{
		`holdfast_ready`: 1, `holdfast_dependency_up{dependency="bus"}`: 1, `holdfast_dependency_up{dependency="vault"}`: 1,
		`holdfast_gate_closed`: 0, `holdfast_connections{state="active"}`: 1, `holdfast_connections{state="broken"}`: 0,
		`holdfast_consumer_pending` + actions: 0, `holdfast_consumer_ack_pending` + actions: 0,
		`holdfast_consumer_oldest_seconds` + actions: 0, `holdfast_consumer_ack_pending_limit` + actions: 200_000,
	})
	w.vault.Seal(t)
	first := w.request("crm")
	w.shows("Vault is sealed", map[string]float64{
		`holdfast_gate_closed`: 1, `holdfast_gate_closings_total{reason="vault_sealed"}`: -1,
		`holdfast_retries_total{reason="vault_sealed"}`: -1, `holdfast_ready`: 0,
		`holdfast_dependency_up{dependency="bus"}`: 1, `holdfast_dependency_up{dependency="vault"}`: 0,
	})
	ids := append(w.requests("crm", 50), first)
	w.shows("requests wait", map[string]float64{
		`holdfast_consumer_pending` + actions: -1, `holdfast_consumer_ack_pending` + actions: -1,
		`holdfast_consumer_redelivered` + actions: -1, `holdfast_consumer_oldest_seconds` + actions: -1,
	})
	w.vault.Unseal(t)
	w.settled(ids, w.target.Effects)
	w.shows("all is well again", map[string]float64{
		`holdfast_ready`: 1, `holdfast_dependency_up{dependency="vault"}`: 1, `holdfast_gate_closed`: 0,
		`holdfast_consumer_pending` + actions: 0, `holdfast_consumer_ack_pending` + actions: 0,
		`holdfast_consumer_redelivered` + actions: 0, `holdfast_consumer_oldest_seconds` + actions: 0,
	})
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	w.shows("a broken connection", map[string]float64{
		`holdfast_connections{state="active"}`: 0, `holdfast_connections{state="broken"}`: 1,
		`holdfast_suspension_events_total{event="suspended",reason="bad_credentials"}`: 1,
	})
}

func TestO5_AWorkerWhoseBusIsGoneSaysSo(t *testing.T) {
	w := newWorld(t, watched)
	w.worker()
	w.shows("all is well", map[string]float64{`holdfast_ready`: 1})
	w.nats.Shutdown()
	w.shows("the bus is gone", map[string]float64{
		`holdfast_ready`: 0, `holdfast_dependency_up{dependency="bus"}`: 0, `holdfast_dependency_up{dependency="vault"}`: 1,
	})
	w.nats.Start()
	w.shows("it is back", map[string]float64{`holdfast_ready`: 1, `holdfast_dependency_up{dependency="bus"}`: 1})
}

// A suspension whose end is near is counted: somebody can be told while it can still be helped.
func TestC13_AnEndThatIsNearIsCounted(t *testing.T) {
	w := newWorld(t, func(c *config.Config) {
		c.Suspension.Default, c.Suspension.EndingSoon = 3*time.Second, 2*time.Second
	})
	w.worker()
	w.connect("crm")
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	w.ends(id, events.ActionTerminated)
	w.shows("near, then over", map[string]float64{
		`holdfast_suspension_events_total{event="ending_soon",reason="bad_credentials"}`: 1,
		`holdfast_suspension_events_total{event="terminated",reason="bad_credentials"}`:  1,
	})
}

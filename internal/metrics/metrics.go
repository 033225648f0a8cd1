// Package metrics counts what a worker does, for Prometheus. Every label comes from a closed set and every
// series is there from the start with 0, so that an alert on an increase sees the first one.
package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
)

// Metrics implements the observers of the packages below it.
type Metrics struct {
	Registry *prometheus.Registry

	requests     *prometheus.CounterVec
	decisions    *prometheus.CounterVec
	deliveries   *prometheus.CounterVec
	handled      *prometheus.HistogramVec
	stages       *prometheus.HistogramVec
	ofStage      map[dispatch.Stage]prometheus.Observer
	suspensions  *prometheus.CounterVec
	held         prometheus.Gauge
	alarmLate    prometheus.Histogram
	vaultCalls   *prometheus.HistogramVec
	cache        *prometheus.CounterVec
	tokens       *prometheus.CounterVec
	tokenCalls   *prometheus.HistogramVec
	tokenStores  *prometheus.CounterVec
	redeliveries *prometheus.CounterVec
	deadLetters  *prometheus.CounterVec
	inFlight     *prometheus.GaugeVec
	busEvents    *prometheus.CounterVec
	retries      *prometheus.CounterVec
	spansLost    prometheus.Counter
	watched      watched
}

// Buckets from a tenth of a millisecond (the bus) to half a minute (a slow target), in seconds.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// Buckets for alarms, from 10 ms to an hour, in seconds.
var lateness = []float64{.01, .1, .5, 1, 2, 5, 10, 30, 60, 300, 3600}

// New makes the metrics of one worker in a registry of their own.
func New() *Metrics {
	r := prometheus.NewRegistry()
	m := &Metrics{
		Registry:     r,
		requests:     counter("requests_total", "Requests that ended, by outcome and reason.", "outcome", "reason"),
		decisions:    counter("permission_decisions_total", "Requests in an app that ended, by the rule of permission sets that decided; site_set, which is deprecated, also for changes of permissions and connections that only configure_site let through.", "rule"),
		deliveries:   counter("deliveries_total", "Deliveries handled, by event type and what came of them.", "type", "verb"),
		handled:      histogram("delivery_seconds", "Time to handle one delivery.", latencies, "type"),
		stages:       histogram("stage_seconds", "Time of one step of a request.", latencies, "stage"),
		suspensions:  counter("suspension_events_total", "Moves of suspensions, by event and reason.", "event", "reason"),
		held:         prometheus.NewGauge(opts("suspensions_held", "Suspensions waiting, as the last sweep counted them.")),
		alarmLate:    prometheus.NewHistogram(histogramOpts("alarm_late_seconds", "How long after its deadline a suspension was terminated.", lateness)),
		vaultCalls:   histogram("vault_call_seconds", "Calls to Vault, by operation and outcome.", latencies, "operation", "outcome"),
		cache:        counter("secret_cache_lookups_total", "Look-ups of secrets, by whether the cache had them.", "result"),
		tokens:       counter("access_token_lookups_total", "Look-ups of access tokens, by whether one was in memory.", "result"),
		tokenCalls:   histogram("token_request_seconds", "Token requests to providers, by method and reason of failure.", latencies, "method", "reason"),
		tokenStores:  counter("token_store_failures_total", "New refresh tokens that could not be stored at once, by reason.", "reason"),
		redeliveries: counter("redeliveries_total", "Deliveries that were not the message's first.", "consumer"),
		deadLetters:  counter("dead_letters_total", "Dead letters stored, by reason.", "reason"),
		inFlight: prometheus.NewGaugeVec(opts("messages_held",
			"Messages pulled and not answered."), []string{"consumer"}),
		busEvents: counter("bus_events_total", "What happened to the connection to the bus.", "event"),
		retries:   counter("retries_total", "Deliveries that were put off, by reason.", "reason"),
		spansLost: prometheus.NewCounter(prometheus.CounterOpts(opts("spans_lost_total", "Spans that could not be sent."))),
		watched:   newWatched(),
	}
	r.MustRegister(m.requests, m.decisions, m.deliveries, m.handled, m.stages, m.suspensions, m.held, m.alarmLate, m.vaultCalls,
		m.cache, m.tokens, m.tokenCalls, m.tokenStores, m.redeliveries, m.deadLetters, m.inFlight, m.busEvents,
		m.retries, m.spansLost,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(m.watched.collectors()...)
	m.startAtZero()
	return m
}

func opts(name, help string) prometheus.GaugeOpts {
	return prometheus.GaugeOpts{Namespace: "holdfast", Name: name, Help: help}
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts(opts(name, help)), labels)
}

func histogramOpts(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Namespace: "holdfast", Name: name, Help: help, Buckets: buckets}
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(histogramOpts(name, help, buckets), labels)
}

// Outcome is one request's end.
func (m *Metrics) Outcome(t events.Type, r fault.Reason) {
	m.requests.WithLabelValues(t.What(), string(r)).Inc()
}

// Decided is one request that permission sets decided over, or a change that only a site set let through.
func (m *Metrics) Decided(r permission.Rule) { m.decisions.WithLabelValues(string(r)).Inc() }

// Begin times a stage, and notes its time for the line in the log.
func (m *Metrics) Begin(ctx context.Context, s dispatch.Stage) (context.Context, func(*fault.Fault)) {
	began := time.Now()
	return ctx, func(*fault.Fault) {
		took := time.Since(began)
		m.ofStage[s].Observe(took.Seconds())
		dispatch.Took(ctx, s, took)
	}
}

// Follow is Begin: a clock knows no traces.
func (m *Metrics) Follow(ctx context.Context, s dispatch.Stage, _ events.Trace) (context.Context, func(*fault.Fault)) {
	return m.Begin(ctx, s)
}

// Suspension is one move of a chain.
func (m *Metrics) Suspension(t events.Type, r fault.Reason, _ events.Cause) {
	m.suspensions.WithLabelValues(t.What(), string(r)).Inc()
}

// Held is how many suspensions wait.
func (m *Metrics) Held(n int) { m.held.Set(float64(n)) }

// AlarmLate is how long after its deadline a suspension was terminated.
func (m *Metrics) AlarmLate(d time.Duration) { m.alarmLate.Observe(d.Seconds()) }

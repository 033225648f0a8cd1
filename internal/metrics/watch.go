package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
)

// watched is what a worker looks at now and then: its dependencies, its consumers, its connections.
type watched struct {
	ready       prometheus.Gauge
	up          *prometheus.GaugeVec
	gate        prometheus.Gauge
	closings    *prometheus.CounterVec
	connections *prometheus.GaugeVec
	pending     *prometheus.GaugeVec
	ackPending  *prometheus.GaugeVec
	ackMost     *prometheus.GaugeVec
	redelivered *prometheus.GaugeVec
	oldest      *prometheus.GaugeVec
}

func newWatched() watched {
	ofConsumer := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(opts(name, help), []string{"consumer"})
	}
	return watched{
		ready: prometheus.NewGauge(opts("ready", "1 while the worker consumes and bus and Vault answer.")),
		up: prometheus.NewGaugeVec(opts("dependency_up", "1 while the dependency answered when it was last asked."),
			[]string{"dependency"}),
		gate:        prometheus.NewGauge(opts("gate_closed", "1 while requests are left on the bus because Vault is down for all.")),
		closings:    counter("gate_closings_total", "How often the gate closed, by reason.", "reason"),
		connections: prometheus.NewGaugeVec(opts("connections", "Connections in the registry, by state."), []string{"state"}),
		pending:     ofConsumer("consumer_pending", "Messages that were not delivered to any worker yet."),
		ackPending:  ofConsumer("consumer_ack_pending", "Messages that were delivered and are not answered, delayed ones included."),
		ackMost:     ofConsumer("consumer_ack_pending_limit", "How many of these the server allows before it holds back the rest."),
		redelivered: ofConsumer("consumer_redelivered", "Unanswered messages that were delivered more than once."),
		oldest:      ofConsumer("consumer_oldest_seconds", "Age of the first message that is not answered; 0 where there is none."),
	}
}

func (w watched) collectors() []prometheus.Collector {
	return []prometheus.Collector{w.ready, w.up, w.gate, w.closings, w.connections, w.pending, w.ackPending, w.ackMost,
		w.redelivered, w.oldest}
}

// Dependency is something that all workers need.
type Dependency string

// The dependencies.
const (
	Bus   Dependency = "bus"
	Vault Dependency = "vault"
)

// startAtZero makes every series.
func (w watched) startAtZero() {
	for _, d := range []Dependency{Bus, Vault} {
		w.up.WithLabelValues(string(d))
	}
	for _, r := range ClosingReasons() {
		w.closings.WithLabelValues(string(r))
	}
	for _, s := range states() {
		w.connections.WithLabelValues(string(s))
	}
	for _, d := range bus.Durables() {
		for _, v := range []*prometheus.GaugeVec{w.pending, w.ackPending, w.ackMost, w.redelivered, w.oldest} {
			v.WithLabelValues(d.Name)
		}
	}
}

// states are those that an entry of the registry may be in.
func states() []events.ConnectionState {
	return []events.ConnectionState{events.StateActive, events.StatePending, events.StateBroken, events.StateDisabled,
		events.StateDeleted, events.StateMissing}
}

// ClosingReasons are why a gate closes: what is down for every connection alike.
func ClosingReasons() []fault.Reason {
	return []fault.Reason{fault.VaultSealed, fault.VaultUnavailable, fault.VaultLogin}
}

// Ready tells whether the worker is ready.
func (m *Metrics) Ready(yes bool) { m.watched.ready.Set(bit(yes)) }

// Up tells whether a dependency answered.
func (m *Metrics) Up(d Dependency, yes bool) { m.watched.up.WithLabelValues(string(d)).Set(bit(yes)) }

// GateClosed counts a gate that closes, for one of ClosingReasons.
func (m *Metrics) GateClosed(why fault.Reason) {
	m.watched.gate.Set(1)
	m.watched.closings.WithLabelValues(string(why)).Inc()
}

// GateOpened tells that requests are fetched again.
func (m *Metrics) GateOpened() { m.watched.gate.Set(0) }

// Connections is how many there are in each state; in those that are not named there are none.
func (m *Metrics) Connections(in map[events.ConnectionState]int) {
	for _, s := range states() {
		m.watched.connections.WithLabelValues(string(s)).Set(float64(in[s]))
	}
}

// Lag is how far behind a consumer is.
func (m *Metrics) Lag(l bus.Lag) {
	w := m.watched
	w.pending.WithLabelValues(l.Consumer).Set(float64(l.Pending))
	w.ackPending.WithLabelValues(l.Consumer).Set(float64(l.AckPending))
	w.ackMost.WithLabelValues(l.Consumer).Set(float64(l.Most))
	w.redelivered.WithLabelValues(l.Consumer).Set(float64(l.Redelivered))
	w.oldest.WithLabelValues(l.Consumer).Set(l.Oldest.Truncate(time.Millisecond).Seconds())
}

func bit(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

package metrics

import (
	"context"
	"time"

	"holdfast/internal/credential"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

var verbs = map[dispatch.Verb]string{dispatch.Ack: "ack", dispatch.Retry: "retry", dispatch.Reject: "reject"}

const (
	busReconnected = "reconnected"
	busDenied      = "denied"
	busPanicked    = "handler_panicked"
	busHandedBack  = "handed_back"
)

// Handled is one delivery.
func (m *Metrics) Handled(o dispatch.Observation) {
	m.deliveries.WithLabelValues(string(o.Type), verbs[o.Verb]).Inc()
	m.handled.WithLabelValues(string(o.Type)).Observe(o.Took.Seconds())
	if o.Verb == dispatch.Retry && o.Reason != "" {
		m.retries.WithLabelValues(string(o.Reason)).Inc()
	}
}

// SpansLost counts spans that could not be sent.
func (m *Metrics) SpansLost(n int) { m.spansLost.Add(float64(n)) }

// Redelivered counts a delivery that is not the message's first.
func (m *Metrics) Redelivered(durable string) { m.redeliveries.WithLabelValues(durable).Inc() }

// Panicked counts a handler that panicked.
func (m *Metrics) Panicked(string) { m.busEvents.WithLabelValues(busPanicked).Inc() }

// DeadLettered counts a dead letter that is stored.
func (m *Metrics) DeadLettered(_ string, r fault.Reason) {
	m.deadLetters.WithLabelValues(string(r)).Inc()
}

// HandedBack counts messages given back unanswered.
func (m *Metrics) HandedBack(_ string, n int) {
	m.busEvents.WithLabelValues(busHandedBack).Add(float64(n))
}

// VaultCall is one call to Vault.
func (m *Metrics) VaultCall(op, outcome string, d time.Duration) {
	m.vaultCalls.WithLabelValues(op, outcome).Observe(d.Seconds())
}

// CacheLookup is one look-up of a secret.
func (m *Metrics) CacheLookup(hit bool) { m.cache.WithLabelValues(lookup(hit)).Inc() }

// TokenLookup is one look for an access token in memory.
func (m *Metrics) TokenLookup(hit bool) { m.tokens.WithLabelValues(lookup(hit)).Inc() }

// TokenRequest times one request to a provider.
func (m *Metrics) TokenRequest(_ context.Context, method credential.Method) (answered func(*fault.Fault)) {
	began := time.Now()
	return func(f *fault.Fault) {
		var r fault.Reason
		if f != nil {
			r = f.Reason
		}
		m.tokenCalls.WithLabelValues(string(method), string(r)).Observe(time.Since(began).Seconds())
	}
}

// TokenStoreFailed is a new refresh token that could not be stored at once.
func (m *Metrics) TokenStoreFailed(r fault.Reason) {
	m.tokenStores.WithLabelValues(string(r)).Inc()
}

func lookup(hit bool) string {
	if hit {
		return "hit"
	}
	return "miss"
}

// Denied counts operations that the server's permissions refused.
func (m *Metrics) Denied() { m.busEvents.WithLabelValues(busDenied).Inc() }

// Reconnected counts reconnects to the bus.
func (m *Metrics) Reconnected() { m.busEvents.WithLabelValues(busReconnected).Inc() }

// ForBus is the observer of internal/bus, whose Held counts messages, not suspensions.
func (m *Metrics) ForBus() BusObserver { return BusObserver{m} }

// BusObserver observes the bus.
type BusObserver struct{ *Metrics }

// Held is how many messages are pulled and not answered.
func (b BusObserver) Held(durable string, n int) {
	b.inFlight.WithLabelValues(durable).Set(float64(n))
}

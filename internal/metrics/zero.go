package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/credential"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
	"holdfast/vaultclient"
)

// startAtZero makes every series that can ever be counted.
func (m *Metrics) startAtZero() {
	for _, r := range permission.Rules() {
		m.decisions.WithLabelValues(string(r))
	}
	m.startEndsAtZero()
	for _, r := range reasons(fault.Auth, fault.Settings) {
		for _, t := range []events.Type{events.SuspensionSuspended, events.SuspensionExtended, events.SuspensionEndingSoon, events.SuspensionResumed, events.SuspensionTerminated} {
			m.suspensions.WithLabelValues(t.What(), string(r))
		}
	}
	for _, r := range reasons(fault.Invalid) {
		m.deadLetters.WithLabelValues(string(r))
	}
	m.ofStage = make(map[dispatch.Stage]prometheus.Observer)
	for _, s := range dispatch.AllStages() { // looked up once: a request has many
		m.ofStage[s] = m.stages.WithLabelValues(string(s))
	}
	for _, t := range append(events.Inbound(), "") {
		m.handled.WithLabelValues(string(t))
		for _, v := range verbs {
			m.deliveries.WithLabelValues(string(t), v)
		}
	}
	for _, hit := range []bool{true, false} {
		m.cache.WithLabelValues(lookup(hit))
		m.tokens.WithLabelValues(lookup(hit))
	}
	for _, method := range []credential.Method{credential.ClientCredentials, credential.RefreshToken, credential.JWTBearer} {
		for _, r := range append(reasons(fault.Auth, fault.Settings, fault.Transient, fault.Unclear), "") {
			m.tokenCalls.WithLabelValues(string(method), string(r))
		}
	}
	for _, r := range reasons(fault.Operator, fault.Transient) {
		m.tokenStores.WithLabelValues(string(r))
	}
	for _, op := range vaultclient.Operations() {
		for _, outcome := range vaultclient.Outcomes() {
			m.vaultCalls.WithLabelValues(op, outcome)
		}
	}
	for _, r := range reasons(fault.Operator, fault.Transient, fault.Unclear) {
		m.retries.WithLabelValues(string(r))
	}
	for _, d := range bus.Durables() {
		m.redeliveries.WithLabelValues(d.Name)
		m.inFlight.WithLabelValues(d.Name)
	}
	m.watched.startAtZero()
	for _, e := range []string{busReconnected, busDenied, busPanicked, busHandedBack} {
		m.busEvents.WithLabelValues(e)
	}
}

func reasons(classes ...fault.Class) []fault.Reason {
	var all []fault.Reason
	for _, c := range classes {
		all = append(all, fault.Reasons(c)...)
	}
	return all
}

// startEndsAtZero makes those of the ends of requests.
func (m *Metrics) startEndsAtZero() {
	m.requests.WithLabelValues(events.ActionCompleted.What(), "")
	m.requests.WithLabelValues(events.ActionSkipped.What(), "")
	ends := map[events.Type][]fault.Class{
		events.ActionFailed:     {fault.Failed},
		events.ActionDenied:     {fault.Denied},
		events.ActionUnknown:    {fault.Unknown},
		events.ActionTerminated: {fault.Auth, fault.Settings},
	}
	for t, classes := range ends {
		for _, r := range reasons(classes...) {
			m.requests.WithLabelValues(t.What(), string(r))
		}
	}
}

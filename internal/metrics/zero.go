package metrics

import (
	"holdfast/events"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/vaultclient"
)

// startAtZero makes every series that can ever be counted.
func (m *Metrics) startAtZero() {
	m.requests.WithLabelValues(events.ActionCompleted.What(), "")
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
	for _, r := range reasons(fault.Auth, fault.Settings) {
		for _, t := range []events.Type{events.SuspensionSuspended, events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated} {
			m.suspensions.WithLabelValues(t.What(), string(r))
		}
	}
	for _, r := range reasons(fault.Invalid) {
		m.deadLetters.WithLabelValues(string(r))
	}
	for _, s := range []string{"vault", "authenticate", "execute", "publish", "verify"} {
		m.stages.WithLabelValues(s)
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

package main

import (
	"regexp"
	"strings"

	"holdfast/events"
	"holdfast/internal/fault"
)

// channel is one subject with parameters, and the types that it carries.
type channel struct {
	name        string
	address     string
	stream      string
	description string
	receive     bool   // by the worker
	reply       string // the channel of the answer, for a question
	replies     bool   // it is the channel of an answer
	types       []events.Type
}

// Parameters stand in subjects where ids do.
const (
	tenant     = "{tenant}"
	connection = "{connection}"
	run        = "{run}"
	request    = "{request}"
	reason     = "{reason}"
	letter     = "{sequence}"
)

func channels() []channel {
	all := inbound()
	ledger := channel{name: "outcome", address: events.LedgerSubject(tenant, request), stream: events.StreamOutcomes,
		description: "A request's ledger: its last message says how far the request got. It ends once."}
	chain := channel{name: "suspension", stream: events.StreamSuspensions,
		address:     events.Chain{Tenant: tenant, Connection: connection, Run: run, Request: request}.Subject(),
		description: "A suspension's chain: its last message says whether the run waits. A suspension has one end."}
	acts := channel{name: "deadletter_act", address: events.DeadLetterActs(tenant, 0), stream: events.StreamDeadLetters,
		description: "What was done with one dead letter, and what came of it."}
	acts.address = strings.TrimSuffix(acts.address, "0") + letter
	var notices []channel
	for _, t := range events.Outbound() {
		switch {
		case t == events.DeadLetter:
			notices = append(notices, deadLetters())
		case t.Noun() == events.DeadLetterRetried.Noun():
			acts.types = append(acts.types, t)
		case t.Noun() == "action":
			ledger.types = append(ledger.types, t)
		case t.Noun() == "suspension" && t != events.SuspensionEndingSoon:
			chain.types = append(chain.types, t)
		default:
			notices = append(notices, notice(t))
		}
	}
	return append(append(append(all, ledger, chain, acts), notices...), asked()...)
}

// asked are questions that a worker answers at once, where whoever asks says.
func asked() (all []channel) {
	for i, t := range events.Asked() {
		answer := events.Answers()[i]
		all = append(all, channel{
			name: t.Noun() + "_" + t.What(), address: events.SubjectOf(tenant, t), receive: true, types: []events.Type{t},
			reply:       t.Noun() + "_" + answer.What(),
			description: "A question, as a request on the bus. Any worker that is caught up answers it.",
		}, channel{
			name: t.Noun() + "_" + answer.What(), types: []events.Type{answer}, replies: true,
			description: "The answer, on the reply subject of the question.",
		})
	}
	return all
}

func inbound() (all []channel) {
	for _, t := range events.Inbound() {
		all = append(all, channel{
			name: t.Noun() + "_" + t.What(), address: events.SubjectOf(tenant, t), stream: events.StreamOf(t), receive: true,
			description: "What upstream systems and operators send.", types: []events.Type{t},
		})
	}
	return all
}

func notice(t events.Type) channel {
	return channel{
		name: "notice_" + t.What(), address: events.NoticeSubject(tenant, t), stream: events.StreamNotices,
		description: "What people should know. Nothing is decided from it.", types: []events.Type{t},
	}
}

func deadLetters() channel {
	return channel{
		name: "deadletter", address: events.DeadLetterSubject(tenant, fault.Reason(reason)), stream: events.StreamDeadLetters,
		description: "Messages that could not be handled, each with reason and origin.", types: []events.Type{events.DeadLetter},
	}
}

var parameterPattern = regexp.MustCompile(`\{(\w+)\}`)

// parametersOf describes the parameters of an address.
func parametersOf(address string) map[string]any {
	said := map[string]string{
		"tenant":  "The tenant. It is believed; a payload may not name another one.",
		"request": "The request's id.", "run": "The run's id.", "connection": "The connection's id.",
		"reason": "Why the message could not be handled.", "sequence": "The dead letter's sequence in HF_DEADLETTERS.",
	}
	out := map[string]any{}
	for _, match := range parameterPattern.FindAllStringSubmatch(address, -1) {
		out[match[1]] = map[string]any{"description": said[match[1]]}
	}
	if p, ok := out["reason"].(map[string]any); ok {
		p["enum"] = fault.Reasons(fault.Invalid)
	}
	return out
}

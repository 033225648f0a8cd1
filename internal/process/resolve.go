package process

import (
	"cmp"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Resolve is a request with what its step says filled in: the connection, and the app. It is an error
// (class Denied, with the rule and the field) to ask for what the step does not say.
func Resolve(v Version, r events.Request) (events.Request, events.ProcessStep, *fault.Fault) {
	s, ok := v.step(r.Step)
	if !ok {
		return r, s, fault.New(fault.ProcessMissing, "the version has no such step").
			WithField("/data/step_id").WithRule(RuleStep)
	}
	if f := agrees(v, s, r); f != nil {
		return r, s, f
	}
	r.Connection = cmp.Or(s.ExecuteAs, r.Connection)
	r.App = cmp.Or(v.App, r.App)
	return r, s, nil
}

// agrees holds a request against the step that it names.
func agrees(v Version, s events.ProcessStep, r events.Request) *fault.Fault {
	switch {
	case s.Kind == events.FormStep:
		return fault.New(fault.FormStep, "the step is a form step: it can not be executed with a connection").
			WithField("/data/step_kind").WithRule(RuleFormStep)
	case v.App != "" && r.App != "" && r.App != v.App:
		return fault.New(fault.NotPermitted, "the process belongs to another app").
			WithField("/data/app_id").WithRule(RuleApp)
	case s.ExecuteAs != "" && r.Connection != "" && r.Connection != s.ExecuteAs:
		return fault.New(fault.NotPermitted, "the step is executed with another connection").
			WithField("/data/connection_id").WithRule(RuleConnection)
	case s.ExecuteAs == "" && r.Connection == "":
		return fault.New(fault.NotPermitted, "neither the step nor the request names a connection").
			WithField("/data/connection_id").WithRule(RuleConnection)
	case s.Connector != "" && s.Connector != r.Action.Connector:
		return fault.New(fault.OperationForbidden, "the step uses another connector").
			WithField("/data/action/connector").WithRule(RuleAction)
	case s.Operation != "" && s.Operation != r.Action.Operation:
		return fault.New(fault.OperationForbidden, "the step performs another operation").
			WithField("/data/action/operation").WithRule(RuleAction)
	default:
		return nil
	}
}

func (v Version) step(id string) (events.ProcessStep, bool) {
	for _, s := range v.Steps {
		if s.ID == id {
			return s, true
		}
	}
	return events.ProcessStep{}, false
}

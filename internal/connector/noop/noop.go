// Package noop is a connector that touches nothing: for measuring, and for tests of what surrounds it.
package noop

import (
	"context"
	"encoding/json"
	"time"

	"holdfast/internal/connector"
	"holdfast/internal/connector/strict"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// Connector answers {} at once. The input may ask for something else:
//
//	{"delay_ms": 20}              answer after 20 ms
//	{"fail": "target_unavailable"} fail with that reason
type Connector struct{}

var _ connector.Connector = Connector{}

type input struct {
	DelayMS int64        `json:"delay_ms"`
	Fail    fault.Reason `json:"fail"`
}

// longestDelay bounds delay_ms.
const longestDelay = time.Hour

// New makes the connector.
func New() Connector { return Connector{} }

// Name is "noop".
func (Connector) Name() string { return "noop" }

// Operations is "request" alone, as for http, so that a benchmark can swap one for the other.
func (Connector) Operations() []string { return []string{"request"} }

// CheckSettings accepts all: it uses none.
func (Connector) CheckSettings(json.RawMessage) error { return nil }

// Validate refuses unknown fields, negative delays and reasons that do not exist.
func (Connector) Validate(r connector.Request) error {
	_, err := decode(r)
	return err
}

func decode(r connector.Request) (input, error) {
	var in input
	if r.Operation != "request" {
		return in, fault.New(fault.OperationForbidden, "noop knows the operation request only").WithNoEffect()
	}
	if len(r.Input) == 0 || string(r.Input) == "{}" {
		return in, nil
	}
	if err := strict.Decode(fault.InputInvalid, r.Input, &in); err != nil {
		return in, err
	}
	switch {
	case in.DelayMS < 0 || in.DelayMS > longestDelay.Milliseconds():
		return in, fault.New(fault.InputInvalid, "delay_ms is from 0 to an hour").WithField("/delay_ms")
	case in.Fail != "" && in.Fail.Class() == fault.None:
		return in, fault.New(fault.InputInvalid, "fail is one of Holdfast's reasons").WithField("/fail")
	}
	return in, nil
}

// Execute answers {}, or does what the input asks for.
func (Connector) Execute(ctx context.Context, r connector.Request) (connector.Result, error) {
	in, err := decode(r)
	if err != nil {
		return connector.Result{}, err
	}
	if !pause.For(ctx, time.Duration(in.DelayMS)*time.Millisecond) {
		return connector.Result{}, fault.Wrap(fault.TargetUnavailable, "stopped while waiting", ctx.Err()).WithNoEffect()
	}
	if in.Fail != "" {
		return connector.Result{}, fault.New(in.Fail, "the input asked for it").WithNoEffect()
	}
	return connector.Result{Response: json.RawMessage("{}")}, nil
}

// Test is ErrNoTest: there is nobody to ask.
func (Connector) Test(context.Context, connector.Request) error { return connector.ErrNoTest }

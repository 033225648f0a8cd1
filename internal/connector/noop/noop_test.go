package noop

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/connector"
	"holdfast/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func request(input string) connector.Request {
	return connector.Request{Operation: "request", Input: json.RawMessage(input)}
}

func TestExecute(t *testing.T) {
	for _, input := range []string{"", "{}", `{"delay_ms":0}`, `{"delay_ms":1}`} {
		got, err := New().Execute(t.Context(), request(input))
		if err != nil || string(got.Response) != "{}" {
			t.Errorf("%s: %s, %v", input, got.Response, err)
		}
	}
	_, err := New().Execute(t.Context(), request(`{"fail":"bad_credentials"}`))
	if f := fault.From(err); f.Reason != fault.BadCredentials {
		t.Errorf("fail: %v", err)
	}
	if err := New().Test(t.Context(), request("")); !errors.Is(err, connector.ErrNoTest) {
		t.Errorf("test: %v", err)
	}
}

func TestExecuteStopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := New().Execute(ctx, request(`{"delay_ms":60000}`))
		if f := fault.From(err); f.Reason != fault.TargetUnavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestValidate(t *testing.T) {
	for input, field := range map[string]string{
		`{"delay_ms":-1}`:             "/delay_ms",
		`{"delay_ms":"1"}`:            "/delay_ms",
		`{"delay_ms":1,"delay_ms":2}`: "/delay_ms",
		`{"fail":"tired"}`:            "/fail",
		`{"what":1}`:                  "/what",
		`[]`:                          "",
		`{`:                           "",
	} {
		f := fault.From(New().Validate(request(input)))
		if f == nil || f.Reason != fault.InputInvalid || f.Field != field {
			t.Errorf("%s: %+v, want field %q", input, f, field)
		}
	}
	if f := fault.From(New().Validate(connector.Request{Operation: "x"})); f == nil || f.Reason != fault.OperationForbidden {
		t.Errorf("operation: %v", f)
	}
}

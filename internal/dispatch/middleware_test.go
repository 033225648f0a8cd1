package dispatch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

func TestChainPutsTheFirstOutermost(t *testing.T) {
	var order []string
	named := func(name string) dispatch.Middleware {
		return func(next dispatch.Handler) dispatch.Handler {
			return func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
				order = append(order, name)
				return next(ctx, d)
			}
		}
	}
	inner := func(context.Context, dispatch.Delivery) dispatch.Result { return dispatch.Done("x") }
	dispatch.Chain(inner, named("a"), named("b"))(t.Context(), dispatch.Delivery{})
	if strings.Join(order, "") != "ab" {
		t.Errorf("order %v", order)
	}
}

// logged is the one line that a delivery leaves.
func logged(t *testing.T, d dispatch.Delivery, outer ...dispatch.Middleware) (line member, raw string) {
	t.Helper()
	var out bytes.Buffer
	r, _ := router(t)
	dispatch.Chain(r.Route, append(outer, dispatch.Logging(zerolog.New(&out), 0))...)(t.Context(), d)
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	return line, out.String()
}

func TestLoggingNamesWhoseDeliveryItWas(t *testing.T) {
	line, _ := logged(t, refusal{}.delivery(t))
	for key, want := range map[string]any{
		"level": "info", "message": "handled", "subject": "hf.acme.action.requested", "stream": "HF_ACTIONS", "sequence": 7.0,
		"type": string(events.ActionRequested), "request_id": "req-7f3a", "run_id": "run-2291", "connection_id": "crm",
	} {
		if line[key] != want {
			t.Errorf("%s = %v, want %v", key, line[key], want)
		}
	}
	if _, ok := line["took_ms"].(float64); !ok || line["event_id"] == nil {
		t.Errorf("%v", line)
	}
}

func TestC2_LogsAndSpansRepeatNothingOfAMessage(t *testing.T) {
	for _, c := range refusals {
		spans := tracetest.NewInMemoryExporter()
		provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
		line, raw := logged(t, c.delivery(t), dispatch.Tracing(provider.Tracer("test")))
		told, err := json.Marshal(spans.GetSpans())
		if err != nil {
			t.Fatal(err)
		}
		if line["reason"] != string(c.reason) || line["level"] != "warn" {
			t.Errorf("%s: %v", c.name, line)
		}
		if strings.Contains(raw, canary) || strings.Contains(string(told), canary) {
			t.Errorf("%s: a value is repeated: %s %s", c.name, raw, told)
		}
	}
}

type observer struct{ seen []dispatch.Observation }

func (o *observer) Handled(seen dispatch.Observation) { o.seen = append(o.seen, seen) }

func TestMetricsTakeNoWordFromSenders(t *testing.T) {
	o := new(observer)
	r, _ := router(t)
	h := dispatch.Chain(r.Route, dispatch.Metrics(o))
	d := refusal{}.delivery(t)
	d.Deliveries = 2
	h(t.Context(), d)
	h(t.Context(), refusal{change: set("type", "made.up")}.delivery(t))
	good, bad := o.seen[0], o.seen[1]
	if good.Type != events.ActionRequested || good.Verb != dispatch.Ack || good.Label != "handled" || good.Reason != "" || !good.Redelivered {
		t.Errorf("%+v", good)
	}
	if bad.Type != "" || bad.Verb != dispatch.Reject || bad.Reason != fault.UnknownType || bad.Redelivered {
		t.Errorf("%+v", bad)
	}
}

// A trace is named by headers in any case, or by the event's own attributes; what looks like a secret is no state.
func TestO4_TracingContinuesTheSendersTrace(t *testing.T) {
	const (
		trace, span  = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
		parent       = "00-" + trace + "-" + span + "-01"
		another      = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		secretToken  = "hvs.CAESIJ0123456789abcdefghijklmnopqrstuvwxyz"
		vendors      = "a=1, b=2"
		inTheHeaders = "Traceparent"
	)
	for name, c := range map[string]struct {
		event   refusal
		headers map[string][]string
		state   string
		none    bool
	}{
		"headers":            {headers: map[string][]string{inTheHeaders: {parent}, "Tracestate": {vendors}}, state: "a=1,b=2"},
		"lower case":         {headers: map[string][]string{"traceparent": {parent}}},
		"attributes":         {event: refusal{change: func(doc, _ member) { doc["traceparent"], doc["tracestate"] = parent, "a=1" }}, state: "a=1"},
		"headers go first":   {event: refusal{change: set("traceparent", another)}, headers: map[string][]string{inTheHeaders: {parent}}},
		"a secret as state":  {headers: map[string][]string{inTheHeaders: {parent}, "Tracestate": {"a=" + secretToken}}},
		"nonsense":           {headers: map[string][]string{inTheHeaders: {"00-nonsense"}}, none: true},
		"a number":           {event: refusal{change: set("traceparent", 7)}, none: true},
		"deeper in the data": {event: refusal{change: func(_, data member) { data["traceparent"] = parent }}, none: true},
	} {
		spans := tracetest.NewInMemoryExporter()
		provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
		d := c.event.delivery(t)
		d.Header = c.headers
		line, _ := logged(t, d, dispatch.Tracing(provider.Tracer("test")))
		got := spans.GetSpans()[0]
		if continues := got.SpanContext.TraceID().String() == trace && got.Parent.SpanID().String() == span; continues == c.none {
			t.Errorf("%s: trace %s, parent %s", name, got.SpanContext.TraceID(), got.Parent.SpanID())
		}
		if s := got.SpanContext.TraceState().String(); s != c.state {
			t.Errorf("%s: state %q, want %q", name, s, c.state)
		}
		if line["trace_id"] != got.SpanContext.TraceID().String() {
			t.Errorf("%s: the line has trace %v", name, line["trace_id"])
		}
	}
}

func TestO4_ASpanNamesWhoseDeliveryItWas(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
	logged(t, refusal{}.delivery(t), dispatch.Tracing(provider.Tracer("test")))
	got := map[string]string{}
	for _, a := range spans.GetSpans()[0].Attributes {
		got[string(a.Key)] = a.Value.String()
	}
	for key, want := range map[string]string{
		"holdfast.tenant": "acme", "holdfast.request_id": "req-7f3a", "holdfast.run_id": "run-2291", "holdfast.connection_id": "crm",
		"holdfast.type": string(events.ActionRequested), "holdfast.sequence": "7", "holdfast.label": "handled",
	} {
		if got[key] != want {
			t.Errorf("%s = %q, want %q", key, got[key], want)
		}
	}
}

// timed is a request that spends its time in two stages, and says so.
func timed(outer ...dispatch.Middleware) func(*testing.T, dispatch.Facts) {
	h := dispatch.Chain(func(ctx context.Context, _ dispatch.Delivery) dispatch.Result {
		if f, ok := ctx.Value(whose{}).(dispatch.Facts); ok {
			dispatch.Name(ctx, f)
		}
		dispatch.Took(ctx, dispatch.StageVault, 20*time.Millisecond)
		dispatch.Took(ctx, dispatch.StageExecute, 5*time.Millisecond)
		dispatch.Took(ctx, dispatch.StageVault, 10*time.Millisecond)
		return dispatch.Done("completed")
	}, outer...)
	return func(t *testing.T, f dispatch.Facts) {
		h(context.WithValue(t.Context(), whose{}, f), dispatch.Delivery{Stream: events.StreamActions})
	}
}

type whose struct{}

func TestO4_ASlowRequestIsOneWarningWithTheTimesOfItsStages(t *testing.T) {
	request := dispatch.Facts{Tenant: "acme", Request: "req-1"}
	for name, c := range map[string]struct {
		slow  time.Duration
		facts dispatch.Facts
		level string
	}{
		"slow":                {time.Nanosecond, request, "warn"},
		"fast enough":         {time.Hour, request, "info"},
		"turned off":          {0, request, "info"},
		"no request, a sweep": {time.Nanosecond, dispatch.Facts{Tenant: "acme"}, "info"},
	} {
		var out bytes.Buffer
		timed(dispatch.Logging(zerolog.New(&out), c.slow))(t, c.facts)
		var line member
		if err := json.Unmarshal(out.Bytes(), &line); err != nil { // more than one line is no JSON value
			t.Fatalf("%s: %q: %v", name, out.String(), err)
		}
		stages, _ := line["stages_ms"].(map[string]any)
		if line["level"] != c.level || (c.level == "warn") != (stages["vault"] == 30.0 && stages["execute"] == 5.0 && line["slow"] == true) {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

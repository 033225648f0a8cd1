package dispatch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

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
	dispatch.Chain(r.Route, append(outer, dispatch.Logging(zerolog.New(&out)))...)(t.Context(), d)
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

func TestTracingContinuesTheSendersTrace(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
	d := refusal{}.delivery(t)
	d.Header = map[string][]string{"Traceparent": {parent}}
	line, _ := logged(t, d, dispatch.Tracing(provider.Tracer("test")))
	span := spans.GetSpans()[0]
	if span.SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" || span.Parent.SpanID().String() != "b7ad6b7169203331" {
		t.Errorf("%v", span.SpanContext)
	}
	if line["trace_id"] != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("%v", line)
	}
}

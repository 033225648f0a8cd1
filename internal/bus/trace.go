package bus

import (
	"context"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"

	"holdfast/events"
)

// headers carry W3C trace context over NATS (https://www.w3.org/TR/trace-context/). Header names on NATS
// are matched exactly; the standard's are lower-case.
type headers nats.Header

func (h headers) Get(key string) string {
	if v := h[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (h headers) Set(key, value string) { h[key] = []string{value} }

func (h headers) Keys() []string {
	keys := make([]string, 0, len(h))
	for k := range h {
		keys = append(keys, k)
	}
	return keys
}

// inject adds the trace of ctx, if it has one.
func inject(ctx context.Context, h nats.Header) {
	propagation.TraceContext{}.Inject(ctx, headers(h))
}

// traceOf is the trace that inject has written.
func traceOf(h nats.Header) events.Trace {
	return events.Trace{Parent: headers(h).Get("traceparent"), State: headers(h).Get("tracestate")}
}

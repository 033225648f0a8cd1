package dispatch

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Tracing makes a span for each delivery, a child of the W3C trace context in its headers. Spans carry where
// the message was and what came of it, never a part of its payload.
func Tracing(tracer trace.Tracer) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) Result {
			ctx = propagation.TraceContext{}.Extract(ctx, carrier(d.Header))
			ctx, span := tracer.Start(ctx, "handle "+d.Stream, trace.WithSpanKind(trace.SpanKindConsumer))
			defer span.End()
			r := next(ctx, d)
			if span.IsRecording() {
				describeSpan(span, d, r)
			}
			return r
		}
	}
}

// Names follow OpenTelemetry's semantic conventions for messaging where they have one.
func describeSpan(span trace.Span, d Delivery, r Result) {
	span.SetAttributes(
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.destination.name", d.Subject),
		attribute.String("messaging.consumer.group.name", d.Consumer),
		attribute.String("holdfast.stream", d.Stream),
		attribute.Int64("holdfast.sequence", int64(d.Sequence)),
		attribute.String("holdfast.type", r.EventType),
		attribute.String("holdfast.label", r.Label),
	)
	if r.Fault != nil {
		span.SetAttributes(attribute.String("holdfast.reason", string(r.Fault.Reason)))
		span.SetStatus(codes.Error, string(r.Fault.Reason))
	}
}

// carrier reads headers as the trace context's propagator wants them, whatever the case of their names.
type carrier map[string][]string

func (c carrier) Get(key string) string { return header(c, key) }

func (c carrier) Set(key, value string) { c[strings.ToLower(key)] = []string{value} }

func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}

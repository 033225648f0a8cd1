package dispatch

import (
	"bytes"
	"context"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"holdfast/internal/secretscan"
)

// Tracing makes a span for each delivery, in the W3C trace that its headers or its CloudEvents attributes name.
// Spans carry where the message was, whose it is and what came of it, never a part of its payload.
func Tracing(tracer trace.Tracer) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) Result {
			if c := traceOf(d); c != nil {
				ctx = propagation.TraceContext{}.Extract(ctx, c)
			}
			ctx, span := tracer.Start(ctx, "handle "+d.Stream, trace.WithSpanKind(trace.SpanKindConsumer))
			defer span.End()
			ctx, facts := withFacts(ctx)
			r := next(ctx, d)
			if span.IsRecording() {
				describeSpan(span, d, facts, r)
			}
			return r
		}
	}
}

// Names follow OpenTelemetry's semantic conventions for messaging where they have one.
func describeSpan(span trace.Span, d Delivery, facts *noted, r Result) {
	span.SetAttributes(
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.operation.type", "process"),
		attribute.String("messaging.destination.name", d.Subject),
		attribute.String("messaging.consumer.group.name", d.Consumer),
		attribute.String("holdfast.stream", d.Stream),
		attribute.Int64("holdfast.sequence", int64(d.Sequence)),
		attribute.Int64("holdfast.deliveries", int64(d.Deliveries)),
		attribute.String("holdfast.label", r.Label),
	)
	for key, value := range map[string]string{
		"holdfast.type": r.EventType, "holdfast.tenant": facts.Tenant, "holdfast.request_id": facts.Request,
		"holdfast.run_id": facts.Run, "holdfast.connection_id": facts.Connection,
	} {
		if value != "" {
			span.SetAttributes(attribute.String(key, value))
		}
	}
	if r.Fault != nil {
		span.SetAttributes(attribute.String("holdfast.reason", string(r.Fault.Reason)))
		span.SetStatus(codes.Error, string(r.Fault.Reason))
	}
}

// stateMost is how long a tracestate may be that is passed on (W3C asks for 512 characters at least).
const stateMost = 512

// traceOf is the trace context of a delivery: that of its headers, else that of the event's own attributes
// (CloudEvents' distributed tracing extension); nil where there is none. Nobody has checked it yet: what looks like a
// secret is left out.
func traceOf(d Delivery) propagation.MapCarrier {
	parent, state := header(d.Header, traceParent), header(d.Header, traceState)
	if parent == "" {
		parent, state = traceInside(d.Data)
	}
	if parent == "" {
		return nil
	}
	if !secretscan.Showable(strings.ReplaceAll(state, " ", ""), stateMost) {
		state = ""
	}
	return propagation.MapCarrier{traceParent: parent, traceState: state}
}

// traceInside looks for the attributes among the event's own members. Most events have none, and cost one search.
func traceInside(data []byte) (parent, state string) {
	if len(data) > MaxBytes || !bytes.Contains(data, []byte(`"`+traceParent+`"`)) {
		return "", ""
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return "", ""
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			break
		}
		member := name.String()
		value, err := d.ReadValue()
		if err != nil {
			break
		}
		switch member {
		case traceParent:
			parent = unquoted(value)
		case traceState:
			state = unquoted(value)
		}
	}
	return parent, state
}

// unquoted is a JSON string's text; "" for any other value.
func unquoted(v jsontext.Value) string {
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return ""
	}
	return string(text)
}

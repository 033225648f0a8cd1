package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// Observer times and counts; its methods must not block.
type Observer interface {
	dispatch.Stages

	// SpansLost counts spans that could not be sent.
	SpansLost(n int)
}

// Begin begins a stage for the observer, and a span where the stage is part of one that is recorded.
func (t *Tracing) Begin(ctx context.Context, s dispatch.Stage) (context.Context, func(*fault.Fault)) {
	ctx, end := t.obs.Begin(ctx, s)
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, end
	}
	ctx, span := t.tracer.Start(ctx, string(s), trace.WithSpanKind(kindOf(s)))
	return ctx, both(end, span)
}

// Follow begins a stage in the trace of the record that it follows. The span of ctx, which caused it, and the
// stage's are linked both ways.
func (t *Tracing) Follow(ctx context.Context, s dispatch.Stage, last events.Trace) (context.Context, func(*fault.Fault)) {
	cause := trace.SpanFromContext(ctx)
	there := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": last.Parent, "tracestate": last.State})
	if trace.SpanContextFromContext(there).Equal(cause.SpanContext()) { // the record names no trace
		return t.Begin(ctx, s)
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(kindOf(s))}
	if cause.SpanContext().IsValid() {
		options = append(options, trace.WithLinks(link(cause, "caused_by")))
	}
	there, span := t.tracer.Start(there, string(s), options...)
	if span.SpanContext().IsValid() {
		cause.AddLink(link(span, "caused"))
	}
	there, end := t.obs.Begin(there, s)
	return there, both(end, span)
}

func link(to trace.Span, how string) trace.Link {
	return trace.Link{SpanContext: to.SpanContext(), Attributes: []attribute.KeyValue{attribute.String("holdfast.link", how)}}
}

// both ends a stage and its span.
func both(end func(*fault.Fault), span trace.Span) func(*fault.Fault) {
	return func(f *fault.Fault) {
		end(f)
		if f != nil {
			span.SetAttributes(attribute.String("holdfast.reason", string(f.Reason)))
			span.SetStatus(codes.Error, string(f.Reason))
		}
		span.End()
	}
}

// kindOf tells what goes out to others from what happens here.
func kindOf(s dispatch.Stage) trace.SpanKind {
	switch s {
	case dispatch.StageExecute, dispatch.StageProvider:
		return trace.SpanKindClient
	case dispatch.StagePublish:
		return trace.SpanKindProducer
	default:
		return trace.SpanKindInternal
	}
}

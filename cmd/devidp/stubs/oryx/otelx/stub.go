// Package otelx ends spans; nothing here records them.
package otelx

import "go.opentelemetry.io/otel/trace"

// End ends the span.
func End(span trace.Span, _ *error) { span.End() }

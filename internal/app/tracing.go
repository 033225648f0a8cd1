package app

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"

	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
)

// startTracing sends spans where the settings say, or nowhere. Trace context is passed on either way.
func (a *App) startTracing(ctx context.Context) error {
	if a.cfg.Tracing.OTLPEndpoint == "" {
		a.tracer = noop.NewTracerProvider().Tracer("holdfast")
		return nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(a.cfg.Tracing.OTLPEndpoint))
	if err != nil {
		return fmt.Errorf("send traces to %s: %w", a.cfg.Tracing.OTLPEndpoint, err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter),
		sdk.WithResource(resource.NewSchemaless(semconv.ServiceName("holdfast"))))
	a.tracer = provider.Tracer("holdfast")
	a.onStop("tracing", provider.Shutdown)
	return nil
}

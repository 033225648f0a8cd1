// Package tracing makes spans of a worker's stages, and sends them over OTLP. A request has one trace: that of the
// upstream system's event, through its suspension and what resumed it, to its outcome; what only caused a step of it
// (a repair, an alarm) has a trace of its own and is linked. Spans carry ids, stages and reasons, and nothing else.
package tracing

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Options say where spans go, and how many.
type Options struct {
	// Endpoint takes OTLP over HTTP; empty: no spans are made. Trace context is passed on either way.
	Endpoint string
	// Ratio of the traces that begin here and are kept, from 0 to 1. Where an event brings a trace, its sender has
	// decided.
	Ratio float64
}

// Tracing is one worker's. Make it with New, and stop it.
type Tracing struct {
	tracer   trace.Tracer
	provider *sdk.TracerProvider // nil: none
	obs      Observer
}

const name = "holdfast"

// New begins to send spans, where o says where.
func New(ctx context.Context, o Options, log zerolog.Logger, obs Observer) (*Tracing, error) {
	if o.Endpoint == "" {
		return &Tracing{tracer: noop.NewTracerProvider().Tracer(name), obs: obs}, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(tracesAt(o.Endpoint)))
	if err != nil { // its own words name the address, which may hold more than it should
		return nil, fmt.Errorf("traces can not be sent: tracing.otlp_endpoint is of no use (holdfast config check)")
	}
	silence(log)
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(&sender{SpanExporter: exporter, log: log, obs: obs}),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Ratio))),
		sdk.WithResource(whoWeAre(ctx)))
	return &Tracing{tracer: provider.Tracer(name), provider: provider, obs: obs}, nil
}

// tracesPath is where collectors take traces (OTLP specification, "OTLP/HTTP Request").
const tracesPath = "/v1/traces"

// tracesAt is the endpoint with the path that collectors have, unless it has one of its own.
func tracesAt(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && (u.Path == "" || u.Path == "/") {
		u.Path = tracesPath
		return u.String()
	}
	return endpoint
}

// whoWeAre names the service and the machine; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before that.
func whoWeAre(ctx context.Context) *resource.Resource {
	host, _ := os.Hostname() // "" names nobody
	r, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName(name), semconv.ServiceInstanceID(host)), resource.WithFromEnv())
	if err != nil { // a variable that can not be read
		return resource.NewSchemaless(semconv.ServiceName(name), semconv.ServiceInstanceID(host))
	}
	return r
}

// Tracer is for the spans of deliveries.
func (t *Tracing) Tracer() trace.Tracer { return t.tracer }

// Stop sends what is left, and ends.
func (t *Tracing) Stop(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

package app

import (
	"context"
	"fmt"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/credential"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/metrics"
	"holdfast/internal/tracing"
)

// observer is what handlers and authenticator tell of what they do: metrics and traces.
type observer struct {
	*metrics.Metrics

	traces *tracing.Tracing
}

// Begin begins a stage.
func (o observer) Begin(ctx context.Context, s dispatch.Stage) (context.Context, func(*fault.Fault)) {
	return o.traces.Begin(ctx, s)
}

// Follow begins a stage in the trace of a record.
func (o observer) Follow(ctx context.Context, s dispatch.Stage, last events.Trace) (context.Context, func(*fault.Fault)) {
	return o.traces.Follow(ctx, s, last)
}

// TokenRequest begins a request to a provider, which is a stage, too.
func (o observer) TokenRequest(ctx context.Context, m credential.Method) func(*fault.Fault) {
	ctx, end := o.Begin(ctx, dispatch.StageProvider)
	answered := o.Metrics.TokenRequest(ctx, m)
	return func(f *fault.Fault) { answered(f); end(f) }
}

// TracingOptions are the settings of tracing.
func TracingOptions(c config.Config) tracing.Options {
	return tracing.Options{Endpoint: c.Tracing.OTLPEndpoint, Ratio: c.Tracing.SampleRatio}
}

// startTracing sends spans where the settings say, or nowhere. Trace context is passed on either way.
func (a *App) startTracing(ctx context.Context) error {
	t, err := tracing.New(ctx, TracingOptions(a.cfg), a.logs.of(config.LogWorker), a.metrics)
	if err != nil {
		return fmt.Errorf("start tracing: %w", err)
	}
	a.observer = observer{a.metrics, t}
	a.onStop("tracing", t.Stop)
	return nil
}

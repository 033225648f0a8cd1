package dispatch

import (
	"context"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"

	"holdfast/internal/fault"
)

// Logging writes one line for each delivery: where it was, whose it is, what came of it, how long it took.
// It never writes a payload or a header. Handled is info, retried and refused are warnings, a defect of ours
// is an error. A request that was handled for as long as slow or longer is a warning, too, and its line has the
// times of its stages, in milliseconds; 0: none is slow.
func Logging(log zerolog.Logger, slow time.Duration) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) Result {
			ctx, facts := withFacts(ctx)
			start := time.Now()
			r := next(ctx, d)
			took := time.Since(start)
			tooLong := slow > 0 && took >= slow && facts.Request != ""
			if line := log.WithLevel(level(r, tooLong)); line.Enabled() {
				logDelivery(ctx, line, d, facts, r)
				if tooLong {
					line.Bool("slow", true).Dict("stages_ms", stagesOf(facts))
				}
				line.Dur("took_ms", took).Msg(r.Label)
			}
			return r
		}
	}
}

func level(r Result, slow bool) zerolog.Level {
	switch {
	case r.Fault != nil && r.Fault.Reason == fault.Internal:
		return zerolog.ErrorLevel
	case r.Verb != Ack && r.Fault != nil || slow:
		return zerolog.WarnLevel
	default:
		return zerolog.InfoLevel
	}
}

func stagesOf(facts *noted) *zerolog.Event {
	all := zerolog.Dict()
	for _, s := range facts.stages.list() {
		all.Dur(string(s.stage), s.took)
	}
	return all
}

func logDelivery(ctx context.Context, line *zerolog.Event, d Delivery, facts *noted, r Result) {
	line.Str("subject", d.Subject).Str("stream", d.Stream).Uint64("sequence", d.Sequence).
		Uint64("deliveries", d.Deliveries)
	some(line, "type", r.EventType)
	some(line, "event_id", r.EventID)
	some(line, "request_id", facts.Request)
	some(line, "run_id", facts.Run)
	some(line, "connection_id", facts.Connection)
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		line.Str("trace_id", span.TraceID().String())
	}
	if r.Fault != nil {
		line.Str("reason", string(r.Fault.Reason))
		some(line, "detail", r.Fault.Detail)
		some(line, "field", r.Fault.Field)
		some(line, "hint", r.Fault.Hint)
	}
}

func some(line *zerolog.Event, key, value string) {
	if value != "" {
		line.Str(key, value)
	}
}

package tracing

import (
	"context"
	"sync/atomic"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// sender counts what could not be sent, and says so once: an error of OpenTelemetry's carries the address and what
// the collector answered, and would go to standard error as it is.
type sender struct {
	sdk.SpanExporter

	log     zerolog.Logger
	obs     Observer
	failing atomic.Bool
}

// ExportSpans sends; what can not be sent is given up.
func (s *sender) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := s.SpanExporter.ExportSpans(ctx, spans); err != nil {
		s.obs.SpansLost(len(spans))
		if !s.failing.Swap(true) {
			s.log.Warn().Int("spans", len(spans)).
				Msg("spans can not be sent and are lost: does a collector take OTLP over HTTP at tracing.otlp_endpoint?")
		}
		return nil
	}
	if s.failing.Swap(false) {
		s.log.Info().Msg("spans are sent again")
	}
	return nil
}

// silence takes over OpenTelemetry's handler of errors, of which a process has one.
func silence(log zerolog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {
		log.Warn().Msg("OpenTelemetry reports trouble with spans; their collector's log says more")
	}))
}

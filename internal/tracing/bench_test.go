package tracing

import (
	"context"
	"testing"

	"github.com/rs/zerolog"

	"holdfast/internal/dispatch"
	"holdfast/internal/metrics"
)

// BenchmarkStage is what a stage of a delivery costs where no traces are sent.
func BenchmarkStage(b *testing.B) {
	t, err := New(b.Context(), Options{}, zerolog.Nop(), metrics.New())
	if err != nil {
		b.Fatal(err)
	}
	h := dispatch.Chain(func(ctx context.Context, _ dispatch.Delivery) dispatch.Result {
		for range b.N {
			_, end := t.Begin(ctx, dispatch.StageVault)
			end(nil)
		}
		return dispatch.Done("done")
	}, dispatch.Tracing(t.Tracer()), dispatch.Logging(zerolog.Nop(), 0))
	b.ReportAllocs()
	b.ResetTimer()
	h(b.Context(), dispatch.Delivery{})
}

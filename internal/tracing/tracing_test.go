package tracing

import (
	"context"
	"testing"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/metrics"
	"holdfast/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestO4_TracesGoToTheCollectorsPathUnlessAnotherIsNamed(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://collector:4318":               "http://collector:4318/v1/traces",
		"http://collector:4318/":              "http://collector:4318/v1/traces",
		"https://collector.example/otlp/here": "https://collector.example/otlp/here",
	} {
		if got := tracesAt(endpoint); got != want {
			t.Errorf("%s: %s, want %s", endpoint, got, want)
		}
	}
}

// sent gives the spans that do makes, within a delivery's span or outside any.
func sent(t *testing.T, within bool, do func(context.Context, *Tracing)) []testkit.Span {
	t.Helper()
	c := testkit.StartCollector(t)
	all, err := New(t.Context(), Options{Endpoint: c.URL, Ratio: 1}, zerolog.Nop(), metrics.New())
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if within {
		var span trace.Span
		ctx, span = all.Tracer().Start(ctx, "delivery")
		defer span.End()
	}
	do(ctx, all)
	if err := all.provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := all.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.Spans()
}

// What a worker does of its own accord, polling for one, makes no traces of a single span each.
func TestO4_AStageOutsideADeliveryIsNoTrace(t *testing.T) {
	begin := func(ctx context.Context, all *Tracing) {
		_, end := all.Begin(ctx, dispatch.StageVault)
		end(fault.New(fault.VaultSealed, "sealed"))
	}
	if spans := sent(t, false, begin); len(spans) != 0 {
		t.Errorf("%+v", spans)
	}
	if spans := sent(t, true, begin); len(spans) != 1 || spans[0].Name != "vault" || spans[0].Reason != "vault_sealed" {
		t.Errorf("%+v", spans)
	}
}

func TestO4_AMoveOfAChainWithoutATraceStaysInItsOwn(t *testing.T) {
	for _, parent := range []string{"", "00-nonsense"} {
		spans := sent(t, true, func(ctx context.Context, all *Tracing) {
			_, end := all.Follow(ctx, dispatch.StageResume, events.Trace{Parent: parent})
			end(nil)
		})
		if len(spans) != 1 || spans[0].Parent == "" || len(spans[0].Links) != 0 {
			t.Errorf("after %q: %+v", parent, spans)
		}
	}
}

// A move outside any delivery, a sweep's, goes on in the chain's trace, and has nothing to link to.
func TestO4_ASweepsMoveGoesOnInTheChainsTrace(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	var inside map[string]string
	spans := sent(t, false, func(ctx context.Context, all *Tracing) {
		ctx, end := all.Follow(ctx, dispatch.StageTerminate, events.Trace{Parent: parent, State: "a=1"})
		carrier := propagation.MapCarrier{}
		propagation.TraceContext{}.Inject(ctx, carrier)
		inside = carrier
		end(nil)
	})
	if len(spans) != 1 || spans[0].Trace != "0af7651916cd43dd8448eb211c80319c" || spans[0].Parent != "b7ad6b7169203331" || len(spans[0].Links) != 0 {
		t.Fatalf("%+v", spans)
	}
	if inside["traceparent"] != "00-"+spans[0].Trace+"-"+spans[0].ID+"-01" || inside["tracestate"] != "a=1" {
		t.Errorf("what is published in it is told %v", inside)
	}
}

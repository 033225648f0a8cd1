package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

// traced is a world whose worker sends its spans to a collector. Nothing is polled: what goes on was told to.
func traced(t *testing.T, with ...func(*config.Config)) (*world, *testkit.Collector) {
	t.Helper()
	c := testkit.StartCollector(t)
	w := newWorld(t, append([]func(*config.Config){func(cfg *config.Config) {
		cfg.Tracing.OTLPEndpoint = c.URL
		cfg.Worker.BrokenPollInterval = time.Hour
	}}, with...)...)
	return w, c
}

// upstream is the trace that an upstream system has begun.
type upstream struct{ trace, span string }

func (u upstream) parent(sampled string) string {
	return "00-" + u.trace + "-" + u.span + "-" + sampled
}

func upstreamTrace(n int) upstream {
	return upstream{fmt.Sprintf("%031x%x", 0xabc, n), fmt.Sprintf("%015x%x", 0xdef, n)}
}

// inHeader publishes an event within a trace, as OpenTelemetry's propagators do.
func (w *world) inHeader(t events.Type, payload any, parent string) {
	w.Helper()
	m := nats.NewMsg(events.SubjectOf(tenant, t))
	m.Header["traceparent"] = []string{parent}
	m.Data = w.encoded(t, payload, "")
	if _, err := w.js.PublishMsg(w.Context(), m); err != nil {
		w.Fatal(err)
	}
}

// inAttribute publishes an event whose CloudEvents attribute names the trace.
func (w *world) inAttribute(t events.Type, payload any, parent string) {
	w.Helper()
	w.send(events.SubjectOf(tenant, t), w.encoded(t, payload, parent))
}

func (w *world) encoded(t events.Type, payload any, parent string) []byte {
	w.Helper()
	e, err := events.New(t, time.Now(), payload)
	if err != nil {
		w.Fatal(err)
	}
	raw, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	var document map[string]any
	if err = json.Unmarshal(raw, &document); err != nil {
		w.Fatal(err)
	}
	if parent != "" {
		document["traceparent"] = parent
	}
	if raw, err = json.Marshal(document); err != nil {
		w.Fatal(err)
	}
	return raw
}

// of are a trace's spans.
func spansOf(all []testkit.Span, trace string) (in []testkit.Span) {
	for _, s := range all {
		if s.Trace == trace {
			in = append(in, s)
		}
	}
	return in
}

func called(all []testkit.Span, name string) (in []testkit.Span) {
	for _, s := range all {
		if s.Name == name {
			in = append(in, s)
		}
	}
	return in
}

// wantTree checks that the spans of a trace hang together below the upstream's.
func wantTree(t *testing.T, u upstream, spans []testkit.Span) {
	t.Helper()
	ids := []string{u.span}
	for _, s := range spans {
		ids = append(ids, s.ID)
	}
	for _, s := range spans {
		if !slices.Contains(ids, s.Parent) {
			t.Errorf("span %s has a parent that nobody has seen", s.Name)
		}
	}
}

// wantStages checks that a delivery's span has these below it, however deep.
func wantStages(t *testing.T, spans []testkit.Span, delivery testkit.Span, stages ...string) {
	t.Helper()
	below := []string{delivery.ID}
	var names []string
	for grew := true; grew; {
		grew = false
		for _, s := range spans {
			if slices.Contains(below, s.Parent) && !slices.Contains(below, s.ID) && !strings.HasPrefix(s.Name, "handle ") {
				below, names, grew = append(below, s.ID), append(names, s.Name), true
			}
		}
	}
	for _, stage := range stages {
		if !slices.Contains(names, stage) {
			t.Errorf("%s has no stage %s: %v", delivery.Name, stage, names)
		}
	}
}

func TestO4_ARequestIsOneTraceFromItsEventThroughSuspensionAndResumeToItsOutcome(t *testing.T) {
	w, collector := traced(t)
	seen := testkit.StartProxy(t, w.base)
	stop := w.worker()
	w.connect("crm", func(c *events.Connection) {
		c.Settings = json.RawMessage(fmt.Sprintf(`{"base_url":%q,"test_path":"/me"}`, seen.Address+"/basic"))
	})
	w.target.SetPassword("demo", "second")
	request, repair := upstreamTrace(1), upstreamTrace(2)
	r := w.action("crm")
	w.inAttribute(events.ActionRequested, r, request.parent("01"))
	w.suspended("crm", r.Run, r.ID)
	w.password("crm", "second")
	w.inHeader(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem}, repair.parent("01"))
	w.ends(r.ID, events.ActionCompleted)
	stop()

	all := collector.Spans()
	mine := spansOf(all, request.trace)
	wantTree(t, request, mine)
	first, again := called(mine, "handle "+events.StreamActions), called(mine, "handle "+events.StreamSuspensions)
	if len(first) == 0 || len(again) == 0 || first[0].Parent != request.span {
		t.Fatalf("%d and %d deliveries of the request in its trace", len(first), len(again))
	}
	wantStages(t, mine, first[0], "schema", "ledger", "decide", "vault", "authenticate", "execute", "publish")
	wantStages(t, mine, again[0], "ledger", "decide", "vault", "authenticate", "execute", "publish")
	for _, s := range append(first, again...) {
		if s.Attributes["holdfast.request_id"] != r.ID || s.Attributes["holdfast.connection_id"] != "crm" || s.Attributes["holdfast.run_id"] != r.Run {
			t.Errorf("%s does not say whose it is: %v", s.Name, s.Attributes)
		}
	}
	if s := called(mine, "execute")[0]; s.Reason != "bad_credentials" || s.Kind != "SPAN_KIND_CLIENT" {
		t.Errorf("the first execution ended with %q, %s", s.Reason, s.Kind)
	}

	// What resumed it has a trace of its own, and each leads to the other.
	resume := called(mine, "resume")
	theirs := spansOf(all, repair.trace)
	wantTree(t, repair, theirs)
	if len(resume) != 1 || len(resume[0].Links) != 1 || resume[0].Links[0].Trace != repair.trace || resume[0].Links[0].How != "caused_by" {
		t.Fatalf("resumed as %+v", resume)
	}
	var caused []testkit.SpanLink
	for _, s := range theirs {
		caused = append(caused, s.Links...)
	}
	if want := (testkit.SpanLink{Trace: request.trace, ID: resume[0].ID, How: "caused"}); !slices.Contains(caused, want) {
		t.Errorf("the repair's trace links to %+v, want %+v", caused, want)
	}
	if len(called(theirs, "verify")) == 0 {
		t.Error("the repair was not verified in its trace")
	}
	w.wantTargetTold(seen, called(mine, "execute"))
	w.wantOutcomeIn(request, r.ID)
}

// wantTargetTold checks that each action that the target was sent names the span that sent it.
func (w *world) wantTargetTold(seen *testkit.Proxy, executions []testkit.Span) {
	w.Helper()
	var senders []string
	for _, s := range executions {
		senders = append(senders, "00-"+s.Trace+"-"+s.ID+"-01")
	}
	actions, calls := 0, seen.Calls()
	for i, h := range seen.Headers() {
		if calls[i].Path != "/basic/items" {
			continue
		}
		actions++
		if !slices.Contains(senders, h.Get("Traceparent")) {
			w.Errorf("the target was told %q, want one of %v", h.Get("Traceparent"), senders)
		}
	}
	if actions != len(executions) || actions == 0 {
		w.Errorf("%d actions at the target, %d spans", actions, len(executions))
	}
}

// wantOutcomeIn checks that whoever reads an outcome can go on in its trace.
func (w *world) wantOutcomeIn(u upstream, id string) {
	w.Helper()
	s, err := w.js.Stream(w.Context(), events.StreamOutcomes)
	if err != nil {
		w.Fatal(err)
	}
	m, err := s.GetLastMsgForSubject(w.Context(), events.LedgerSubject(tenant, id))
	if err != nil {
		w.Fatal(err)
	}
	if parent := m.Header["traceparent"]; len(parent) != 1 || !strings.HasPrefix(parent[0], "00-"+u.trace+"-") {
		w.Errorf("the outcome's trace is %v", parent)
	}
}

func TestO4_TheProviderIsAStageOfTheTrace(t *testing.T) {
	w, collector := traced(t)
	p := w.provider()
	stop := w.worker()
	w.clientCredentials(p, "erp")
	u := upstreamTrace(3)
	r := w.action("erp")
	w.inHeader(events.ActionRequested, r, u.parent("01"))
	w.ends(r.ID, events.ActionCompleted)
	stop()
	mine := spansOf(collector.Spans(), u.trace)
	wantTree(t, u, mine)
	asked := called(mine, "provider")
	if len(asked) != 1 || asked[0].Kind != "SPAN_KIND_CLIENT" || called(mine, "authenticate")[0].ID != asked[0].Parent {
		t.Errorf("the provider was asked in %+v", asked)
	}
}

// An upstream system that keeps a trace is followed whatever the ratio; one that does not keep it, too.
func TestO4_TheSenderDecidesWhetherItsTraceIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		ratio   float64
		sampled string
		kept    bool
	}{
		"kept by the sender, nothing of ours": {0, "01", true},
		"not kept by the sender, all of ours": {1, "00", false},
	} {
		t.Run(name, func(t *testing.T) {
			w, collector := traced(t, func(cfg *config.Config) { cfg.Tracing.SampleRatio = c.ratio })
			seen := testkit.StartProxy(t, w.base)
			stop := w.worker()
			w.connect("crm", func(conn *events.Connection) {
				conn.Settings = json.RawMessage(fmt.Sprintf(`{"base_url":%q}`, seen.Address+"/basic"))
			})
			u := upstreamTrace(4)
			theirs, ours := w.action("crm"), w.action("crm")
			w.inHeader(events.ActionRequested, theirs, u.parent(c.sampled))
			w.publish(events.ActionRequested, ours)
			w.ends(theirs.ID, events.ActionCompleted)
			w.ends(ours.ID, events.ActionCompleted)
			stop()
			all := collector.Spans()
			if n := len(spansOf(all, u.trace)); (n > 0) != c.kept {
				t.Errorf("%d spans of the sender's trace", n)
			}
			if n := len(all) - len(spansOf(all, u.trace)); (n > 0) != (c.ratio == 1) {
				t.Errorf("%d spans of traces that begin here", n)
			}
			// The trace goes on to target and outcome either way.
			w.wantOutcomeIn(u, theirs.ID)
			told := slices.ContainsFunc(seen.Headers(), func(h http.Header) bool {
				parent := h.Get("Traceparent")
				return strings.HasPrefix(parent, "00-"+u.trace+"-") && strings.HasSuffix(parent, "-"+c.sampled)
			})
			if !told {
				t.Errorf("the target heard nothing of the trace: %v", seen.Headers())
			}
		})
	}
}

// Without a collector no span is made, and traces are passed on all the same, also over a suspension.
func TestO4_TracesAreHandedOnWithoutACollector(t *testing.T) {
	w, _ := traced(t, func(cfg *config.Config) { cfg.Tracing.OTLPEndpoint = "" })
	w.worker()
	w.connect("crm")
	w.target.SetPassword("demo", "second")
	request, repair := upstreamTrace(5), upstreamTrace(6)
	r := w.action("crm")
	w.inHeader(events.ActionRequested, r, request.parent("01"))
	w.suspended("crm", r.Run, r.ID)
	w.password("crm", "second")
	w.inHeader(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem}, repair.parent("01"))
	w.ends(r.ID, events.ActionCompleted)
	w.wantOutcomeIn(request, r.ID)
}

// A collector that is not there, or refuses, costs spans and nothing else; it is counted and told once.
func TestO4_ACollectorThatIsAwayHoldsNothingUp(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	w, _ := traced(t, func(cfg *config.Config) { cfg.Tracing.OTLPEndpoint = other.URL })
	book := w.logged()
	w.connect("crm")
	for range 2 { // spans are sent every few seconds
		for _, id := range w.requests("crm", 20) {
			w.ends(id, events.ActionCompleted)
		}
		before := w.value("holdfast_spans_lost_total")
		w.shows("spans are lost", map[string]float64{"holdfast_spans_lost_total": -1})
		testkit.Eventually(t, patient, "more to be lost", func() bool { return w.value("holdfast_spans_lost_total") > before })
	}
	told := 0
	for _, l := range book.all() {
		if strings.HasPrefix(l.Message, "spans can not be sent") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

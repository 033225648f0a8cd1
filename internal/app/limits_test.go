package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/fault"
	"holdfast/internal/natsd"
	"holdfast/internal/testkit"
)

// limit changes how much a stream takes and keeps.
func (w *world) limit(stream string, size int32, age time.Duration) {
	w.Helper()
	s, err := w.js.Stream(w.Context(), stream)
	if err != nil {
		w.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.MaxMsgSize, cfg.MaxAge = size, age
	if _, err = w.js.UpdateStream(w.Context(), cfg); err != nil {
		w.Fatal(err)
	}
}

// The effect has happened: that its answer is too large for the bus can not be a reason to do it again.
func TestC3_AnAnswerThatDoesNotFitIsLeftOutOfTheOutcome(t *testing.T) {
	w := newWorld(t)
	w.limit(events.StreamOutcomes, 1500, 0)
	w.worker()
	w.connect("crm")
	id := w.request("crm", func(r *events.Request) {
		r.Action.Input = json.RawMessage(`{"method":"PUT","path":"/` + strings.Repeat("long", 300) + `"}`) // it is told back
	})
	o := w.ends(id, events.ActionCompleted)
	if o.Response != nil || !strings.Contains(o.Detail, "left out") {
		t.Errorf("response of %d bytes, detail %q", len(o.Response), o.Detail)
	}
	if n := w.target.Calls()["basic"][devtarget.Accepted]; n != 1 {
		t.Errorf("the target was asked %d times, want 1", n)
	}
}

// How long the ledger remembers is what its stream says, whatever the settings of the worker are.
func TestC13_O2_HowOldARequestMayBeIsReadFromTheLedgersStream(t *testing.T) {
	w := newWorld(t)
	w.limit(events.StreamActions, -1, time.Hour)
	w.limit(events.StreamOutcomes, -1, time.Hour)
	w.worker()
	w.connect("crm")
	r := w.action("crm")
	e, err := events.New(events.ActionRequested, time.Now().Add(-time.Hour), r)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.send(events.SubjectOf(tenant, events.ActionRequested), raw)
	testkit.Eventually(t, patient, "a dead letter", func() bool {
		return len(w.read(events.StreamDeadLetters, events.DeadLetterSubject(tenant, fault.Stale))) == 1
	})
	if n := len(w.target.Effects()); n != 0 {
		t.Errorf("%d effects of a stale request", n)
	}
}

func TestO1_AWorkerRefusesABusThatTakesOnlySmallMessages(t *testing.T) {
	w := newWorld(t)
	small := testkit.StartNATS(t, func(o *natsd.Options) { o.MaxPayload = 64 << 10 })
	testkit.SetUpBus(t, testkit.ConnectBus(t, small.ClientURL()))
	w.cfg.NATS.URLs = []string{small.ClientURL()}
	err := app.New(w.cfg, testkit.Logger(t)).Start(t.Context())
	f := fault.From(err)
	if f == nil || f.Reason != fault.BusUnavailable || !strings.Contains(f.Hint, "max_payload") {
		t.Fatalf("started with %v", err)
	}
}

// A cluster that elects its leaders has no consumers for a moment.
func TestO5_AWorkerThatStartsBeforeItsConsumersWaitsForThem(t *testing.T) {
	w := newWorld(t, func(c *config.Config) { c.NATS.StartTimeout = patient })
	if err := w.js.DeleteConsumer(t.Context(), events.StreamActions, bus.DurableActions); err != nil {
		t.Fatal(err)
	}
	looked := make(chan *nats.Msg, 1)
	sub, err := w.js.Conn().ChanSubscribe("$JS.API.CONSUMER.INFO."+events.StreamActions+"."+bus.DurableActions, looked)
	if err != nil {
		t.Fatal(err)
	}
	a := app.New(w.cfg, testkit.Logger(t))
	started := make(chan error, 1)
	go func() { started <- a.Start(t.Context()) }()
	<-looked
	if err := sub.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	testkit.SetUpBus(t, w.bus)
	if err := <-started; err != nil {
		t.Fatalf("the worker gave up: %v", err)
	}
	if err := a.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

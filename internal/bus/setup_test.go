package bus_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

func TestSetupIsIdempotent(t *testing.T) {
	n := testkit.StartNATS(t)
	b := testkit.ConnectBus(t, n.ClientURL())
	first, err := b.Setup(t.Context(), bus.SetupConfig{})
	must(t, err)
	if len(first.Changed)+len(first.Unchanged) > 0 || len(first.Created) != 19+len(bus.Durables()) {
		t.Fatalf("first: %+v", first)
	}
	second, err := b.Setup(t.Context(), bus.SetupConfig{})
	must(t, err)
	if len(second.Created)+len(second.Changed) > 0 || len(second.Unchanged) != len(first.Created) {
		t.Fatalf("second: %+v", second)
	}
	stronger, err := b.Setup(t.Context(), bus.SetupConfig{ActionsAge: 8 * 24 * time.Hour, AckWait: time.Minute})
	must(t, err)
	if len(stronger.Changed) != 2+len(bus.Durables()) {
		t.Fatalf("stronger: %+v", stronger)
	}
}

func TestSetupKeepsWhatIsNotOurs(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	s, err := js.Stream(t.Context(), events.StreamActions)
	must(t, err)
	cfg := s.CachedInfo().Config
	cfg.MaxBytes = 1 << 30
	_, err = js.UpdateStream(t.Context(), cfg)
	must(t, err)
	testkit.SetUpBus(t, b, func(c *bus.SetupConfig) { c.ActionsAge = 9 * 24 * time.Hour })
	s, err = js.Stream(t.Context(), events.StreamActions)
	must(t, err)
	if got := s.CachedInfo().Config; got.MaxBytes != 1<<30 || got.MaxAge != 9*24*time.Hour {
		t.Fatalf("max bytes %d, age %s", got.MaxBytes, got.MaxAge)
	}
}

func TestSetupRefusesToWeaken(t *testing.T) {
	tests := []struct {
		name   string
		stream string
		before func(*jetstream.StreamConfig)
		setup  bus.SetupConfig
		names  []string
	}{
		{"shorter age", events.StreamActions, nil, bus.SetupConfig{ActionsAge: time.Hour},
			[]string{"HF_ACTIONS", "max age", "168h0m0s", "1h0m0s"}},
		{"age instead of for ever", events.StreamNotices, func(c *jetstream.StreamConfig) { c.MaxAge = 0 },
			bus.SetupConfig{}, []string{"HF_NOTICES", "max age", "for ever"}},
		{"memory", events.StreamConnections, nil, bus.SetupConfig{Memory: true}, []string{"HF_CONNECTIONS", "storage", "File", "Memory"}},
		{"subject", events.StreamNotices, func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "other.subject") },
			bus.SetupConfig{}, []string{"HF_NOTICES", "subjects", "other.subject"}},
		{"markers", "KV_" + events.BucketTimers, nil, bus.SetupConfig{MarkerAge: time.Hour},
			[]string{"KV_hf_timers", "marker TTL", "1h0m0s"}},
		{"duplicates", events.StreamOutcomes, func(c *jetstream.StreamConfig) { c.Duplicates = time.Hour },
			bus.SetupConfig{}, []string{"HF_OUTCOMES", "duplicate window"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, b := testkit.StartBus(t)
			_, js := raw(t, n.ClientURL())
			if tt.before != nil {
				s, err := js.Stream(t.Context(), tt.stream)
				must(t, err)
				cfg := s.CachedInfo().Config
				tt.before(&cfg)
				_, err = js.UpdateStream(t.Context(), cfg)
				must(t, err)
			}
			_, err := b.Setup(t.Context(), tt.setup)
			if err == nil {
				t.Fatal("was not refused")
			}
			f := fault.From(err)
			for _, want := range tt.names {
				if !strings.Contains(f.Detail, want) {
					t.Errorf("%q does not name %q", f.Detail, want)
				}
			}
			if !strings.Contains(f.Hint, "--allow-weaker") {
				t.Errorf("hint %q", f.Hint)
			}
			if tt.setup.Memory {
				return // the server refuses that one whatever is allowed
			}
			tt.setup.AllowWeaker = true
			_, err = b.Setup(t.Context(), tt.setup)
			must(t, err)
		})
	}
}

func TestSetupRefusesALedgerThatForgetsFirst(t *testing.T) {
	_, b := testkit.StartBus(t)
	if _, err := b.Setup(t.Context(), bus.SetupConfig{OutcomesAge: time.Hour}); err == nil {
		t.Fatal("accepted")
	}
}

func TestConsumeWithoutSetupSaysSo(t *testing.T) {
	n := testkit.StartNATS(t)
	b := testkit.ConnectBus(t, n.ClientURL())
	_, err := b.Consume(t.Context(), bus.ConsumerSpec{Stream: events.StreamActions, Durable: bus.DurableActions}, newSeen().done)
	if err == nil || fault.From(err).Hint != "holdfast setup" {
		t.Fatalf("%v", err)
	}
}

func TestHistoryFoldsIDs(t *testing.T) {
	n, b := testkit.StartBus(t)
	_, js := raw(t, n.ClientURL())
	e := event(t, events.ActionCompleted, events.Outcome{Request: "r"})
	_, err := b.Journal().Append(t.Context(), events.LedgerSubject("acme", "r"), 0, e)
	must(t, err)
	c := events.Chain{Tenant: "acme", Connection: "c", Run: "r", Request: "q"}
	_, err = b.Journal().Append(t.Context(), c.Subject(), 0, event(t, events.SuspensionSuspended, events.Suspension{}))
	must(t, err)
	s, err := js.Stream(t.Context(), events.StreamHistory)
	must(t, err)
	for _, subject := range []string{"hf.acme.history.outcome", "hf.acme.history.suspension"} {
		testkit.Eventually(t, patience, subject, func() bool {
			_, err := s.GetLastMsgForSubject(t.Context(), subject)
			return err == nil
		})
	}
}

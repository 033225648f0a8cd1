package app_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/natsd"
	"holdfast/internal/ops"
	"holdfast/internal/replay"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

// newRoleWorld is a world whose server has the users of deploy/nats: the worker runs with the worker's login, and
// whoever replays with the operator's.
func newRoleWorld(t *testing.T, with ...func(*config.Config)) *world {
	t.Helper()
	dir := t.TempDir()
	users := "    { user: root, password: root }\n"
	for _, role := range []string{"worker", "operator"} {
		text, err := os.ReadFile("../../deploy/nats/" + role + ".conf")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, role+".conf"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		users += fmt.Sprintf("    { user: %s, password: %s, permissions: { include %q } }\n", role, role, role+".conf")
	}
	file := filepath.Join(dir, "server.conf")
	if err := os.WriteFile(file, []byte("authorization {\n  users: [\n"+users+"  ]\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := testkit.StartNATS(t, func(o *natsd.Options) { o.ConfigFile = file })
	b := testkit.ConnectBus(t, n.ClientURL(), func(c *bus.Config) { c.User, c.Password = "root", secret.New("root") })
	testkit.SetUpBus(t, b)
	asWorker := func(c *config.Config) {
		c.NATS.User, c.NATS.Password, c.NATS.InboxPrefix = "worker", secret.New("worker"), "_INBOX_holdfast"
	}
	return newWorldOn(t, n, b, append([]func(*config.Config){asWorker}, with...)...)
}

// foresight is what an operator sees, through the operator's login.
func (w *world) foresight() *app.Foresight {
	w.Helper()
	cfg := w.cfg
	cfg.NATS.User, cfg.NATS.Password, cfg.NATS.InboxPrefix = "operator", secret.New("operator"), "_INBOX_operator"
	s, err := ops.Open(w.Context(), app.BusConfig(cfg), testkit.Logger(w.TB))
	if err != nil {
		w.Fatal(err)
	}
	f, err := app.NewForesight(w.Context(), s, cfg)
	if err != nil {
		s.Close()
		w.Fatal(err)
	}
	w.Cleanup(func() { f.Close(); s.Close() })
	return f
}

func actions(with ...func(*replay.Options)) replay.Options {
	o := replay.Options{Select: ops.StreamSelection{Stream: ops.SelectActions}, Actor: "olga", Wait: patient}
	for _, change := range with {
		change(&o)
	}
	return o
}

func (w *world) replaying(o replay.Options) *replay.Replay {
	w.Helper()
	r, err := w.foresight().Replay(o)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// foresee is a dry replay.
func (w *world) foresee(o replay.Options) replay.Forecasts {
	w.Helper()
	f, err := w.replaying(o).Foresee(w.Context(), nil)
	if err != nil {
		w.Fatal(err)
	}
	return f
}

// replayed is a replay that is carried out.
func (w *world) replayed(o replay.Options) replay.Result {
	w.Helper()
	res, err := w.replaying(o).Run(w.Context(), func(replay.Forecasts) error { return nil }, nil)
	if err != nil {
		w.Fatal(err)
	}
	return res
}

// counts are how many messages have which verdict.
func counts(groups []replay.Outlook) map[handlers.Verdict]int {
	all := make(map[handlers.Verdict]int)
	for _, g := range groups {
		all[g.Verdict] += g.Count
	}
	return all
}

func (w *world) wantCounts(groups []replay.Outlook, want map[handlers.Verdict]int) {
	w.Helper()
	if got := counts(groups); !maps.Equal(got, want) {
		w.Errorf("foreseen %v, want %v; %+v", got, want, groups)
	}
}

// lose answers what a durable has to be given, as if it had been handled: nothing comes of it.
func (w *world) lose(stream, durable string, n int) {
	w.Helper()
	if err := testkit.Lose(w.Context(), w.nats.ClientURL(), stream, durable, n, nats.UserInfo("root", "root")); err != nil {
		w.Fatal(err)
	}
}

// lostRequests are requests that no worker will be given.
func (w *world) lostRequests(n int, connection string, with ...func(*events.Request)) []string {
	w.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = w.request(connection, with...)
	}
	w.lose(events.StreamActions, bus.DurableActions, n)
	return ids
}

// everything is the last sequence and the number of messages of each stream and bucket, but for the workers' leases:
// those end by themselves.
func (w *world) everything() map[string]string {
	w.Helper()
	all := make(map[string]string)
	streams := w.js.ListStreams(w.Context())
	for s := range streams.Info() {
		all[s.Config.Name] = fmt.Sprintf("last %d, %d messages", s.State.LastSeq, s.State.Msgs)
	}
	delete(all, "KV_"+events.BucketLeases)
	if streams.Err() != nil {
		w.Fatal(streams.Err())
	}
	return all
}

// copyAgain publishes messages of a stream again, as a replay does, without looking at anything.
func (w *world) copyAgain(stream string, sequences ...uint64) (last uint64) {
	w.Helper()
	for _, n := range sequences {
		for m, err := range w.bus.Messages(w.Context(), bus.Search{Stream: stream, From: n}) {
			if err == nil {
				last, err = w.bus.Republish(w.Context(), bus.Copy{Subject: m.Subject, Raw: m.Raw, ID: uuid.NewString(),
					Header: map[string][]string{events.HeaderOriginal: {fmt.Sprintf("%s/%d", stream, n)}}})
			}
			if err != nil {
				w.Fatal(err)
			}
			break
		}
	}
	return last
}

// copies are, by original, how many copies of it a stream holds.
func (w *world) copies(stream string) map[string]int {
	w.Helper()
	all := make(map[string]int)
	for m, err := range w.bus.Messages(w.Context(), bus.Search{Stream: stream}) {
		if err != nil {
			w.Fatal(err)
		}
		if of := m.Get(events.HeaderOriginal); of != "" {
			all[of]++
		}
	}
	return all
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in %q", part, text)
		}
	}
}

package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

func TestMain(m *testing.M) {
	// The embedded server goes on for some seconds trying to set up the source of a history that was shut
	// down at once.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"))
}

const (
	tenant  = "acme"
	patient = 30 * time.Second
)

// world is everything around a worker, real: a bus, a Vault, a target system, and a provider where asked.
type world struct {
	testing.TB

	nats     *testkit.NATS
	bus      *bus.Bus
	registry *bus.Registry
	js       jetstream.JetStream
	vault    *testkit.Vault
	proxy    *testkit.Proxy // in front of Vault: counts and disturbs
	target   *devtarget.Target
	base     string
	cfg      config.Config
	seq      atomic.Int64
	app      *app.App // the worker that was started last
}

func newWorld(t *testing.T, with ...func(*config.Config)) *world {
	t.Helper()
	n, b := testkit.StartBus(t)
	return newWorldOn(t, n, b, with...)
}

// newWorldOn is a world around a server that is set up; one that knows users knows root.
func newWorldOn(t *testing.T, n *testkit.NATS, b *bus.Bus, with ...func(*config.Config)) *world {
	t.Helper()
	w := &world{TB: t, vault: testkit.StartVault(t), target: devtarget.New(devtarget.Options{}), nats: n, bus: b}
	w.registry = w.bus.Registry()
	w.proxy = testkit.StartProxy(t, w.vault.Address)
	address, err := w.target.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.target.Stop(context.Background()) })
	w.base = "http://" + address
	nc, err := nats.Connect(w.nats.ClientURL(), nats.UserInfo("root", "root"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if w.js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	w.cfg = w.config(t)
	for _, change := range with {
		change(&w.cfg)
	}
	return w
}

// config is a worker's, with the least Vault policy and times that suit a test.
func (w *world) config(t *testing.T) config.Config {
	policy, err := os.ReadFile("../../deploy/vault/worker.hcl")
	if err != nil {
		t.Fatal(err)
	}
	w.vault.Policy(t, "worker", string(policy))
	role, secretID := w.vault.AppRole(t, "worker", []string{"worker"})
	cfg := config.Default()
	cfg.NATS.URLs = []string{w.nats.ClientURL()}
	cfg.Vault.Address = w.proxy.Address
	cfg.Vault.Auth.Method, cfg.Vault.Auth.RoleID, cfg.Vault.Auth.SecretID = "approle", role, secret.New(secretID)
	cfg.Vault.CacheTTL = time.Second
	cfg.Worker.BackoffBase, cfg.Worker.BackoffMax = 20*time.Millisecond, 500*time.Millisecond
	cfg.Worker.BrokenPollInterval = 300 * time.Millisecond
	cfg.Worker.DrainTimeout = 5 * time.Second
	cfg.HTTP.AllowAddresses = []string{"127.0.0.0/8"}
	cfg.Listen.Metrics = "127.0.0.1:0"
	return cfg
}

// worker starts a worker; stop stops it before the test ends.
func (w *world) worker() (stop func()) {
	w.Helper()
	return w.start(testkit.Logger(w.TB))
}

func (w *world) start(log zerolog.Logger) (stop func()) {
	w.Helper()
	w.app = app.New(w.cfg, log)
	a := w.app
	if err := a.Start(w.Context()); err != nil {
		w.Fatalf("start the worker: %v", err)
	}
	stop = sync.OnceFunc(func() {
		wantNoNewSeries(w, a)
		if err := a.Stop(context.Background()); err != nil {
			w.Errorf("stop the worker: %v", err)
		}
	})
	w.Cleanup(stop)
	return stop
}

// secretPath is where a connection's secret is, below secret/.
func secretPath(id string) string { return "holdfast/" + tenant + "/conn/" + id + "/config" }

// publish sends an event as an upstream system does.
func (w *world) publish(t events.Type, payload any) {
	w.Helper()
	w.publishAt(t, time.Now(), payload)
}

// publishAt is publish of an event with a time of its own.
func (w *world) publishAt(t events.Type, at time.Time, payload any) {
	w.Helper()
	w.send(events.SubjectOf(tenant, t), w.encodedAt(t, at, payload))
}

func (w *world) encodedAt(t events.Type, at time.Time, payload any) []byte {
	w.Helper()
	e, err := events.New(t, at, payload)
	if err != nil {
		w.Fatal(err)
	}
	e.Source = "test/upstream"
	raw, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	return raw
}

func (w *world) send(subject string, raw []byte) uint64 {
	w.Helper()
	ack, err := w.js.Publish(w.Context(), subject, raw)
	if err != nil {
		w.Fatal(err)
	}
	return ack.Sequence
}

// basic is a connection with user name and password at the target.
func (w *world) basic(id string, with ...func(*events.Connection)) events.Connection {
	c := events.Connection{
		ID: id, Name: "Connection " + id, Type: "http", Kind: events.Shared,
		Availability: events.Availability{Level: "tenant"}, Owners: []string{"ann"}, Actor: events.ActorSystem,
		Auth:     events.AuthSettings{Method: "basic"},
		Settings: json.RawMessage(fmt.Sprintf(`{"base_url":%q,"test_path":"/me"}`, w.base+"/basic")),
	}
	for _, change := range with {
		change(&c)
	}
	return c
}

// password writes the connection's secret to Vault and tells nobody.
func (w *world) password(id, password string) {
	w.Helper()
	w.vault.Put(w, secretPath(id), map[string]any{"username": "demo", "password": password})
}

// connect creates a connection with the right password and waits until it is in the registry.
func (w *world) connect(id string, with ...func(*events.Connection)) {
	w.Helper()
	w.password(id, "demo-password")
	w.publish(events.ConnectionCreated, w.basic(id, with...))
	testkit.Eventually(w, patient, "connection "+id, func() bool {
		e, _, err := w.registry.Fresh(w.Context(), tenant, id)
		return err == nil && e != nil && !e.Missing
	})
}

// action is a request to create an item at the target.
func (w *world) action(connection string, with ...func(*events.Request)) events.Request {
	n := w.seq.Add(1)
	r := events.Request{
		ID: fmt.Sprintf("req-%d", n), Workflow: "wf", Run: fmt.Sprintf("run-%d", n), Step: "step-1",
		StepKind: events.ActionStep, Connection: connection, ActingUser: "ann",
		Action: events.Action{
			Connector: "http", Operation: "request",
			Input: json.RawMessage(`{"method":"POST","path":"/items","body":{"name":"one"}}`),
		},
	}
	for _, change := range with {
		change(&r)
	}
	return r
}

// request publishes an action request and gives its id.
func (w *world) request(connection string, with ...func(*events.Request)) string {
	w.Helper()
	r := w.action(connection, with...)
	w.publish(events.ActionRequested, r)
	return r.ID
}

// ends waits for a request's end and checks its type.
func (w *world) ends(id string, want events.Type) events.Outcome {
	w.Helper()
	o, as := w.ended(id)
	if as != want {
		w.Fatalf("%s ended as %s (%s: %s), want %s", id, as, o.Reason, o.Detail, want)
	}
	return o
}

// chain reads a chain's events in order.
func (w *world) chain(c events.Chain) []events.Record {
	w.Helper()
	return w.read(events.StreamSuspensions, c.Subject())
}

// read gives everything on a subject, in order.
func (w *world) read(stream, subject string) []events.Record {
	w.Helper()
	s, err := w.js.Stream(w.Context(), stream)
	if err != nil {
		w.Fatal(err)
	}
	var all []events.Record
	for seq := uint64(1); ; {
		m, err := s.GetMsg(w.Context(), seq, jetstream.WithGetMsgSubject(subject))
		if err != nil {
			return all
		}
		e, err := events.Decode(m.Data)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, events.Record{Event: e, Sequence: m.Sequence, Stored: m.Time})
		seq = m.Sequence + 1
	}
}

// suspended waits until a request's chain waits.
func (w *world) suspended(connection, run, id string) events.Suspension {
	w.Helper()
	c := events.Chain{Tenant: tenant, Connection: connection, Run: run, Request: id}
	var last events.Record
	testkit.Eventually(w, patient, id+" to be suspended", func() bool {
		var err error
		last, err = w.bus.Journal().Last(w.Context(), c.Subject())
		return err == nil && last.Type.Waits()
	})
	s, err := events.Payload[events.Suspension](last.Event)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// runOf is the run that action made for a request id.
func runOf(id string) string { return "run" + id[len("req"):] }

// types lists the event types of records.
func types(records []events.Record) []events.Type {
	all := make([]events.Type, len(records))
	for i, r := range records {
		all[i] = r.Type
	}
	return all
}

// notices gives the notices of one type.
func (w *world) notices(t events.Type) []events.Record {
	return w.read(events.StreamNotices, events.NoticeSubject(tenant, t))
}

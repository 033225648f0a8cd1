package leaktest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/deploy/vault"
	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/devtarget"
	"holdfast/internal/natsd"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

const (
	tenant  = "acme"
	patient = 60 * time.Second
)

// world is a worker in a process of its own, as a person would run it, and everything around it.
type world struct {
	testing.TB

	secrets *canaries
	store   string // the bus's files
	nats    *testkit.NATS
	bus     *bus.Bus
	js      jetstream.JetStream
	vault   *testkit.Vault
	front   *testkit.Proxy // before Vault
	idp     *testkit.IDP
	target  *devtarget.Target
	seen    *testkit.Proxy // before the target
	traces  *testkit.Collector
	binary  string
	env     []string
	metrics string // URL
	worker  *testkit.Worker
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{TB: t, secrets: newCanaries(), store: t.TempDir(), vault: testkit.StartVault(t), idp: testkit.StartIDP(t)}
	w.startBus()
	w.front = testkit.StartProxy(t, w.vault.Address)
	w.target = devtarget.New(devtarget.Options{
		User: "demo", Password: w.secrets.add("password", `canary-p/ssw+rd "1"&é`), APIKey: w.secrets.add("API key", "canary/key+2222"),
	})
	address, err := w.target.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.target.Stop(context.Background()) })
	w.seen = testkit.StartProxy(t, "http://"+address)
	w.traces = testkit.StartCollector(t)
	w.binary = testkit.BuildHoldfast(t)
	w.settings()
	return w
}

// startBus starts a server that wants a password.
func (w *world) startBus() {
	w.Helper()
	password := w.secrets.add("bus password", "canary-bus-password-3333")
	config := filepath.Join(w.TempDir(), "nats.conf")
	w.write(config, fmt.Sprintf("authorization { user: worker, password: %q }", password))
	w.nats = testkit.StartNATS(w, func(o *natsd.Options) { o.StoreDir, o.ConfigFile = w.store, config })
	w.bus = testkit.ConnectBus(w, w.nats.ClientURL(), func(c *bus.Config) { c.User, c.Password = "worker", secret.New(password) })
	testkit.SetUpBus(w, w.bus)
	nc, err := nats.Connect(w.nats.ClientURL(), nats.UserInfo("worker", password))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(nc.Close)
	if w.js, err = jetstream.New(nc); err != nil {
		w.Fatal(err)
	}
}

// settings are the worker's: every secret comes by file.
func (w *world) settings() {
	w.Helper()
	w.workerPolicy()
	role, secretID := w.vault.AppRole(w, "worker", []string{"worker"})
	dir := w.TempDir()
	w.write(filepath.Join(dir, "secret-id"), w.secrets.add("secret id", secretID))
	w.write(filepath.Join(dir, "bus-password"), "canary-bus-password-3333")
	address := fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(w))
	w.metrics = "http://" + address
	w.env = []string{
		"HOLDFAST_NATS_URLS=" + w.nats.ClientURL(),
		"HOLDFAST_NATS_USER=worker",
		"HOLDFAST_NATS_PASSWORD_FILE=" + filepath.Join(dir, "bus-password"),
		"HOLDFAST_VAULT_ADDRESS=" + w.front.Address,
		"HOLDFAST_VAULT_AUTH_METHOD=approle",
		"HOLDFAST_VAULT_AUTH_ROLE_ID=" + role,
		"HOLDFAST_VAULT_AUTH_SECRET_ID_FILE=" + filepath.Join(dir, "secret-id"),
		"HOLDFAST_WORKER_BACKOFF_BASE=20ms",
		"HOLDFAST_WORKER_BACKOFF_MAX=500ms",
		"HOLDFAST_WORKER_BROKEN_POLL_INTERVAL=1s",
		"HOLDFAST_WORKER_SWEEP_INTERVAL=1s",
		"HOLDFAST_WORKER_PROVIDER_PATIENCE=1s",
		"HOLDFAST_VAULT_CACHE_TTL=1s",
		"HOLDFAST_HTTP_ALLOW_ADDRESSES=127.0.0.0/8",
		"HOLDFAST_LISTEN_METRICS=" + address,
		"HOLDFAST_LOG_LEVEL=debug",
		"HOLDFAST_LOG_SLOW_REQUEST=1ms", // so that lines have the times of stages
		"HOLDFAST_TRACING_OTLP_ENDPOINT=" + w.traces.URL,
	}
}

func (w *world) workerPolicy() {
	w.Helper()
	policy, err := vault.Policy(vault.Worker)
	if err != nil {
		w.Fatal(err)
	}
	w.vault.Policy(w, "worker", policy)
}

func (w *world) write(path, text string) {
	w.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *world) start() { w.worker = testkit.StartWorker(w, w.binary, w.env) }

// publish sends an event as an upstream system does.
func (w *world) publish(t events.Type, payload any) {
	w.Helper()
	e, err := events.New(t, w.bus.Clock().Now(), payload)
	if err != nil {
		w.Fatal(err)
	}
	raw, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	if _, err = w.js.Publish(w.Context(), events.SubjectOf(tenant, t), raw); err != nil {
		w.Fatal(err)
	}
}

// connect creates a connection whose base URL is the target's root, with the secret's fields, and waits until
// it is in the registry.
func (w *world) connect(id string, auth events.AuthSettings, fields map[string]any, with ...func(*events.Connection)) {
	w.Helper()
	w.put(id, fields)
	c := events.Connection{
		ID: id, Name: id, Type: "http", Kind: events.Shared, Availability: events.Availability{Level: "tenant"},
		Owners: []string{"ann"}, Actor: events.ActorSystem, Auth: auth,
		Settings: json.RawMessage(fmt.Sprintf(`{"base_url":%q,"response_headers":["X-Request-Id","Www-Authenticate"]}`, w.seen.Address)),
	}
	for _, change := range with {
		change(&c)
	}
	w.publish(events.ConnectionCreated, c)
	testkit.Eventually(w, patient, "connection "+id, func() bool {
		e, _, err := w.bus.Registry().Fresh(w.Context(), tenant, id)
		return err == nil && e != nil && !e.Missing
	})
}

func (w *world) put(id string, fields map[string]any) {
	w.Helper()
	if fields != nil {
		w.vault.Put(w, "holdfast/"+tenant+"/conn/"+id+"/config", fields)
	}
}

// ask requests an action on a path of the target and gives the request.
func (w *world) ask(id, connection, path string, with ...func(*events.Request)) events.Request {
	w.Helper()
	r := events.Request{
		ID: id, Workflow: "wf", Run: "run-" + id, Step: "s", StepKind: events.ActionStep, Connection: connection, ActingUser: "ann",
		Action: events.Action{Connector: "http", Operation: "request", Input: json.RawMessage(fmt.Sprintf(`{"method":"POST","path":%q,"body":{"a":1}}`, path))},
	}
	for _, change := range with {
		change(&r)
	}
	w.publish(events.ActionRequested, r)
	return r
}

// last waits until a subject's last event is one that ok accepts.
func (w *world) last(subject, what string, ok func(events.Record) bool) events.Record {
	w.Helper()
	var last events.Record
	testkit.Eventually(w, patient, what, func() bool {
		var err error
		last, err = w.bus.Journal().Last(w.Context(), subject)
		return err == nil && ok(last)
	})
	return last
}

func (w *world) ends(id string, as events.Type) events.Outcome {
	w.Helper()
	last := w.last(events.LedgerSubject(tenant, id), "the end of "+id, func(r events.Record) bool { return r.Type.Ends() })
	o, err := events.Payload[events.Outcome](last.Event)
	if err != nil || last.Type != as {
		w.Fatalf("%s ended as %s (%s: %s), want %s: %v", id, last.Type, o.Reason, o.Detail, as, err)
	}
	return o
}

func (w *world) suspended(r events.Request, reason string) {
	w.Helper()
	c := events.Chain{Tenant: tenant, Connection: r.Connection, Run: r.Run, Request: r.ID}
	last := w.last(c.Subject(), r.ID+" to be suspended", func(r events.Record) bool { return r.Type.Waits() })
	if s, err := events.Payload[events.Suspension](last.Event); err != nil || s.Reason != reason {
		w.Errorf("%s is suspended for %q, want %q: %v", r.ID, s.Reason, reason, err)
	}
}

// whatWasSent makes canaries of every credential that the target, and every token that Vault was shown.
func (w *world) whatWasSent() {
	for _, h := range w.seen.Headers() {
		for _, name := range []string{"Authorization", "X-Api-Key"} {
			w.secrets.header("sent "+name, h.Get(name))
		}
	}
	for _, h := range w.front.Headers() {
		w.secrets.add("the worker's Vault token", h.Get("X-Vault-Token"))
	}
}

// whatIsStored makes canaries of a connection's rotated tokens.
func (w *world) whatIsStored(id string) {
	w.Helper()
	stored := w.stored(id, "token")
	for _, name := range []string{"refresh_token", "access_token"} {
		if w.secrets.add("stored "+name, stored[name]) == "" {
			w.Errorf("no %s is stored", name)
		}
	}
}

// whatWasWritten makes canaries of what a sign-in wrote.
func (w *world) whatWasWritten(id string) {
	w.Helper()
	if w.secrets.add("refresh token of a sign-in", w.stored(id, "config")["refresh_token"]) == "" {
		w.Error("a sign-in wrote no refresh token")
	}
}

// stored are the texts of a connection's secret.
func (w *world) stored(id, kind string) map[string]string {
	w.Helper()
	var out struct {
		Data struct {
			Data map[string]string `json:"data"`
		} `json:"data"`
	}
	if s := w.vault.Do(w, http.MethodGet, "secret/data/holdfast/"+tenant+"/conn/"+id+"/"+kind, nil, &out); s != http.StatusOK {
		w.Fatalf("read the %s secret: status %d", kind, s)
	}
	return out.Data.Data
}

// masked checks that the target did repeat a credential and that it was masked, so that the search proves
// something.
func (w *world) masked(o events.Outcome) {
	w.Helper()
	if !strings.Contains(string(o.Response), secret.Redacted) {
		w.Errorf("nothing was masked in the answer to %s: %s", o.Request, o.Response)
	}
}

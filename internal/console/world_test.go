package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/connection"
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
	tenant       = "acme"
	clientSecret = "canary-client-secret"
	password     = "pw"
	patient      = 30 * time.Second
)

// world is a console and everything around it, real: a bus with a worker, a Vault, a provider, a target.
type world struct {
	testing.TB

	bus      *bus.Bus
	registry *bus.Registry
	vault    *testkit.Vault
	idp      *testkit.IDP
	target   *devtarget.Target
	base     string
	cfg      config.Config
	console  *app.Console
	sequence int
}

// newWorld starts everything, with ann as tenant administrator and bob as nobody in particular.
func newWorld(t *testing.T, with ...func(*world)) *world {
	t.Helper()
	w := &world{TB: t, vault: testkit.StartVault(t), idp: testkit.StartIDP(t)}
	nats, b := testkit.StartBus(t)
	w.bus, w.registry = b, b.Registry()
	w.provide()
	w.cfg = w.config(nats.ClientURL(), "worker")
	w.worker()
	w.say(events.DirectoryUserUpdated, events.User{ID: "ann", Name: "Ann", Actor: events.ActorSystem})
	w.say(events.DirectoryUserUpdated, events.User{ID: "bob", Name: "Bob", Actor: events.ActorSystem})
	w.say(events.DirectoryRoleUpdated, events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"ann"}, Actor: events.ActorSystem})
	w.connection("crm")
	w.cfg = w.config(nats.ClientURL(), "console")
	for _, change := range with {
		change(w)
	}
	w.console = w.startConsole(w.cfg)
	w.idp.Client(t, "crm", testkit.IDPClient{Secret: clientSecret, RedirectURIs: []string{w.console.URL + "/callback"}})
	w.idp.Client(t, "console", testkit.IDPClient{Secret: clientSecret, RedirectURIs: []string{w.console.URL + "/signin/callback"}})
	return w
}

// provide prepares the provider's users and a target that asks it about tokens.
func (w *world) provide() {
	w.Helper()
	for _, user := range []string{"ann", "bob", "svc-crm", "svc-other"} {
		w.idp.User(w, user, password)
	}
	w.idp.Client(w, "target", testkit.IDPClient{Secret: "target-secret"})
	w.target = devtarget.New(devtarget.Options{Introspection: devtarget.Introspection{
		URL: w.idp.Address + "/introspect", ClientID: "target", ClientSecret: "target-secret"}})
	address, err := w.target.Start("127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = w.target.Stop(context.Background()) })
	w.base = "http://" + address
}

// config is that of a role, with its own Vault policy alone.
func (w *world) config(nats, role string) config.Config {
	w.Helper()
	policy, err := os.ReadFile("../../deploy/vault/" + role + ".hcl")
	if err != nil {
		w.Fatal(err)
	}
	w.vault.Policy(w, role, string(policy))
	id, secretID := w.vault.AppRole(w, role, []string{role})
	cfg := config.Default()
	cfg.NATS.URLs = []string{nats}
	cfg.Vault.Address = w.vault.Address
	cfg.Vault.Auth.Method, cfg.Vault.Auth.RoleID, cfg.Vault.Auth.SecretID = "approle", id, secret.New(secretID)
	cfg.Vault.CacheTTL = time.Second
	cfg.Worker.BackoffBase, cfg.Worker.BackoffMax = 20*time.Millisecond, 500*time.Millisecond
	cfg.Worker.BrokenPollInterval = time.Hour // so that only events can have told
	cfg.HTTP.AllowAddresses = []string{"127.0.0.0/8"}
	cfg.Listen.Metrics, cfg.Console.Listen = "", "127.0.0.1:0"
	return cfg
}

func (w *world) worker() {
	w.Helper()
	a := app.New(w.cfg, testkit.Logger(w))
	if err := a.Start(w.Context()); err != nil {
		w.Fatalf("start the worker: %v", err)
	}
	w.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			w.Errorf("stop the worker: %v", err)
		}
	})
}

func (w *world) startConsole(cfg config.Config) *app.Console {
	w.Helper()
	c, err := app.StartConsole(w.Context(), cfg, testkit.Logger(w), nil)
	if err != nil {
		w.Fatalf("start the console: %v", err)
	}
	w.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			w.Errorf("stop the console: %v", err)
		}
	})
	return c
}

// people lets people sign in to the console, all of them of the one tenant.
func people(w *world) {
	c := &w.cfg.Console
	c.Listen = fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(w))
	c.Issuer, c.ClientID, c.ClientSecret, c.Tenant = w.idp.Issuer(), "console", secret.New(clientSecret), tenant
}

// say publishes an event as an upstream system does.
func (w *world) say(t events.Type, payload any) {
	w.Helper()
	e, err := events.New(t, time.Now(), payload)
	if err != nil {
		w.Fatal(err)
	}
	e.Source = "test/upstream"
	raw, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.bus.PublishEvent(w.Context(), events.SubjectOf(tenant, t), e.ID, raw); err != nil {
		w.Fatal(err)
	}
}

// connection creates one that an account can be signed in for: its client's secret is in Vault, no token yet.
func (w *world) connection(id string, with ...func(*events.Connection)) {
	w.Helper()
	c := events.Connection{
		ID: id, Name: "CRM of sales", Type: "http", Kind: events.Shared, Availability: events.Availability{Level: "tenant"},
		Owners: []string{"ann"}, Actor: events.ActorSystem,
		Auth: events.AuthSettings{Method: "oauth2_refresh_token", AuthorizeURL: w.idp.AuthorizeURL(), TokenURL: w.idp.TokenURL(),
			DeviceURL: w.idp.DeviceURL(), ClientID: "crm", Scopes: []string{"openid", "offline", "api"}},
		Settings: json.RawMessage(fmt.Sprintf(`{"base_url":%q,"test_path":"/me"}`, w.base+"/bearer")),
	}
	for _, change := range with {
		change(&c)
	}
	w.vault.Put(w, secretPath(id), map[string]any{"client_secret": clientSecret, "note": "kept"})
	w.say(events.ConnectionCreated, c)
	w.becomes(id, "to be there", func(e *connection.Entry) bool { return !e.Missing })
}

func secretPath(id string) string { return "holdfast/" + tenant + "/conn/" + id + "/config" }

// becomes waits for a connection's entry to be as wanted.
func (w *world) becomes(id, what string, ok func(*connection.Entry) bool) {
	w.Helper()
	testkit.Eventually(w, patient, "connection "+id+" "+what, func() bool {
		e, _, err := w.registry.Fresh(w.Context(), tenant, id)
		return err == nil && e != nil && ok(e)
	})
}

func (w *world) becomesActiveAs(id, account string) {
	w.Helper()
	w.becomes(id, "to be active as "+account, func(e *connection.Entry) bool {
		return e.State() == events.StateActive && e.Account == account
	})
}

// secret reads a connection's secret as root.
func (w *world) secret(id string) (version int, fields map[string]string) {
	w.Helper()
	var out struct {
		Data struct {
			Data     map[string]string `json:"data"`
			Metadata struct {
				Version int `json:"version"`
			} `json:"metadata"`
		} `json:"data"`
	}
	if status := w.vault.Do(w, "GET", "/secret/data/"+secretPath(id), nil, &out); status != 200 {
		w.Fatalf("read the secret: status %d", status)
	}
	return out.Data.Metadata.Version, out.Data.Data
}

// link is a link for ann to sign an account in with.
func (w *world) link(id string) string {
	w.Helper()
	link, err := w.console.Link(tenant, id, "ann", 0)
	if err != nil {
		w.Fatal(err)
	}
	return link
}

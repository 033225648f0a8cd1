package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/audit"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

const (
	tenant  = "acme"
	patient = 30 * time.Second
)

// world is a real worker with everything around it.
type world struct {
	*stage

	vault    *testkit.Vault
	target   *devtarget.Target
	registry *bus.Registry
	base     string
	requests int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{stage: newStage(t), vault: testkit.StartVault(t), target: devtarget.New(devtarget.Options{})}
	w.registry = w.bus.Registry()
	address, err := w.target.Start("127.0.0.1:0")
	w.must(err)
	t.Cleanup(func() { _ = w.target.Stop(context.Background()) })
	w.base = "http://" + address
	policy, err := os.ReadFile("../../deploy/vault/worker.hcl")
	w.must(err)
	w.vault.Policy(t, "worker", string(policy))
	role, secretID := w.vault.AppRole(t, "worker", []string{"worker"})
	cfg := config.Default()
	cfg.NATS.URLs, cfg.Vault.Address = []string{w.url}, w.vault.Address
	cfg.Vault.Auth.Method, cfg.Vault.Auth.RoleID, cfg.Vault.Auth.SecretID = "approle", role, secret.New(secretID)
	cfg.Vault.CacheTTL = time.Second
	cfg.Worker.BackoffBase, cfg.Worker.BackoffMax = 20*time.Millisecond, 500*time.Millisecond
	cfg.Worker.BrokenPollInterval = 200 * time.Millisecond
	cfg.HTTP.AllowAddresses = []string{"127.0.0.0/8"}
	cfg.Listen.Metrics = "127.0.0.1:0"
	a := app.New(cfg, testkit.Logger(t))
	w.must(a.Start(t.Context()))
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop the worker: %v", err)
		}
	})
	return w
}

func (w *world) publish(t events.Type, payload any) { testkit.Publish(w, w.bus, tenant, t, payload) }

func (w *world) password(id, password string) {
	w.vault.Put(w, "holdfast/"+tenant+"/conn/"+id+"/config", map[string]any{"username": "demo", "password": password})
}

// connect creates a connection that works; test is the path that tests it, if any.
func (w *world) connect(id, test string, change ...func(*events.Connection)) {
	w.Helper()
	w.password(id, "demo-password")
	settings := map[string]string{"base_url": w.base + "/basic"}
	if test != "" {
		settings["test_path"] = test
	}
	raw, err := json.Marshal(settings)
	w.must(err)
	c := events.Connection{ID: id, Name: id, Type: "http", Kind: events.Shared, Availability: events.Availability{Level: "tenant"},
		Owners: []string{"ann"}, Actor: events.ActorSystem, Auth: events.AuthSettings{Method: "basic"}, Settings: raw}
	for _, f := range change {
		f(&c)
	}
	w.publish(events.ConnectionCreated, c)
	testkit.Eventually(w, patient, "connection "+id, func() bool {
		e, _, err := w.registry.Fresh(w.Context(), tenant, id)
		return err == nil && e != nil && !e.Missing
	})
}

// ask publishes n requests as a connection, every third of them at-most-once, and gives their chains.
func (w *world) ask(connection string, n int, change ...func(*events.Request)) (all []events.Chain) {
	for range n {
		w.requests++
		r := events.Request{ID: fmt.Sprint("req-", w.requests), Workflow: "wf", Run: fmt.Sprint("run-", w.requests), Step: "s",
			StepKind: events.ActionStep, Connection: connection, ActingUser: "ann", Action: events.Action{Connector: "http", Operation: "request",
				Input: json.RawMessage(`{"method":"POST","path":"/items","body":{"name":"one"}}`)}}
		if w.requests%3 == 0 {
			r.Delivery = events.AtMostOnce
		}
		for _, f := range change {
			f(&r)
		}
		w.publish(events.ActionRequested, r)
		r.Tenant = tenant
		all = append(all, r.Chain())
	}
	return all
}

// waits waits until every one of them is suspended.
func (w *world) waits(chains []events.Chain) {
	w.Helper()
	w.eventually("they are suspended", chains, func(c events.Chain) bool {
		last, err := w.bus.Journal().Last(w.Context(), c.Subject())
		return err == nil && last.Type.Waits()
	})
}

// ends waits until every one of them has ended as t.
func (w *world) ends(chains []events.Chain, t events.Type) {
	w.Helper()
	w.eventually("they end", chains, func(c events.Chain) bool {
		last, err := w.bus.Journal().Last(w.Context(), events.LedgerSubject(tenant, c.Request))
		if err == nil && last.Type.Ends() && last.Type != t {
			w.Fatalf("%s ended as %s, not as %s", c.Request, last.Type, t)
		}
		return err == nil && last.Type.Ends()
	})
}

func (w *world) eventually(what string, chains []events.Chain, so func(events.Chain) bool) {
	w.Helper()
	testkit.Eventually(w, patient, what, func() bool { return !slices.ContainsFunc(chains, func(c events.Chain) bool { return !so(c) }) })
}

func (w *world) command(t events.Type, c events.SuspensionCommand) {
	c.Actor = "op"
	w.publish(t, c)
}

// A worker that keeps its promises, whatever happens to connections meanwhile, is found to have kept them.
func TestC12_C13_C14_C15_O4_O5_TheAuditFindsNothingAgainstAWorker(t *testing.T) {
	w := newWorld(t)
	w.works()
	w.isRepaired()
	w.isProbed()
	w.isResumed()
	w.isTerminated()
	w.isRefused()

	var r audit.Report
	testkit.Eventually(t, patient, "nothing is open", func() bool {
		var err error
		r, err = audit.Run(t.Context(), w.source, audit.Options{Settle: -1, Late: 20 * time.Second, EffectsComplete: true,
			Effects: audit.Counted(w.target.Effects())})
		w.must(err)
		return r.OK && r.Requests.Open() == 0
	})
	for _, c := range r.Checks {
		if c.Looked == 0 && c.Check != audit.Overdue && c.Check != audit.AlarmLeft && c.Check != audit.NoAlarm && c.Check != audit.RunLeftOpen || c.Unproven > 0 {
			t.Errorf("%+v", c)
		}
	}
	t.Logf("%+v, %+v, %d dead letters", r.Requests, r.Chains, r.Letters)
}

// works is what happens every day.
func (w *world) works() {
	w.connect("crm", "/me")
	all := w.ask("crm", 12)
	all = append(all, w.ask("crm", 1, func(r *events.Request) { r.ID = all[0].Request })...) // comes again
	w.ends(all, events.ActionCompleted)
}

// isRepaired is a secret that is rotated, while one run is given more time.
func (w *world) isRepaired() {
	w.target.SetPassword("demo", "second")
	all := w.ask("crm", 6)
	w.waits(all)
	w.command(events.SuspensionExtendRequested, events.SuspensionCommand{Request: all[0].Request, ExtendFor: 3600})
	testkit.Eventually(w, patient, "one is extended", func() bool {
		last, err := w.bus.Journal().Last(w.Context(), all[0].Subject())
		return err == nil && last.Type == events.SuspensionExtended
	})
	w.password("crm", "second")
	w.ends(all, events.ActionCompleted)
}

// isProbed is a connection that nothing but a run can test.
func (w *world) isProbed() {
	w.connect("erp", "", func(c *events.Connection) { c.Owners = []string{"bob"} })
	all := w.ask("erp", 3) // with the first password
	w.waits(all)
	w.password("erp", "second")
	w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "erp", Actor: events.ActorSystem})
	w.ends(all, events.ActionCompleted)
}

// isResumed is an account that was unlocked, so that the same password works again, and somebody says so.
func (w *world) isResumed() {
	w.target.SetPassword("demo", "locked")
	all := w.ask("crm", 4)
	w.waits(all)
	w.target.SetPassword("demo", "second")
	w.command(events.SuspensionResumeRequested, events.SuspensionCommand{Request: all[0].Request})
	w.ends(all, events.ActionCompleted) // the others as soon as the first one works
}

// isTerminated is a wait that ends by its time, one that ends with its run, and one that an operator ends.
func (w *world) isTerminated() {
	w.connect("short", "/me", func(c *events.Connection) { c.SuspendFor = 1 })
	inRun := func(r *events.Request) { r.Run = "one-run" }
	all := w.ask("short", 1, inRun)
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "long", Actor: events.ActorSystem})
	all = append(all, w.ask("long", 1, inRun)...)
	w.ends(all, events.ActionTerminated)
	w.ends(w.ask("crm", 1, inRun), events.ActionDenied)
	other := w.ask("long", 2)
	w.waits(other)
	w.command(events.SuspensionTerminateRequested, events.SuspensionCommand{Connection: "long"})
	w.ends(other, events.ActionTerminated)
}

// isRefused is what can not be handled.
func (w *world) isRefused() {
	w.ask("crm", 1, func(r *events.Request) { r.StepKind = "dance" })
	w.ask("crm", 1, func(r *events.Request) {
		r.Action.Input = json.RawMessage(`{"headers":{"Authorization":"Bearer abcdef123456"}}`)
	})
	w.publish(events.ConnectionUpdated, map[string]any{"connection_id": "crm", "password": "hunter2"})
}

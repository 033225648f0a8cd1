package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/events"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/permission"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

// stand is what the commands work on, all of it real: a bus, a Vault, a target, and a worker.
type stand struct {
	nats   *testkit.NATS
	vault  *testkit.Vault
	proxy  *testkit.Proxy // in front of Vault
	bus    *bus.Bus
	target string
	system *devtarget.Target // the target itself
	worker *app.App
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := newIdleStand(t)
	s.work(t)
	s.roles(t)
	return s
}

// newIdleStand is a stand without a worker.
func newIdleStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{}
	s.nats, s.bus = testkit.StartBus(t)
	s.surround(t)
	return s
}

// surround starts all but the bus and the worker.
func (s *stand) surround(t *testing.T) {
	t.Helper()
	s.vault = testkit.StartVault(t)
	s.proxy = testkit.StartProxy(t, s.vault.Address)
	s.system = devtarget.New(devtarget.Options{})
	address, err := s.system.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.system.Stop(context.Background()) })
	s.target = "http://" + address
}

// work starts a worker with the least rights in Vault.
func (s *stand) work(t *testing.T, with ...func(*config.Config)) {
	t.Helper()
	policy, err := os.ReadFile("../../deploy/vault/worker.hcl")
	if err != nil {
		t.Fatal(err)
	}
	s.vault.Policy(t, "worker", string(policy))
	role, id := s.vault.AppRole(t, "worker", []string{"worker"})
	cfg := config.Default()
	cfg.NATS.URLs = []string{s.nats.ClientURL()}
	cfg.Vault.Address = s.vault.Address
	cfg.Vault.Auth.Method, cfg.Vault.Auth.RoleID, cfg.Vault.Auth.SecretID = "approle", role, secret.New(id)
	cfg.Worker.BrokenPollInterval = 300 * time.Millisecond
	cfg.Worker.DrainTimeout = 5 * time.Second
	cfg.HTTP.AllowAddresses = []string{"127.0.0.0/8"}
	cfg.Listen.Metrics = "127.0.0.1:0"
	for _, change := range with {
		change(&cfg)
	}
	s.worker = app.New(cfg, testkit.Logger(t))
	if err := s.worker.Start(t.Context()); err != nil {
		t.Fatalf("start the worker: %v", err)
	}
	t.Cleanup(func() {
		if err := s.worker.Stop(context.Background()); err != nil {
			t.Errorf("stop the worker: %v", err)
		}
	})
}

// roles fills the directory of every script's tenant: ann administers it, cleo a site collection and ben a site
// of it; dan is nobody special.
func (s *stand) roles(t *testing.T) {
	t.Helper()
	for _, tenant := range tenants(t) {
		for _, user := range []string{"ann", "ben", "cleo", "dan"} {
			s.publish(t, tenant, events.DirectoryUserUpdated, events.User{ID: user, Actor: events.ActorSystem})
		}
		s.publish(t, tenant, events.PlaceSiteCollectionUpdated, events.SiteCollection{ID: "sales", Actor: events.ActorSystem})
		s.publish(t, tenant, events.PlaceSiteUpdated, events.Site{ID: "north", SiteCollection: "sales", Actor: events.ActorSystem})
		for _, r := range []events.RoleHolders{
			{Role: events.TenantAdministrator, Users: []string{"ann"}},
			{Role: events.SiteCollectionAdministrator, SiteCollection: "sales", Users: []string{"cleo"}},
			{Role: events.SiteOwner, Site: "north", Users: []string{"ben"}},
		} {
			r.Actor = events.ActorSystem
			s.publish(t, tenant, events.DirectoryRoleUpdated, r)
		}
	}
	var all permission.Snapshots
	if _, err := s.bus.Facts(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 20*time.Second, "the directory", func() bool {
		return !slices.ContainsFunc(tenants(t), func(tenant string) bool {
			d := all.Of(tenant).Directory()
			return len(d.Roles("ann")) == 0 || len(d.Roles("ben")) == 0 || len(d.Roles("cleo")) == 0 || !d.Known("dan")
		})
	})
}

func (s *stand) publish(t *testing.T, tenant string, kind events.Type, payload any) {
	t.Helper()
	testkit.Publish(t, s.bus, tenant, kind, payload)
}

// connectionScripts are the scripts that need a whole stand. Each has a tenant of its own, named as its file.
const connectionScripts = "testdata/connections"

func tenants(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(connectionScripts + "/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	all := []string{"acme"}
	for _, f := range files {
		all = append(all, strings.TrimSuffix(filepath.Base(f), ".txtar"))
	}
	return all
}

// runScripts runs the scripts whose names begin with prefix.
func runScripts(t *testing.T, prefix string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(connectionScripts, prefix+"*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts %s: %v", prefix, err)
	}
	s := newStand(t)
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NATS_URL", s.nats.ClientURL())
			e.Setenv("VAULT_ADDR", s.proxy.Address)
			e.Setenv("VAULT_TOKEN", s.vault.RootToken)
			e.Setenv("TARGET", s.target)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode, "vault": s.inVault(t), "published": s.published,
		},
	})
}

// inVault compares what Vault holds: `vault TENANT CONNECTION VERSION name=value…`; no version: nothing is there.
func (s *stand) inVault(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		var out struct {
			Data struct {
				Data     map[string]string `json:"data"`
				Metadata struct {
					Version int `json:"version"`
				} `json:"metadata"`
			} `json:"data"`
		}
		status := s.vault.Do(t, "GET", "secret/data/holdfast/"+args[0]+"/conn/"+args[1]+"/config", nil, &out)
		if len(args) == 2 {
			if status != 404 {
				ts.Fatalf("Vault holds a secret of %s", args[1])
			}
			return
		}
		want := make(map[string]string)
		for _, pair := range args[3:] {
			name, value, _ := strings.Cut(pair, "=")
			want[name] = value
		}
		if got := out.Data; fmt.Sprint(got.Metadata.Version) != args[2] || fmt.Sprint(got.Data) != fmt.Sprint(want) {
			ts.Fatalf("Vault holds version %d: %v", got.Metadata.Version, got.Data)
		}
	}
}

// published counts the events of a connection: `published TENANT CONNECTION created updated …`, in order.
func (s *stand) published(ts *testscript.TestScript, _ bool, args []string) {
	var got []string
	for r, err := range s.bus.Records(context.Background(), bus.Search{Stream: events.StreamConnections, Filter: "hf." + args[0] + ".connection.*"}) {
		ts.Check(err)
		var p events.ConnectionRef
		ts.Check(json.Unmarshal(r.Data, &p))
		if p.ID == args[1] {
			got = append(got, r.Type.What())
		}
	}
	if strings.Join(got, " ") != strings.Join(args[2:], " ") {
		ts.Fatalf("published: %v", got)
	}
}

func TestC10_ConnectionScripts(t *testing.T) { runScripts(t, "c10_") }

func TestC16_ConnectionScripts(t *testing.T) { runScripts(t, "c16_") }

func TestC1_ConnectionScripts(t *testing.T) { runScripts(t, "c1_") }

func TestC2_ConnectionScripts(t *testing.T) { runScripts(t, "c2_") }

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/devtarget"
	"holdfast/internal/pause"
	"holdfast/internal/testkit"
)

const (
	tenant  = "acme"
	ackWait = 3 * time.Second
)

// world is a cluster of three servers, a Vault, a target, and some workers: each a process of its own but
// the target, which counts effects.
type world struct {
	testing.TB

	cluster *testkit.Cluster
	js      jetstream.JetStream
	bus     *bus.Bus // the audit's
	vault   *testkit.Vault
	target  *devtarget.Target
	base    string
	config  string // the workers' file
	workers []*worker

	unpublished atomic.Int64 // tries to publish that got no answer
}

// newWorld starts everything; workers share one configuration.
func newWorld(t *testing.T, workers int) *world {
	t.Helper()
	w := newWorldOn(t, testkit.StartCluster(t, 3), testkit.StartVault(t), devtarget.New(devtarget.Options{}), "127.0.0.1")
	w.config = w.configFile(t)
	binary := buildWorker(t)
	for range workers {
		w.startWorker(binary, nil)
	}
	return w
}

// newWorldOn sets a cluster up and starts the target at an address; it has no workers yet.
func newWorldOn(t *testing.T, c *testkit.Cluster, v *testkit.Vault, target *devtarget.Target, address string) *world {
	t.Helper()
	w := &world{TB: t, cluster: c, vault: v, target: target, js: c.JetStream()}
	w.bus = testkit.ConnectBus(t, strings.Join(w.cluster.URLs(), ","))
	testkit.SetUpBus(t, w.bus, func(s *bus.SetupConfig) { s.Replicas, s.AckWait = 3, ackWait })
	listens, err := w.target.Start(address + ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.target.Stop(context.Background()) })
	w.base = "http://" + listens
	return w
}

// settings are a worker's file, by section.
type settings map[string]map[string]any

// configFile is what an operator would write, with the least Vault policy and times that suit a test.
func (w *world) configFile(t *testing.T, with ...func(settings)) string {
	t.Helper()
	policy, err := os.ReadFile("../../deploy/vault/worker.hcl")
	if err != nil {
		t.Fatal(err)
	}
	w.vault.Policy(t, "worker", string(policy))
	role, secretID := w.vault.AppRole(t, "worker", []string{"worker"})
	dir := t.TempDir()
	secretFile := filepath.Join(dir, "secret-id")
	s := settings{
		"nats": {"urls": w.cluster.URLs()},
		"vault": {
			"address": w.vault.Address, "cache_ttl": "1s",
			"auth": map[string]any{"method": "approle", "role_id": role, "secret_id_file": secretFile},
		},
		"worker": {
			"concurrency": 32, "prefetch": 200, "backoff_base": "50ms", "backoff_max": "1s",
			"broken_poll_interval": "1s", "sweep_interval": "2s",
		},
		"suspension": {"ending_soon": "1s"},
		"http":       {"allow_addresses": []string{"127.0.0.0/8"}},
		"listen":     {"metrics": ""},
	}
	for _, change := range with {
		change(s)
	}
	raw, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "holdfast.yaml")
	for name, data := range map[string][]byte{file: raw, secretFile: []byte(secretID)} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// seed is HOLDFAST_CHAOS_SEED, or another one each time; it is printed.
func seed(t *testing.T) *rand.Rand {
	t.Helper()
	s := rand.Uint64()
	if given := os.Getenv("HOLDFAST_CHAOS_SEED"); given != "" {
		var err error
		if s, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("HOLDFAST_CHAOS_SEED=%d", s)
	return rand.New(rand.NewPCG(s, s))
}

// scale is HOLDFAST_CHAOS_SCALE: how many times the usual load.
func scale(t *testing.T) int {
	t.Helper()
	given := os.Getenv("HOLDFAST_CHAOS_SCALE")
	if given == "" {
		return 1
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 {
		t.Fatalf("HOLDFAST_CHAOS_SCALE is a number from 1, not %q", given)
	}
	return n
}

// publish publishes until it is stored: an answer lost with a leader makes a repeat, as it does for an
// upstream system.
func (w *world) publish(ctx context.Context, t events.Type, payload any) error {
	e, err := events.New(t, time.Now(), payload)
	if err != nil {
		return err
	}
	raw, err := e.Encode()
	if err != nil {
		return err
	}
	for {
		attempt, cancel := context.WithTimeout(ctx, 3*time.Second)
		_, err = w.js.Publish(attempt, events.SubjectOf(tenant, t), raw)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		w.unpublished.Add(1)
		pause.For(ctx, 50*time.Millisecond)
	}
}

// connect creates a connection that suspends for some seconds.
func (w *world) connect(id string, suspendFor events.Seconds, with ...func(*events.Connection)) {
	w.Helper()
	c := events.Connection{
		ID: id, Name: "Connection " + id, Type: "http", Kind: events.Shared, SuspendFor: suspendFor,
		Availability: events.Availability{Level: "tenant"}, Owners: []string{"ann"}, Actor: events.ActorSystem,
		Auth:     events.AuthSettings{Method: "basic"},
		Settings: json.RawMessage(fmt.Sprintf(`{"base_url":%q,"test_path":"/me"}`, w.base+"/basic")),
	}
	for _, change := range with {
		change(&c)
	}
	if c.Auth.Method == "basic" {
		w.password(id, "demo-password")
	}
	if err := w.publish(w.Context(), events.ConnectionCreated, c); err != nil {
		w.Fatal(err)
	}
}

// secretPath is where a connection's secret is, below secret/.
func secretPath(id string) string { return "holdfast/" + tenant + "/conn/" + id + "/config" }

// password writes a connection's secret to Vault.
func (w *world) password(id, password string) {
	w.Helper()
	w.vault.Put(w, secretPath(id), map[string]any{"username": "demo", "password": password})
}

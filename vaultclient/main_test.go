package vaultclient

import (
	"bytes"
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watched is an Observer that remembers.
type watched struct {
	mu     sync.Mutex
	calls  map[string]int // op/outcome
	hits   int
	misses int
}

func (w *watched) VaultCall(op, outcome string, _ time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		w.calls = make(map[string]int)
	}
	w.calls[op+"/"+outcome]++
}

func (w *watched) CacheLookup(hit bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if hit {
		w.hits++
	} else {
		w.misses++
	}
}

func (w *watched) count(call string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[call]
}

// rig is a client before a real Vault, with a proxy between them.
type rig struct {
	vault  *testkit.Vault
	proxy  *testkit.Proxy
	client *Client
	seen   *watched
	log    *syncBuffer
}

// newRig starts Vault, proxy and client; the client logs in with worker.hcl through AppRole unless change
// says otherwise.
func newRig(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{vault: testkit.StartVault(t)}
	r.proxy = testkit.StartProxy(t, r.vault.Address)
	r.vault.Policy(t, "worker", policyFile(t, "worker.hcl"))
	role, id := r.vault.AppRole(t, "worker", []string{"worker"})
	r.client = r.start(t, append([]func(*Config){func(c *Config) {
		c.Auth = AuthConfig{Method: MethodAppRole, RoleID: role, SecretID: secret.New(id), Token: c.Auth.Token}
	}}, change...)...)
	return r
}

// start makes one more client on the rig's proxy, started and closed with the test.
func (r *rig) start(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	c := r.newClient(t, change...)
	if err := c.Start(t.Context()); err != nil {
		t.Fatalf("start: %v (%s)", err, fault.From(err).Hint)
	}
	return c
}

func (r *rig) newClient(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Default()
	cfg.Address = r.proxy.Address
	cfg.Auth = AuthConfig{Method: MethodToken, Token: secret.New(r.vault.RootToken)}
	for _, f := range change {
		f(&cfg)
	}
	r.seen, r.log = &watched{}, &syncBuffer{}
	c, err := New(cfg, zerolog.New(r.log), r.seen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func policyFile(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../deploy/vault/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func wantReason(t *testing.T, err error, want fault.Reason) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if got := fault.From(err).Reason; got != want {
		t.Fatalf("reason %s (%v), want %s", got, err, want)
	}
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

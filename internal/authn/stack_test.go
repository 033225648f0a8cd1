package authn_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/authn"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
	"holdfast/vaultclient"
)

func TestMain(m *testing.M) {
	// The embedded server goes on for some seconds trying to set up the source of a history that was shut down
	// at once.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

const canarySecret = "canary-client-secret-41d0"

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	add time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.add)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add += d
}

// stack is a real Vault, a real provider, a real bus, and workers' authenticators on them.
type stack struct {
	vault *testkit.Vault
	idp   *testkit.IDP
	front *testkit.Proxy // before Vault
	bus   *bus.Bus
	clock *clock
	// tokenURL is the provider's, or that of what stands before it.
	tokenURL string
}

func newStack(t *testing.T) *stack {
	t.Helper()
	_, b := testkit.StartBus(t)
	s := &stack{vault: testkit.StartVault(t), idp: testkit.StartIDP(t), bus: b, clock: &clock{}}
	s.front = testkit.StartProxy(t, s.vault.Address)
	s.tokenURL = s.idp.TokenURL()
	s.idp.User(t, "ann", "pw")
	s.client(t, "1h")
	return s
}

// client registers the client "app", whose access tokens live for ttl.
func (s *stack) client(t *testing.T, ttl string) {
	t.Helper()
	s.idp.Client(t, "app", testkit.IDPClient{Secret: canarySecret, AccessTokenTTL: ttl})
}

// worker is a worker's view of Vault, and its authenticator.
type worker struct {
	*authn.Authenticator
	vault *vaultclient.Client
}

func (s *stack) worker(t *testing.T, with ...func(*authn.Options)) *worker {
	t.Helper()
	cfg := vaultclient.Default()
	cfg.Address, cfg.CacheTTL = s.front.Address, time.Second
	cfg.Auth = vaultclient.AuthConfig{Method: vaultclient.MethodToken, Token: secret.New(s.vault.RootToken)}
	v, err := vaultclient.New(cfg, testkit.Logger(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	client := oauth.New(oauth.Options{Clock: s.clock, Transport: &http.Transport{DisableKeepAlives: true}})
	t.Cleanup(client.Close)
	o := authn.Options{OAuth: client, Tokens: v, Leases: authn.LeasesFrom(s.bus.Leases().Acquire), Clock: s.clock}
	for _, w := range with {
		w(&o)
	}
	a := authn.New(o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &worker{a, v}
}

func (w *worker) auth(ctx context.Context, e *connection.Entry) (credential.Credential, error) {
	s, err := w.vault.Config(ctx, e.Tenant, e.ID, true)
	if err != nil {
		return credential.Credential{}, err
	}
	return w.Authenticate(ctx, e, s, time.Time{})
}

func (s *stack) entry(method credential.Method, id string) *connection.Entry {
	return &connection.Entry{Generation: 7, Connection: events.Connection{
		Tenant: "acme", ID: id,
		Auth: events.AuthSettings{Method: string(method), TokenURL: s.tokenURL, ClientID: "app", Scopes: []string{"api"}},
	}}
}

func (s *stack) put(t *testing.T, id string, fields map[string]any) int {
	t.Helper()
	return s.vault.Put(t, fmt.Sprintf("holdfast/acme/conn/%s/config", id), fields)
}

// authorize writes a new refresh token into the connection's config secret.
func (s *stack) authorize(t *testing.T, id string) *connection.Entry {
	t.Helper()
	s.put(t, id, map[string]any{"client_secret": canarySecret, "refresh_token": s.idp.Grant(t, "app", "ann").RefreshToken})
	return s.entry(credential.RefreshToken, id)
}

// refreshes is how many refresh requests the provider saw; reused must stay 0.
func (s *stack) refreshes(t *testing.T) int {
	t.Helper()
	c := s.idp.Calls(t)
	if c.RefreshReused != 0 {
		t.Errorf("%d refresh tokens were used twice", c.RefreshReused)
	}
	return c.Grants["refresh_token"]
}

func reason(err error) fault.Reason {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

func pick[T any](v T) *T { return &v }

// loseAnswers makes the provider work and stay silent, n times.
func (s *stack) loseAnswers(t *testing.T, n int) {
	t.Helper()
	s.idp.Faults(t, map[string]testkit.IDPFault{"token": {Mode: "none", LoseAnswer: true, Count: pick(n)}})
}

// onTokenWrite answers writes into Vault in its stead, from the one after the first skip on, for as many as
// there are in count (0: all).
func (s *stack) onTokenWrite(skip, count int, answer http.HandlerFunc) {
	var mu sync.Mutex
	seen := 0
	s.front.Intercept(func(r *http.Request) bool {
		if r.Method != http.MethodPatch && r.Method != http.MethodPut && r.Method != http.MethodPost {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		seen++
		return seen > skip && (count == 0 || seen <= skip+count)
	}, answer)
}

// sealed is what a sealed Vault answers.
func sealed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(`{"errors":["Vault is sealed"]}`))
}

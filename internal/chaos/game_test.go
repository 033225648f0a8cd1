//go:build gameday

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/pause"
	"holdfast/internal/scrape"
	"holdfast/internal/testkit"
)

// game is three hosts with a server of the cluster and a worker on each, whose clocks are minutes apart. Vault, the
// provider and the target are on this machine; workers reach Vault and the provider through proxies.
type game struct {
	*load

	hosts    *testkit.Hosts
	front    *testkit.Proxy // before Vault
	idp      *testkit.IDP
	tokens   string // the token endpoint's URL
	watchers []*scrape.Worker
	wrong    wrongs
}

// clocks are how far ahead the workers' clocks are. One that is more than five minutes behind would take every event
// for one from the future.
var clocks = []time.Duration{0, -7 * time.Minute, 11 * time.Minute}

// The connections of the game: some with a way to authenticate each that always works, one whose provider
// becomes unusable, and some whose passwords are wrong now and then.
const (
	withPassword = "password"
	withClient   = "client"
	withRefresh  = "refresh"
	unusable     = "unusable"
	fragile      = 4

	waitFor       = 3600 // seconds that a suspended run waits: longer than any game
	patience      = 8 * time.Second
	gameTokenLife = "5s"
	gameSecret    = "app-client-secret"
	gameTarget    = "target"
)

// steadies are those whose credentials are right all the time.
var steadies = []string{withPassword, withClient, withRefresh, unusable}

func fragileName(i int) string { return fmt.Sprintf("fragile-%d", i) }

func newGame(t *testing.T) *game {
	t.Helper()
	g := &game{hosts: testkit.StartHosts(t, len(clocks)), idp: testkit.StartIDP(t)}
	g.idp.Client(t, gameTarget, testkit.IDPClient{Secret: gameSecret})
	g.idp.User(t, "ann", "pw")
	g.tokens = testkit.StartProxyAt(t, g.hosts.Here, g.idp.Address).Address + "/token"
	target := devtarget.New(devtarget.Options{Introspection: devtarget.Introspection{
		URL: g.idp.Address + "/introspect", ClientID: gameTarget, ClientSecret: gameSecret,
	}})
	vault := testkit.StartVault(t)
	g.front = testkit.StartProxyAt(t, g.hosts.Here, vault.Address)
	g.load = &load{world: newWorldOn(t, testkit.StartClusterOn(t, g.hosts.All), vault, target, g.hosts.Here)}
	g.config = g.configFile(t, g.settings)
	binary := buildWorker(t, skewed(t)...)
	for i, ahead := range clocks {
		g.startWorker(binary, g.hosts.All[i], runsAhead(ahead))
		g.watch(t, g.hosts.All[i].Address, ahead)
	}
	return g
}

func (g *game) settings(s settings) {
	s["vault"]["address"], s["vault"]["stale_for"] = g.front.Address, "0s" // whoever needs Vault is to feel that it is away
	s["http"]["timeout"] = "3s"
	s["worker"]["provider_patience"], s["worker"]["access_token_renew_ahead"] = patience.String(), "3s"
	s["worker"]["sweep_interval"] = "1h" // as it is by default: a sweep would mend what nothing else does
	s["listen"]["metrics"] = ":9464"
}

// watch waits for a worker to be ready, and checks its clock.
func (g *game) watch(t *testing.T, host string, ahead time.Duration) {
	t.Helper()
	address := "http://" + net.JoinHostPort(host, "9464")
	w, err := scrape.New(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	testkit.Eventually(t, time.Minute, "a worker that is ready", func() bool {
		why, err := w.Ready(t.Context())
		return err == nil && why == ""
	})
	if is := aheadBy(t, address+"/healthz"); (is - ahead).Abs() > 5*time.Second {
		t.Fatalf("a worker's clock is %s ahead, want %s", is, ahead)
	}
	g.watchers = append(g.watchers, w)
}

// connectAll creates the connections, and waits until workers know them.
func (g *game) connectAll(t *testing.T) {
	t.Helper()
	names := []string{withPassword, withClient, withRefresh, unusable}
	g.connect(withPassword, waitFor)
	for i := range fragile {
		names = append(names, fragileName(i))
		g.connect(fragileName(i), waitFor)
	}
	g.authorize(t, withClient, "oauth2_client_credentials")
	g.authorize(t, unusable, "oauth2_client_credentials")
	g.authorize(t, withRefresh, "oauth2_refresh_token")
	registry := g.bus.Registry()
	for _, id := range names {
		testkit.Eventually(t, time.Minute, "connection "+id, func() bool {
			e, _, err := registry.Fresh(t.Context(), tenant, id)
			return err == nil && e != nil && !e.Missing
		})
	}
}

// authorize creates a connection with a client of its own at the provider.
func (g *game) authorize(t *testing.T, id, method string) {
	t.Helper()
	g.idp.Client(t, id, testkit.IDPClient{Secret: gameSecret, AccessTokenTTL: gameTokenLife})
	fields := map[string]any{"client_secret": gameSecret}
	if method == "oauth2_refresh_token" {
		fields["refresh_token"] = g.idp.Grant(t, id, "ann").RefreshToken
	}
	g.vault.Put(t, secretPath(id), fields)
	g.connect(id, waitFor, func(c *events.Connection) {
		c.Auth = events.AuthSettings{Method: method, TokenURL: g.tokens, ClientID: id, Scopes: []string{"api"}}
		c.Settings = json.RawMessage(fmt.Sprintf(`{"base_url":%q}`, g.base+"/bearer"))
	})
}

// run keeps the load up until ctx ends. done waits until all of it is published, and every password right.
func (g *game) run(ctx context.Context, r *rand.Rand) (done func()) {
	var all sync.WaitGroup
	for _, id := range steadies {
		own := rand.New(rand.NewPCG(r.Uint64(), 0))
		all.Go(func() { g.steady(ctx, own, id) })
	}
	for i := range fragile {
		own := rand.New(rand.NewPCG(r.Uint64(), 0))
		all.Go(func() { g.breakAndMend(ctx, own, fragileName(i)) })
	}
	return all.Wait
}

// breakAndMend makes a connection's password wrong and right again, by bare writes to Vault that nobody tells of.
func (g *game) breakAndMend(ctx context.Context, r *rand.Rand, id string) {
	for pause.For(ctx, between(r, 0, 3*time.Second)) {
		g.put(id, "wrong")
		for range 3 {
			g.suspending.Add(10)
			g.burst(context.WithoutCancel(ctx), r, id, 10)
			pause.For(ctx, between(r, 300*time.Millisecond, time.Second))
		}
		g.repairs.Add(1)
		g.put(id, "demo-password")
		g.burst(context.WithoutCancel(ctx), r, id, 5)
	}
}

// put writes a password until Vault has it, and keeps in mind which versions hold a wrong one.
func (g *game) put(id, password string) {
	for {
		ctx, cancel := context.WithTimeout(g.Context(), 5*time.Second)
		version, err := g.vault.TryPut(ctx, secretPath(id), map[string]any{"username": "demo", "password": password})
		cancel()
		if err == nil {
			g.wrong.note(id, version, password != "demo-password")
			return
		}
		if !pause.For(g.Context(), 200*time.Millisecond) {
			return
		}
	}
}

// wrongs are the versions of secrets that hold a wrong password.
type wrongs struct {
	mu    sync.Mutex
	last  map[string]int
	wrong map[string]map[int]bool
}

// note takes a version that was written, and those between it and the last one: they are of tries whose answer was lost.
func (w *wrongs) note(id string, version int, wrong bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		w.last, w.wrong = map[string]int{}, map[string]map[int]bool{}
	}
	if w.wrong[id] == nil {
		w.wrong[id] = map[int]bool{}
	}
	for v := max(w.last[id], 1) + 1; v <= version; v++ { // the first one is the right one that it was created with
		w.wrong[id][v] = wrong
	}
	w.last[id] = version
}

func (w *wrongs) has(id string, version int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrong[id][version]
}

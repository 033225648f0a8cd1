package vaultclient

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/hashicorp/vault/api"
	"github.com/rs/zerolog"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"

	"holdfast/internal/fault"
)

// Client is the one client that a process shares. Its methods may be called from many goroutines.
type Client struct {
	cfg       Config
	log       zerolog.Logger
	obs       Observer
	now       func() time.Time
	api       *api.Client // never carries a token of its own: each request brings the one it means
	rootAPI   *api.Client // the same outside any namespace
	transport *http.Transport
	places    *semaphore.Weighted
	breaker   *gobreaker.CircuitBreaker[struct{}]
	session   *session
	cache     *cache
	life      *lifetime
}

// New makes a client and checks its configuration; nothing is sent before Start. obs may be nil.
func New(cfg Config, log zerolog.Logger, obs Observer) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if obs == nil {
		obs = unobserved{}
	}
	c := &Client{cfg: cfg.withDefaults(), log: log, obs: obs, now: time.Now, life: newLifetime()}
	c.places = semaphore.NewWeighted(int64(c.cfg.MaxInFlight))
	c.breaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:          "vault",
		Timeout:       breakerPause,
		ReadyToTrip:   func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakerTrips },
		IsExcluded:    func(err error) bool { return errors.Is(err, errGaveUp) },
		OnStateChange: c.breakerChanged,
	})
	if err := c.connect(); err != nil {
		return nil, err
	}
	c.session = newSession(c)
	c.cache = newCache(c.cfg.CacheTTL, c.cfg.StaleFor, c.now, c.life.spawn, c.readConfig)
	return c, nil
}

// connect makes the library's client. What the library takes from VAULT_… variables (token, namespace,
// headers, response wrapping) is set back: configuration comes from Config alone.
func (c *Client) connect() error {
	c.transport = cleanhttp.DefaultPooledTransport()
	c.transport.MaxIdleConnsPerHost = c.cfg.MaxInFlight
	// A silent HTTP/2 connection would otherwise swallow requests until TCP gives up, minutes later.
	c.transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: c.cfg.Timeout}
	cfg := &api.Config{
		Address:          c.cfg.Address,
		HttpClient:       &http.Client{Transport: c.transport, CheckRedirect: noRedirect},
		MaxRetries:       0,
		CheckRetry:       func(context.Context, *http.Response, error) (bool, error) { return false, nil },
		DisableRedirects: true,
	}
	if err := configureTLS(cfg, c.transport, c.cfg.TLS); err != nil {
		return err
	}
	client, err := api.NewClient(cfg)
	if err != nil {
		return fault.Wrap(fault.VaultLogin, "the Vault client could not be set up", err).
			WithHint("check the VAULT_… environment variables: the Vault library reads them")
	}
	client.ClearToken()
	client.SetHeaders(http.Header{api.RequestHeaderName: {"true"}})
	client.SetWrappingLookupFunc(func(string, string) string { return "" })
	c.rootAPI = client.WithResponseCallbacks(boundBody)
	c.api = c.rootAPI
	if c.cfg.Namespace != "" {
		c.api = c.rootAPI.WithNamespace(c.cfg.Namespace)
	}
	return nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (c *Client) breakerChanged(_ string, from, to gobreaker.State) {
	level := zerolog.InfoLevel
	if to == gobreaker.StateOpen {
		level = zerolog.WarnLevel
	}
	c.log.WithLevel(level).Stringer("from", from).Stringer("to", to).Msg("vault circuit breaker")
}

// Start logs in, makes sure that the mount is a KV version 2 engine, and keeps logged in until Close. A failed
// Start leaves nothing running and may be repeated. Only whoever may look at all mounts starts without one:
// administrators make it (EnsureMount).
//
// Faults: vault_login, vault_forbidden, vault_no_mount, and the transient ones.
func (c *Client) Start(ctx context.Context) error {
	if err := c.session.start(ctx); err != nil {
		return err
	}
	if err := c.checkMount(ctx); err != nil {
		c.session.startOver()
		return err
	}
	if !c.life.spawn(c.session.keep) {
		return closed()
	}
	return nil
}

// Close ends the renewal and whatever is under way, and waits for it. It may be called again.
func (c *Client) Close() {
	c.life.end()
	c.transport.CloseIdleConnections()
}

// Ready tells whether Vault answers, is unsealed, and holds a valid login of ours.
func (c *Client) Ready(ctx context.Context) error {
	if _, err := c.do(ctx, request{
		op: opHealth, method: http.MethodGet, path: "sys/health", outside: true,
		query: map[string]string{"standbyok": "true", "perfstandbyok": "true"},
	}); err != nil {
		return err
	}
	return c.session.valid()
}

// lifetime is the goroutines of a client: end stops and awaits them all, and no more start after it.
type lifetime struct {
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	wg     sync.WaitGroup
}

func newLifetime() *lifetime {
	l := &lifetime{}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// spawn runs f in the background with a context that ends with the client; false when it has ended already.
func (l *lifetime) spawn(f func(context.Context)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.wg.Go(func() { f(l.ctx) })
	return true
}

func (l *lifetime) end() {
	l.mu.Lock()
	l.cancel()
	l.mu.Unlock()
	l.wg.Wait()
}

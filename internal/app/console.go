package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/console"
	"holdfast/internal/oauth"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
	"holdfast/vaultclient"
)

// answerWithin is how long a page waits for a worker's answer.
const answerWithin = 5 * time.Second

// ConsoleOptions are a console's part of the settings; at is the address that it listens on.
func ConsoleOptions(c config.Config, at net.Addr) console.Options {
	o := console.Options{URL: c.Console.URL, Key: c.Console.Key, Tenant: c.Console.Tenant, TenantClaim: c.Console.TenantClaim,
		UserClaim: c.Console.UserClaim}
	if o.URL == "" && at != nil {
		o.URL = "http://" + at.String()
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	return o
}

// ConsoleLink makes a link for a console that runs elsewhere with the same key.
func ConsoleLink(cfg config.Config, tenant, id, actor string, life time.Duration) (string, error) {
	if cfg.Console.URL == "" || cfg.Console.Key.Empty() {
		return "", errors.New("a link needs the console's address and key: console.url and console.key_file")
	}
	c, err := console.New(console.Ports{Clock: machineClock{}}, ConsoleOptions(cfg, nil), zerolog.Nop())
	if err != nil {
		return "", err
	}
	return c.Link(tenant, id, actor, life)
}

type machineClock struct{}

func (machineClock) Now() time.Time { return time.Now() }

// Console is a console that runs. Stop it.
type Console struct {
	*console.Console

	// URL is where browsers reach it.
	URL string

	server *console.Server
	stops  []func(context.Context) error
}

// StartConsole connects and serves. shown hears what became of a sign-in each time that a browser is told; may
// be nil.
func StartConsole(ctx context.Context, cfg config.Config, log zerolog.Logger, shown func(console.Ended)) (*Console, error) {
	c := &Console{}
	if err := c.start(ctx, cfg, log, shown); err != nil {
		return nil, errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
	}
	return c, nil
}

func (c *Console) start(ctx context.Context, cfg config.Config, log zerolog.Logger, shown func(console.Ended)) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Console.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (choose another address with --console-listen)", cfg.Console.Listen, err)
	}
	o := ConsoleOptions(cfg, l.Addr())
	o.Shown, c.URL = shown, o.URL
	ports, err := c.connect(ctx, cfg, log)
	if err == nil {
		c.Console, err = console.New(ports, o, log)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	c.server = c.Serve(l)
	c.stops = append(c.stops, c.server.Stop)
	return nil
}

// connect makes everything that the console works with.
func (c *Console) connect(ctx context.Context, cfg config.Config, log zerolog.Logger) (console.Ports, error) {
	b, err := bus.Connect(ctx, BusConfig(cfg), log, nil)
	if err != nil {
		return console.Ports{}, fmt.Errorf("connect to the bus: %w", err)
	}
	c.stops = append(c.stops, func(context.Context) error { b.Close(); return nil })
	v, err := vaultclient.New(VaultConfig(cfg), log, nil)
	if err != nil {
		return console.Ports{}, fmt.Errorf("configure Vault: %w", err)
	}
	c.stops = append(c.stops, func(context.Context) error { v.Close(); return nil })
	if err = retryFor(ctx, cfg.NATS.StartTimeout, v.Start); err != nil {
		return console.Ports{}, fmt.Errorf("log in to Vault: %w", err)
	}
	types, err := LoadTypes(cfg)
	if err != nil {
		return console.Ports{}, err
	}
	provider, people, err := c.providers(cfg, b.Clock())
	if err != nil {
		return console.Ports{}, err
	}
	permissions := new(permission.Snapshots)
	if _, err := b.Facts(ctx, permissions); err != nil {
		return console.Ports{}, fmt.Errorf("read users, roles and places: %w", err)
	}
	m, err := ops.NewSession(b).Manager(ctx, types, ops.Secrets{Mount: cfg.Vault.Mount, Prefix: cfg.Vault.Prefix}, answerWithin)
	if err != nil {
		return console.Ports{}, fmt.Errorf("read the connections: %w", err)
	}
	m.Vault, m.Source = v, consoleSource
	m.Permissions = func(context.Context) (*permission.Snapshots, error) { return permissions, nil }
	return console.Ports{Registry: m.Connections, Permissions: permissions, Secrets: v, Changes: m, SignIns: b.SignIns(),
		Provider: provider, People: people, Types: types, Usage: b.Uses(), Clock: b.Clock()}, nil
}

// consoleSource is what events that come from pages name as their source.
const consoleSource = "holdfast/console"

// providers are what asks identity providers: those of connections, whose addresses are guarded, and the
// operator's own for people.
func (c *Console) providers(cfg config.Config, clock oauth.Clock) (*oauth.Client, console.People, error) {
	addresses, err := httpc.ParseAddressPolicy(cfg.HTTP.AllowAddresses)
	if err != nil {
		return nil, nil, err
	}
	guarded := httpc.NewTransport(httpc.Options{Addresses: addresses, Timeout: cfg.HTTP.Timeout})
	provider := oauth.New(oauth.Options{Transport: guarded, Timeout: cfg.HTTP.Timeout, Clock: clock})
	own := oauth.New(oauth.Options{Timeout: cfg.HTTP.Timeout, Clock: clock})
	c.stops = append(c.stops, func(context.Context) error { provider.Close(); own.Close(); return nil })
	if cfg.Console.Issuer == "" {
		return provider, nil, nil
	}
	return provider, oauth.NewSignIn(own, cfg.Console.Issuer, cfg.Console.ClientID, cfg.Console.ClientSecret, c.URL+"/signin/callback"), nil
}

// Stop stops everything, last started first.
func (c *Console) Stop(ctx context.Context) (err error) {
	for i := len(c.stops) - 1; i >= 0; i-- {
		err = errors.Join(err, c.stops[i](ctx))
	}
	c.stops = nil
	return err
}

// RunConsole serves the console until ctx ends, and then stops it.
func RunConsole(ctx context.Context, cfg config.Config, log zerolog.Logger) error {
	c, err := StartConsole(ctx, cfg, log, nil)
	if err != nil {
		return err
	}
	log.Info().Str("url", c.URL).Bool("list", cfg.Console.Issuer != "").Msg("the console is ready")
	select {
	case <-ctx.Done():
	case err = <-c.server.Failed():
	}
	return errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
}

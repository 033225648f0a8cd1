package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
)

const (
	reconnectWait = 250 * time.Millisecond
	dialEvery     = 250 * time.Millisecond
	pingEvery     = 10 * time.Second
	flushTimeout  = 2 * time.Second
)

// dial connects once. Its inbox prefix is its own, so that an answer can not reach the other connection.
func (b *Bus) dial(role string, more ...nats.Option) (*nats.Conn, error) {
	opts := append([]nats.Option{
		nats.Name(b.cfg.Name + " " + role),
		nats.CustomInboxPrefix(b.cfg.InboxPrefix + "." + role),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait, reconnectWait),
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(2),
		nats.Timeout(b.cfg.RequestTimeout),
		nats.ErrorHandler(b.asyncError),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: we closed it ourselves
				b.log.Warn().Str("connection", role).Msg("connection to the bus lost, reconnecting")
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			b.log.Info().Str("connection", role).Msg("connected to the bus again")
			b.obs.Reconnected()
			b.clock.refreshSoon()
		}),
	}, more...)
	opts = append(opts, b.cfg.credentials()...)
	return nats.Connect(strings.Join(b.cfg.URLs, ","), opts...)
}

func (c Config) credentials() []nats.Option {
	var opts []nats.Option
	switch {
	case c.CredsFile != "":
		opts = append(opts, nats.UserCredentials(c.CredsFile))
	case c.NKeyFile != "":
		opts = append(opts, nkey(c.NKeyFile))
	case c.User != "":
		opts = append(opts, nats.UserInfo(c.User, c.Password.Reveal()))
	case !c.Token.Empty():
		opts = append(opts, nats.Token(c.Token.Reveal()))
	}
	if c.TLS.ServerName != "" {
		opts = append(opts, nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.TLS.ServerName}))
	}
	if c.TLS.CAFile != "" {
		opts = append(opts, nats.RootCAs(c.TLS.CAFile))
	}
	if c.TLS.CertFile != "" {
		opts = append(opts, nats.ClientCert(c.TLS.CertFile, c.TLS.KeyFile))
	}
	return opts
}

// nkey reads the seed while connecting, so that a missing file is told as any other trouble at start.
func nkey(file string) nats.Option {
	return func(o *nats.Options) error {
		opt, err := nats.NkeyOptionFromSeed(file)
		if err != nil {
			return fault.Wrap(fault.BusUnavailable, "the nkey file "+file+" can not be used", err).
				WithHint("check that the file exists, is readable, and holds a user's nkey seed")
		}
		return opt(o)
	}
}

func (b *Bus) asyncError(_ *nats.Conn, _ *nats.Subscription, err error) {
	switch {
	case errors.Is(err, nats.ErrPermissionViolation):
		b.denials.record(err)
	case errors.Is(err, nats.ErrSlowConsumer):
		b.log.Error().Msg("the client library dropped messages: slow consumer")
	default:
		b.log.Warn().Str("problem", inWords(err)).Msg("trouble on the bus")
	}
}

// places are the configured addresses without user names and passwords.
func (c Config) places() string {
	var hosts []string
	for _, raw := range c.URLs {
		if u, err := url.Parse(raw); err == nil && u.Host != "" {
			hosts = append(hosts, u.Host)
			continue
		}
		hosts = append(hosts, "an address that is no URL")
	}
	return strings.Join(hosts, ", ")
}

// Oldest server that works at all, and oldest without known trouble (nats-server issue 8594: timers of
// purged keys leak).
var (
	serverMinimum     = version{2, 12, 0}
	serverRecommended = version{2, 15, 2}
)

type version [3]int

func parseVersion(s string) version {
	var v version
	// What does not parse stays 0 and is told as too old.
	_, _ = fmt.Sscanf(s, "%d.%d.%d", &v[0], &v[1], &v[2])
	return v
}

func (v version) before(w version) bool {
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// checkServer refuses servers that are too old, and those without JetStream.
func (b *Bus) checkServer(ctx context.Context) error {
	v := parseVersion(b.publish.ConnectedServerVersion())
	if v.before(serverMinimum) {
		return fault.New(fault.BusUnavailable, "nats-server "+v.String()+" is too old: "+serverMinimum.String()+
			" is the least").WithHint("upgrade nats-server to " + serverRecommended.String() + " or later")
	}
	if v.before(serverRecommended) {
		b.log.Warn().Str("have", v.String()).Str("want", serverRecommended.String()).
			Msg("this nats-server leaks memory for purged timers")
	}
	began := time.Now()
	err := b.once(ctx, func(ctx context.Context) error { _, err := b.js.AccountInfo(ctx); return err })
	if err == nil {
		return nil
	}
	f := b.failed("ask for JetStream", began, err)
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		f = f.WithHint("turn JetStream on: nats-server -js, or jetstream {} in its configuration and for the account")
	}
	return f
}

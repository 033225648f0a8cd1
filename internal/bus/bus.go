package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// Bus is a connected client: two connections, so that a burst of deliveries can not hold up publishing.
// Close it.
type Bus struct {
	cfg     Config
	log     zerolog.Logger
	obs     Observer
	denials *denials
	lags    lags

	consume *nats.Conn
	publish *nats.Conn
	js      jetstream.JetStream // on publish
	clock   *Clock

	ctx    context.Context // ends with Close
	stop   context.CancelFunc
	tasks  sync.WaitGroup // what runs until Close
	closed sync.Once

	mu      sync.Mutex
	streams map[string]jetstream.Stream
	feeds   []*feed
	subs    []*Subscription
}

// Connect connects and checks the server: its version, JetStream, the least permissions. It retries for
// cfg.StartTimeout and then says what is wrong; a server that is too old is refused at once. obs may be nil.
func Connect(ctx context.Context, cfg Config, log zerolog.Logger, obs Observer) (*Bus, error) {
	if obs == nil {
		obs = nobody{}
	}
	b := &Bus{cfg: cfg.withDefaults(), log: log, obs: obs, streams: make(map[string]jetstream.Stream)}
	b.denials = &denials{log: log, obs: obs}
	b.ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.clock = newClock(b)
	if err := b.start(ctx); err != nil {
		b.Close()
		return nil, err
	}
	b.tasks.Go(b.clock.run)
	return b, nil
}

// start tries until it works, StartTimeout has passed, or what is wrong will not pass by itself.
func (b *Bus) start(ctx context.Context) error {
	deadline := time.Now().Add(b.cfg.StartTimeout)
	for told := false; ; told = true {
		err := b.startOnce(ctx)
		if err == nil {
			return nil
		}
		f := b.failed("connect to "+b.cfg.places(), time.Now(), err)
		if f.Hint == "" {
			f = f.WithHint("is the server running there, and are URL, user and TLS files right?")
		}
		tooOld := b.publish != nil && parseVersion(b.publish.ConnectedServerVersion()).before(serverMinimum)
		if tooOld || time.Now().After(deadline) {
			return f
		}
		if !told {
			b.log.Warn().Str("problem", f.Detail).Dur("for", b.cfg.StartTimeout).Msg("the bus is not ready, trying on")
		}
		if !pause.For(ctx, dialEvery) {
			return f
		}
	}
}

func (b *Bus) startOnce(ctx context.Context) (err error) {
	if b.consume == nil {
		if b.consume, err = b.dial("consume"); err != nil {
			return err
		}
	}
	if b.publish == nil {
		// No buffer: what can not be sent now is told now, and retried with what is true then.
		if b.publish, err = b.dial("publish", nats.ReconnectBufSize(-1)); err != nil {
			return err
		}
		if b.js, err = jetstream.New(b.publish); err != nil {
			return err
		}
	}
	return b.checkServer(ctx)
}

// Ready is nil when both connections are up, no permission was refused within the last minute, every
// subscription can pull, and every cache has its first snapshot.
func (b *Bus) Ready(ctx context.Context) error {
	for _, nc := range []*nats.Conn{b.consume, b.publish} {
		if !nc.IsConnected() {
			return fault.New(fault.BusUnavailable, "not connected to "+b.cfg.places())
		}
	}
	if n, ok := b.denials.since(time.Now().Add(-denialsRecent)); ok {
		return n.fault()
	}
	b.mu.Lock()
	feeds, subs := b.feeds, b.subs
	b.mu.Unlock()
	for _, f := range feeds {
		if err := f.ready(ctx); err != nil {
			return err
		}
	}
	for _, s := range subs {
		if err := s.trouble(); err != nil {
			return err
		}
	}
	return nil
}

// MaxPayload is the largest message the server takes, in bytes.
func (b *Bus) MaxPayload() int64 { return b.publish.MaxPayload() }

// Places are the servers' addresses as configured, without user names and passwords.
func (b *Bus) Places() string { return b.cfg.places() }

// Clock is the bus's time.
func (b *Bus) Clock() *Clock { return b.clock }

// Drain drains every subscription, at the same time.
func (b *Bus) Drain(ctx context.Context) error {
	b.mu.Lock()
	subs := b.subs
	b.mu.Unlock()
	errs := make([]error, len(subs))
	var all sync.WaitGroup
	for i, s := range subs {
		all.Go(func() { errs[i] = s.Drain(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Close hands back what subscriptions hold, ends every task, and closes both connections. It is bounded
// in time, and calling it again does nothing.
func (b *Bus) Close() {
	b.closed.Do(func() {
		now, cancel := context.WithCancel(b.ctx)
		cancel() // drain without waiting for handlers
		_ = b.Drain(now)
		b.stop()
		b.tasks.Wait()
		for _, nc := range []*nats.Conn{b.consume, b.publish} {
			if nc == nil {
				continue
			}
			if nc.IsConnected() {
				_ = nc.FlushTimeout(flushTimeout) // best effort: acknowledgements that are lost come again
			}
			nc.Close()
		}
	})
}

// stream is a handle for reading, looked up once. A stream that would answer from a replica is refused:
// what is looked at here is what its leader has.
func (b *Bus) stream(ctx context.Context, name string) (jetstream.Stream, error) {
	b.mu.Lock()
	s, ok := b.streams[name]
	b.mu.Unlock()
	if ok {
		return s, nil
	}
	err := b.try(ctx, "look up stream "+name, func(ctx context.Context) (err error) {
		s, err = b.js.Stream(ctx, name)
		return err
	})
	if missing(err) {
		return nil, fault.Wrap(fault.BusUnavailable, "there is no stream "+name, err).WithHint(setupHint)
	}
	if err != nil {
		return nil, err
	}
	if s.CachedInfo().Config.AllowDirect {
		return nil, fault.New(fault.BusUnavailable, "stream "+name+" allows direct gets, so reads may be stale").
			WithHint(setupHint)
	}
	b.mu.Lock()
	b.streams[name] = s
	b.mu.Unlock()
	return s, nil
}

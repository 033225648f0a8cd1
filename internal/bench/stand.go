package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"holdfast/internal/bus"
	"holdfast/internal/devproc"
	"holdfast/internal/fault"
)

// stand is the test stand: a bus, a Vault, perhaps a provider, and connections of our own to look with.
type stand struct {
	options  Options
	progress *progress

	url      string
	server   *devproc.Process // nil: somebody else's
	nc       *nats.Conn
	js       jetstream.JetStream
	bus      *bus.Bus
	vault    *vault
	provider *provider

	stops []func()
}

// withStand builds a stand, runs f on it, and takes it down.
func withStand(ctx context.Context, o Options, withProvider bool, f func(*stand) error) error {
	s := &stand{options: o, progress: watch(o)}
	defer s.stop()
	parts := []func(context.Context) error{s.startVault, s.startBus, s.refuseOthers}
	if withProvider {
		parts = append(parts, s.startProvider)
	}
	for _, part := range parts {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return errors.Join(f(s), s.clear(context.WithoutCancel(ctx)))
}

func (s *stand) onStop(f func()) { s.stops = append(s.stops, f) }

func (s *stand) stop() {
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i]()
	}
	s.progress.end()
}

func (s *stand) startVault(ctx context.Context) (err error) {
	if s.vault, err = startVault(ctx, s.options, s.progress.tell); err != nil {
		return fmt.Errorf("start Vault: %w", err)
	}
	s.onStop(s.vault.stop)
	return nil
}

func (s *stand) startProvider(ctx context.Context) (err error) {
	if s.provider, err = startProvider(ctx, s.progress.tell); err != nil {
		return fmt.Errorf("start the provider: %w", err)
	}
	s.onStop(s.provider.stop)
	return nil
}

func (s *stand) startBus(ctx context.Context) (err error) {
	if s.url = s.options.NATSURL; s.url == "" {
		if err := s.ownServer(ctx); err != nil {
			return err
		}
	}
	if s.bus, err = bus.Connect(ctx, bus.Config{URLs: []string{s.url}, Name: "holdfast-bench"}, zerolog.Nop(), nil); err != nil {
		return err
	}
	s.onStop(s.bus.Close)
	if s.nc, s.js, err = connect(s.url); err != nil {
		return err
	}
	s.onStop(s.nc.Close)
	return nil
}

func (s *stand) ownServer(ctx context.Context) error {
	store, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return err
	}
	s.onStop(func() { _ = os.RemoveAll(store) })
	if s.server, s.url, err = startServer(ctx, store); err != nil {
		return err
	}
	s.onStop(s.server.Kill)
	return nil
}

func connect(url string) (*nats.Conn, jetstream.JetStream, error) {
	nc, err := nats.Connect(url, nats.Name("holdfast-bench"))
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the bus: %w", err)
	}
	js, err := jetstream.New(nc)
	return nc, js, err
}

// ours tells whether a stream is one that Holdfast makes.
func ours(name string) bool {
	return strings.HasPrefix(name, "HF_") || strings.HasPrefix(name, "KV_hf_")
}

// refuseOthers keeps us from deleting what somebody works with.
func (s *stand) refuseOthers(ctx context.Context) error {
	names := s.js.StreamNames(ctx)
	for name := range names.Name() {
		if ours(name) {
			return fault.New(fault.Conflict, "the NATS server holds streams of Holdfast's, which the benchmark would delete").
				WithHint("unset NATS_URL, or name a server that nobody works with")
		}
	}
	return names.Err()
}

// clear deletes every stream of ours.
func (s *stand) clear(ctx context.Context) error {
	names := s.js.StreamNames(ctx)
	var all []string
	for name := range names.Name() {
		if ours(name) {
			all = append(all, name)
		}
	}
	for _, name := range all {
		if err := s.js.DeleteStream(ctx, name); err != nil {
			return fmt.Errorf("delete stream %s: %w", name, err)
		}
	}
	return names.Err()
}

// fresh makes all streams and consumers anew, as `holdfast setup` does.
func (s *stand) fresh(ctx context.Context) error {
	if err := s.clear(ctx); err != nil {
		return err
	}
	_, err := s.bus.Setup(ctx, bus.SetupConfig{Replicas: 1})
	return err
}

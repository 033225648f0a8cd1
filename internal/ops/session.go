package ops

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/bus"
	"holdfast/internal/pause"
	"holdfast/internal/permission"
)

// patience is how long a person waits for a bus that does not answer. Workers wait for nats.start_timeout.
const patience = 5 * time.Second

// Session is an operator's connection to the bus. Close it.
type Session struct {
	bus         *bus.Bus
	permissions *permission.Snapshots // nil until somebody asked
	facts       *bus.Facts            // what they are made of
}

// Open connects.
func Open(ctx context.Context, cfg bus.Config, log zerolog.Logger) (*Session, error) {
	cfg.StartTimeout = min(cfg.StartTimeout, patience)
	b, err := bus.Connect(ctx, cfg, log, nil)
	if err != nil {
		return nil, err
	}
	return &Session{bus: b}, nil
}

// NewSession is one on a connection that somebody else opened, and closes.
func NewSession(b *bus.Bus) *Session { return &Session{bus: b} }

// Close ends the session.
func (s *Session) Close() { s.bus.Close() }

// Setup makes streams, buckets and consumers what they should be.
func (s *Session) Setup(ctx context.Context, c bus.SetupConfig) (bus.Report, error) {
	return s.bus.Setup(ctx, c)
}

// Chains gives the suspensions.
func (s *Session) Chains() Chains { return s.bus.Journal() }

// Records gives what reads streams.
func (s *Session) Records() Records { return s.bus }

// Places are the bus's servers.
func (s *Session) Places() string { return s.bus.Places() }

// Looks gives what looks at streams and consumers.
func (s *Session) Looks() Looks { return s.bus }

// Publisher gives what publishes.
func (s *Session) Publisher() Publisher { return s.bus }

// Clock gives the bus's time.
func (s *Session) Clock() Clock { return s.bus.Clock() }

// Bus gives the connection itself, for what is wired elsewhere.
func (s *Session) Bus() *bus.Bus { return s.bus }

// Connections gives the registry once all of it is read.
func (s *Session) Connections(ctx context.Context) (Connections, error) { return s.ReadRegistry(ctx) }

// ReadRegistry is Connections for whoever needs more of it.
func (s *Session) ReadRegistry(ctx context.Context) (*bus.Registry, error) {
	registry := s.bus.Registry()
	err := pause.Until(ctx, 20*time.Millisecond, func() (bool, error) { return s.bus.Ready(ctx) == nil, nil })
	if err != nil {
		if why := s.bus.Ready(context.WithoutCancel(ctx)); why != nil {
			return nil, why
		}
		return nil, err
	}
	return registry, nil
}

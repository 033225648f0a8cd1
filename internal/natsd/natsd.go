// Package natsd is a NATS server with JetStream inside this process: for `holdfast dev`, for tests, and for
// those to whom one node is enough.
package natsd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
)

// Options of a server.
type Options struct {
	// StoreDir is where streams are kept; it is made when missing. One server at a time may use it.
	StoreDir string
	Host     string // default 127.0.0.1
	Port     int    // 0: any free port
	// SyncAlways has what is confirmed on disk, so that a power cut loses nothing. Without it, writing is
	// left to the operating system: several times faster; a crash of this process still loses nothing, a
	// power cut may lose what was confirmed in the last moments.
	SyncAlways bool
	// MaxPayload in bytes; default 9 MiB, so that what is too large for Holdfast still arrives and gets its
	// answer.
	MaxPayload int32
	// ConfigFile is a nats-server configuration to start from, for users and permissions; may be empty.
	ConfigFile string
	ServerName string
}

// Server is a running server.
type Server struct {
	nats *server.Server
	lock *flock.Flock
	stop sync.Once
}

const (
	defaultPayload = 9 << 20
	startTimeout   = 30 * time.Second
)

// ErrStoreInUse is that another server uses the folder: two on one folder would lose data silently.
var ErrStoreInUse = errors.New("another NATS server uses this folder")

// Start starts a server and waits until it takes connections.
func Start(o Options) (*Server, error) {
	opts, err := o.server()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.StoreDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the store's folder: %w", err)
	}
	lock := flock.New(filepath.Join(o.StoreDir, "holdfast.lock"))
	mine, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the store %s: %w", o.StoreDir, err)
	}
	if !mine {
		return nil, fmt.Errorf("%s: %w: stop it, or choose another folder", o.StoreDir, ErrStoreInUse)
	}
	s, err := run(opts)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return &Server{nats: s, lock: lock}, nil
}

func run(opts *server.Options) (*server.Server, error) {
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("set the NATS server up: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("the NATS server was not ready within %s: is port %d taken?", startTimeout, opts.Port)
	}
	return s, nil
}

func (o Options) server() (*server.Options, error) {
	opts := new(server.Options)
	if o.ConfigFile != "" {
		var err error
		if opts, err = server.ProcessConfigFile(o.ConfigFile); err != nil {
			return nil, fmt.Errorf("read %s: %w", o.ConfigFile, err)
		}
	}
	opts.ServerName, opts.StoreDir, opts.SyncAlways = o.ServerName, o.StoreDir, o.SyncAlways
	opts.Host, opts.Port, opts.MaxPayload = o.Host, o.Port, o.MaxPayload
	opts.JetStream, opts.NoSigs, opts.NoLog = true, true, true
	if opts.Host == "" {
		opts.Host = "127.0.0.1"
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	if opts.MaxPayload == 0 {
		opts.MaxPayload = defaultPayload
	}
	return opts, nil
}

// ClientURL is where clients connect.
func (s *Server) ClientURL() string { return s.nats.ClientURL() }

// Port is where it listens; 0 once it is shut down.
func (s *Server) Port() int {
	if a, ok := s.nats.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// Version is the server's.
func (s *Server) Version() string { return server.VERSION }

// Shutdown stops the server, waits until it has stopped, and unlocks the store. Calling it again does
// nothing.
func (s *Server) Shutdown() {
	s.stop.Do(func() {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
		_ = s.lock.Unlock() // the lock goes with the process at the latest
	})
}

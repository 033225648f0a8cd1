package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/physical"
	"github.com/hashicorp/vault/vault"
)

const (
	startTimeout = 30 * time.Second
	drainTimeout = 3 * time.Second
)

// server is a running Vault.
type server struct {
	Address string
	Keys    keys

	core    *vault.Core
	store   physical.Backend
	http    *http.Server
	failed  chan error
	release func() error
}

// start returns when the server answers. It listens last, so that nobody meets
// a server that is not set up yet.
func start(ctx context.Context, o options, stderr io.Writer) (_ *server, err error) {
	log := hclog.New(&hclog.LoggerOptions{
		Name: "devvault", Level: hclog.LevelFromString(o.logLevel), Output: stderr,
	})
	s := &server{failed: make(chan error, 1), release: func() error { return nil }}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if err := s.openCore(ctx, o, log); err != nil {
		return nil, err
	}
	err = s.listen(ctx, o, log)
	return s, err
}

func (s *server) openCore(ctx context.Context, o options, log hclog.Logger) (err error) {
	if o.storage != storageMemory {
		if err := os.MkdirAll(o.data, 0o700); err != nil {
			return err
		}
		if s.release, err = lockData(o.data); err != nil {
			s.release = func() error { return nil }
			return err
		}
	}
	if s.store, err = openStorage(o.storage, o.data, log); err != nil {
		return fmt.Errorf("open storage: %w", err)
	}
	if s.core, err = newCore(o, s.store, log); err != nil {
		return fmt.Errorf("start core: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s.Keys, err = open(ctx, s.core, o)
	return err
}

func (s *server) listen(ctx context.Context, o options, log hclog.Logger) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if o.tlsCert != "" {
		cert, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		scheme = "https"
		// A client certificate is asked for, never demanded: the cert auth
		// method is what looks at it.
		ln = tls.NewListener(ln, &tls.Config{
			Certificates: []tls.Certificate{cert},
			ClientAuth:   tls.RequestClientCert,
			MinVersion:   tls.VersionTLS12,
			NextProtos:   []string{"http/1.1"},
		})
	}
	s.Address = scheme + "://" + ln.Addr().String()
	s.http = &http.Server{
		Handler:           s.handler(ln.Addr().String()),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.StandardLogger(nil),
	}
	go func() {
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	return nil
}

func (s *server) handler(address string) http.Handler {
	return vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core: s.core,
		// Requests fail without a listener's limits: no time means no time left.
		ListenerConfig: &configutil.Listener{
			Type:               "tcp",
			Address:            address,
			MaxRequestDuration: vault.DefaultMaxRequestDuration,
			MaxRequestSize:     vaulthttp.DefaultMaxRequestSize,
		},
	})
}

// stop ends what start began, the last first. It is bounded in time, and may be
// called on a server that started half.
func (s *server) stop() error {
	var errs []error
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
		defer cancel()
		if err := s.http.Shutdown(ctx); err != nil {
			errs = append(errs, s.http.Close())
		}
	}
	if s.core != nil {
		errs = append(errs, s.core.Shutdown())
	}
	if s.store != nil {
		errs = append(errs, closeStorage(s.store))
	}
	return errors.Join(append(errs, s.release())...)
}

package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout = 10 * time.Second
	drainTimeout  = 15 * time.Second
)

// Server is a console that listens.
type Server struct {
	http   *http.Server
	served chan error
}

// Serve begins to answer on a listener, which it closes at the end.
func (c *Console) Serve(l net.Listener) *Server {
	s := &Server{http: &http.Server{Handler: c.Handler(), ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: maxForm}, served: make(chan error, 1)}
	go func() { s.served <- s.http.Serve(l) }()
	return s
}

// Failed gives the error of a server that ended by itself.
func (s *Server) Failed() <-chan error { return s.served }

// Stop lets requests finish for a while.
func (s *Server) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}

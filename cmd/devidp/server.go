package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const drainTimeout = 3 * time.Second

// server is a running provider.
type server struct {
	address string
	idp     *provider
	faults  *faults
	calls   *calls

	// turn lets one request at a time into the engine: its memory store locks
	// each map, but not the steps between them, so two refreshes of one token
	// could both win.
	turn sync.Mutex

	http     *http.Server
	failed   chan error
	stopping context.CancelFunc
}

func start(ctx context.Context, o options) (*server, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return nil, err
	}
	s := &server{
		address: "http://" + ln.Addr().String(),
		faults:  newFaults(),
		calls:   newCalls(),
		failed:  make(chan error, 1),
	}
	if o.issuer == "" {
		o.issuer = s.address
	}
	if s.idp, err = newProvider(o.issuer, s.calls); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	if o.state != "" {
		if err := s.idp.loadState(ctx, o.state); err != nil {
			return nil, errors.Join(err, ln.Close())
		}
	}
	s.serve(ln)
	return s, nil
}

func (s *server) serve(ln net.Listener) {
	// Requests that a fault holds back end when the server does.
	base, cancel := context.WithCancel(context.Background())
	s.stopping = cancel
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	go func() {
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	// What the protocol names: each call is counted, each may be made to fail.
	for path, handler := range map[string]http.HandlerFunc{
		"authorize":  s.authorize,
		"token":      s.token,
		"introspect": s.introspect,
		"revoke":     s.revoke,
		"userinfo":   s.userinfo,
		"jwks":       s.jwks,
		"discovery":  s.discovery,

		"device_authorization": s.deviceAuthorization,
		"device":               s.devicePerson,
	} {
		full := "/" + path
		if path == "discovery" {
			full = "/.well-known/openid-configuration"
		}
		mux.Handle(full, s.counted(path, s.faulty(path, handler)))
	}
	s.adminRoutes(mux)
	return mux
}

// counted notes the call before anything can keep it from being answered.
func (s *server) counted(endpoint string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // a broken form is for the engine to refuse
		s.calls.seen(endpoint, r)
		next.ServeHTTP(w, r)
	})
}

// stop is bounded: what does not end in time is cut off.
func (s *server) stop() error {
	s.stopping()
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}

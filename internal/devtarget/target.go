// Package devtarget is the target system of the development stack: an HTTP server with resources behind
// Basic, bearer and API-key authentication that counts what reaches it and can be told to misbehave. For
// development and tests only: whoever reaches /admin owns it.
//
//	/basic/{path...}    needs the user name and password (RFC 7617)
//	/bearer/{path...}   needs a token that the introspection endpoint calls active (RFC 7662)
//	/key/{path...}      needs X-Api-Key
//	POST /…/items       an effect, noted by its Idempotency-Key
//	/echo               repeats the request's headers and body
//	/echo-401           the same as a 401 that repeats the Authorization header
//	/status/{code}      answers with that status
//	/slow?ms=250        answers after that many milliseconds
//	/admin/…            see admin.go
package devtarget

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options say who may enter.
type Options struct {
	// User and Password are what /basic wants ("demo", "demo-password").
	User, Password string
	// APIKey is what /key wants ("demo-key").
	APIKey string
	// Introspection is where /bearer asks about tokens; without a URL it answers 503.
	Introspection Introspection
}

// Target is the server. Its zero value is of no use; make it with New.
type Target struct {
	options Options
	client  *http.Client
	mux     *http.ServeMux

	mu       sync.Mutex
	user     string
	password string
	calls    map[string]map[string]int
	effects  map[string]int
	fault    *Fault
	holds    map[string]*Held // by Idempotency-Key

	server *http.Server
	done   chan struct{}
}

// New makes a target that is not listening yet; it is an http.Handler as it is.
func New(o Options) *Target {
	o.APIKey = cmp.Or(o.APIKey, "demo-key")
	t := &Target{
		options:  o,
		client:   &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
		mux:      http.NewServeMux(),
		user:     cmp.Or(o.User, "demo"),
		password: cmp.Or(o.Password, "demo-password"),
		calls:    make(map[string]map[string]int),
		effects:  make(map[string]int),
		holds:    make(map[string]*Held),
	}
	t.routes()
	return t
}

func (t *Target) routes() {
	t.protect("basic", t.basic)
	t.protect("bearer", t.bearer)
	t.protect("key", t.key)
	t.open("echo", "/echo", echo)
	t.open("echo-401", "/echo-401", echo401)
	t.open("status", "/status/{code}", status)
	t.open("slow", "/slow", slow)
	t.mux.HandleFunc("PUT /admin/password", t.putPassword)
	t.mux.HandleFunc("PUT /admin/fault", t.putFault)
	t.mux.HandleFunc("DELETE /admin/fault", t.deleteFault)
	t.mux.HandleFunc("DELETE /admin", t.deleteAll)
	t.mux.HandleFunc("GET /admin/calls", t.getCalls)
	t.mux.HandleFunc("DELETE /admin/calls", t.deleteCalls)
	t.mux.HandleFunc("GET /admin/effects", t.getEffects)
	t.mux.HandleFunc("GET /admin/effects.jsonl", t.getEffectsLog)
	t.mux.HandleFunc("DELETE /admin/effects", t.deleteEffects)
}

// ServeHTTP answers one request.
func (t *Target) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// Start listens on an address ("127.0.0.1:0") and says which one it became. A target starts once.
func (t *Target) Start(listen string) (addr string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server != nil {
		return "", errors.New("the target system was started before")
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", listen)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: t, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	t.server, t.done = server, make(chan struct{})
	go func(done chan<- struct{}) {
		defer close(done)
		_ = server.Serve(l) // always ErrServerClosed, or the listener's end
	}(t.done)
	return l.Addr().String(), nil
}

// Stop lets requests in flight finish until the context ends, then cuts them off. It may be called again.
func (t *Target) Stop(ctx context.Context) error {
	defer t.client.CloseIdleConnections()
	t.mu.Lock()
	server, done := t.server, t.done
	t.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Shutdown(ctx)
	if err != nil {
		err = server.Close()
	}
	<-done
	return err
}

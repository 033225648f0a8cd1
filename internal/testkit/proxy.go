package testkit

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Call is one request that a Proxy saw.
type Call struct{ Method, Path string }

// Proxy stands before an HTTP server on a socket of its own, counts what passes, and answers in the server's
// stead when told to.
type Proxy struct {
	Address string

	mu        sync.Mutex
	calls     []Call
	headers   []http.Header
	inFlight  int
	most      int
	intercept http.HandlerFunc
	only      func(*http.Request) bool
	forward   *httputil.ReverseProxy
}

// StartProxy starts a proxy before target (a base URL) and stops it when the test ends.
func StartProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	return StartProxyAt(tb, "127.0.0.1", target)
}

// StartProxyAt is StartProxy at another address of this machine.
func StartProxyAt(tb testing.TB, address, target string) *Proxy {
	tb.Helper()
	u, err := url.Parse(target)
	if err != nil {
		tb.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	p := &Proxy{forward: &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(u) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // the server is gone: so is the connection
		},
	}}
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		tb.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: p}}
	server.Start()
	tb.Cleanup(server.Close)
	p.Address = server.URL
	return p
}

// Delay answers all requests later, until Pass, and counts them.
func (p *Proxy) Delay(d time.Duration) (delayed *atomic.Int64) {
	delayed = new(atomic.Int64)
	p.Intercept(nil, func(w http.ResponseWriter, r *http.Request) {
		delayed.Add(1)
		select {
		case <-time.After(d):
			p.forward.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
	return delayed
}

// Intercept answers requests that only matches (nil: all) with answer, until Pass.
func (p *Proxy) Intercept(only func(*http.Request) bool, answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.only, p.intercept = only, answer
}

// Pass ends an interception.
func (p *Proxy) Pass() { p.Intercept(nil, nil) }

// Calls are the requests seen since the start or the last Reset, in the order of their coming.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Headers are those of the requests in Calls.
func (p *Proxy) Headers() []http.Header {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.headers)
}

// Count is how many of Calls went to a path.
func (p *Proxy) Count(path string) int {
	n := 0
	for _, c := range p.Calls() {
		if c.Path == path {
			n++
		}
	}
	return n
}

// Reset forgets what was seen.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.headers, p.most = nil, nil, p.inFlight
}

// MostInFlight is how many requests were under way at once, at most.
func (p *Proxy) MostInFlight() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

// ServeHTTP answers or forwards a request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := p.enter(r)
	defer p.leave()
	if answer == nil {
		p.forward.ServeHTTP(w, r)
		return
	}
	answer(w, r)
}

func (p *Proxy) enter(r *http.Request) http.HandlerFunc {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, Call{r.Method, r.URL.Path})
	p.headers = append(p.headers, r.Header.Clone())
	p.inFlight++
	p.most = max(p.most, p.inFlight)
	if p.intercept != nil && (p.only == nil || p.only(r)) {
		return p.intercept
	}
	return nil
}

func (p *Proxy) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight--
}

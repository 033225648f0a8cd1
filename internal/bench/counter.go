package bench

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// counter stands between the worker and a server, passes everything on, and counts: what a worker says of
// itself is no evidence.
type counter struct {
	// Address is the counter's own, for the worker to use.
	Address string

	calls  atomic.Int64
	server *http.Server
	served chan struct{}
}

const headerTimeout = 10 * time.Second

func startCounter(ctx context.Context, target string) (*counter, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &counter{Address: "http://" + l.Addr().String(), served: make(chan struct{})}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(u) },
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	c.server = &http.Server{ReadHeaderTimeout: headerTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.calls.Add(1)
		proxy.ServeHTTP(w, r)
	})}
	go func() {
		defer close(c.served)
		_ = c.server.Serve(l) // ends with Close
	}()
	return c, nil
}

func (c *counter) count() int64 { return c.calls.Load() }

func (c *counter) stop() {
	_ = c.server.Close()
	<-c.served
}

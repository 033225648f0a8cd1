package oauth

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// maxBody is far more than a token response needs (a few KiB); the library would read 1 MiB.
const maxBody = 256 << 10

// bounded ends a longer body with an error.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = http.MaxBytesReader(nil, res.Body, maxBody)
	}
	return res, err
}

// CloseIdleConnections is what http.Client.CloseIdleConnections looks for.
func (b bounded) CloseIdleConnections() {
	if c, ok := b.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func defaultTransport() http.RoundTripper {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		t = standard.Clone()
	}
	t.MaxResponseHeaderBytes = 128 << 10
	t.MaxIdleConnsPerHost = 16
	t.TLSHandshakeTimeout = 5 * time.Second
	return t
}

// progress notes whether the request reached a connection: until then, nobody can have acted on it.
type progress struct{ traced, written atomic.Bool }

func (p *progress) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { p.traced.Store(true) },
		WroteHeaders: func() { p.written.Store(true) },
	})
}

// sent errs on the side of yes: a transport that knows no traces may have sent it.
func (p *progress) sent() bool { return p.written.Load() || !p.traced.Load() }

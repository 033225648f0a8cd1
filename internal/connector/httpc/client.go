package httpc

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"holdfast/internal/connector"
)

// Options configure the connector; the zero value is what production starts from.
type Options struct {
	// Addresses says which of the addresses that are refused by default may be dialled after all.
	Addresses AddressPolicy
	// DialTimeout bounds DNS and connecting (5 s), HeaderTimeout the wait for an answer to begin (30 s),
	// Timeout a whole operation with redirects and body (60 s); an earlier deadline of the context wins.
	DialTimeout, HeaderTimeout, Timeout time.Duration
	// RootCAs are trusted beside nothing else; nil for the system's.
	RootCAs *x509.CertPool
	// ProxyFromEnvironment honours HTTP_PROXY and its like. The proxy then looks names up and dials, so the
	// address policy applies to the proxy's address only.
	ProxyFromEnvironment bool
	// UserAgent is sent where the input sets none ("holdfast").
	UserAgent string
	// Now is the clock that a Retry-After date is compared with (time.Now).
	Now func() time.Time
}

// Bounds of what an answer may cost before its body is looked at.
const (
	maxHeaderBytes  = 128 << 10
	maxIdle         = 256
	maxIdlePerHost  = 32
	idleTimeout     = 30 * time.Second
	tlsTimeout      = 5 * time.Second
	keepAlivePeriod = 30 * time.Second
)

// Connector is the connector "http". Make it with New; it keeps one pool of connections.
type Connector struct {
	transport *http.Transport
	timeout   time.Duration
	userAgent string
	now       func() time.Time
}

var _ connector.Connector = (*Connector)(nil)

// New makes the connector. Close it when it is no longer needed.
func New(o Options) *Connector {
	return &Connector{
		transport: NewTransport(o),
		timeout:   cmp.Or(o.Timeout, time.Minute),
		userAgent: cmp.Or(o.UserAgent, "holdfast"),
		now:       clock(o.Now),
	}
}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// NewTransport is a transport that dials what the address policy allows. It speaks HTTP/1.1 only: there, "no header was written" is a fact about one connection, on which
// the proof that a request had no effect rests.
func NewTransport(o Options) *http.Transport {
	dialer := net.Dialer{Timeout: cmp.Or(o.DialTimeout, 5*time.Second), KeepAlive: keepAlivePeriod}
	t := &http.Transport{
		DialContext:            o.Addresses.dialContext(dialer),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  cmp.Or(o.HeaderTimeout, 30*time.Second),
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
	}
	if o.ProxyFromEnvironment {
		t.Proxy = http.ProxyFromEnvironment
	}
	return t
}

// Name is "http".
func (*Connector) Name() string { return "http" }

// Operations is "request" alone.
func (*Connector) Operations() []string { return []string{"request"} }

// Close closes idle connections; operations in flight finish.
func (c *Connector) Close() { c.transport.CloseIdleConnections() }

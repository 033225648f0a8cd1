package oauth

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"holdfast/internal/secret"
)

// Clock is the time that expiry is counted from.
type Clock interface{ Now() time.Time }

// Options configure a Client; only Clock is needed.
type Options struct {
	// Transport carries the requests; a guard on the addresses that may be dialled belongs here. An error of
	// its dialer that wraps a fault of reason address_refused is reported as a fault of the settings. Nil:
	// the standard transport's settings, in a pool of the Client's own.
	Transport http.RoundTripper
	// Timeout bounds one request, answer included: 10 s when zero. An earlier deadline of the caller's wins.
	Timeout time.Duration
	Clock   Clock
}

// Client asks providers for tokens. Its methods may be called from many goroutines.
type Client struct {
	http    *http.Client
	timeout time.Duration
	clock   Clock
}

// Token is a provider's answer.
type Token struct {
	Access secret.Value
	// Refresh is the refresh token to use next: the one that was sent where the provider gave no other. It is
	// empty for grants that have none.
	Refresh secret.Value
	// Expires is counted from before the request was sent; zero where the provider did not say.
	Expires time.Time
	// RefreshExpires is when the refresh token ends; zero where the provider did not say.
	RefreshExpires time.Time
	// Scopes are those granted, where the provider said; else nil.
	Scopes []string
	// Account is whom the provider's ID token names, for people to read; empty where it sent none.
	Account string

	identity secret.Value // the ID token
}

const defaultTimeout = 10 * time.Second

// New makes a client. Close it when it is no longer needed.
func New(o Options) *Client {
	transport := o.Transport
	if transport == nil {
		transport = defaultTransport()
	}
	return &Client{
		http:    &http.Client{Transport: bounded{transport}, CheckRedirect: noRedirect},
		timeout: cmp.Or(o.Timeout, defaultTimeout),
		clock:   o.Clock,
	}
}

// Timeout is how long a request may take, answer included.
func (c *Client) Timeout() time.Duration { return c.timeout }

// Close closes idle connections; requests on their way finish.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// noRedirect makes the redirect itself the answer: a secret in a body is never sent on to another address.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// request sends one token request. The library's client-credentials flow is its plain token request: the
// grant type and all parameters are ours.
func (c *Client) request(ctx context.Context, e Endpoint, grant map[string]secret.Value) (Token, error) {
	style, err := e.style()
	if err != nil {
		return Token{}, err
	}
	form, err := e.form(grant)
	if err != nil {
		return Token{}, err
	}
	conf := clientcredentials.Config{
		ClientID: e.ClientID, ClientSecret: e.ClientSecret.Reveal(), TokenURL: e.TokenURL,
		AuthStyle: style, EndpointParams: form,
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var sent progress
	asked := c.clock.Now()
	answer, err := conf.Token(context.WithValue(sent.watch(ctx), oauth2.HTTPClient, c.http))
	if err != nil {
		return Token{}, c.explain(err, sent.sent())
	}
	return read(answer, asked)
}

package httpc

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"golang.org/x/net/http/httpguts"

	"holdfast/internal/connector"
	"holdfast/internal/fault"
)

// Execute sends one request and, for GET and HEAD, follows redirects below the base URL.
func (c *Connector) Execute(ctx context.Context, r connector.Request) (connector.Result, error) {
	call, err := prepare(r)
	if err != nil {
		return connector.Result{}, err
	}
	return c.send(ctx, r, call)
}

// Test sends GET to the connection's test_path. 2xx means that the credential works; other answers are the
// faults that Execute would return.
func (c *Connector) Test(ctx context.Context, r connector.Request) error {
	s, err := readSettings(r.Settings)
	if err != nil {
		return err
	}
	if s.test == nil {
		return connector.ErrNoTest
	}
	if err := checkCredential(r.Credential); err != nil {
		return err
	}
	r.IdempotencyKey = ""
	_, err = c.send(ctx, r, call{settings: s, method: http.MethodGet, url: s.test})
	return err
}

func (c *Connector) send(ctx context.Context, r connector.Request, call call) (connector.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var p progress
	req, err := c.newRequest(p.watch(ctx), r, call)
	if err != nil {
		return connector.Result{}, err
	}
	resp, refused, err := c.roundTrips(req, call.settings)
	if err != nil {
		return connector.Result{}, p.fault(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return c.answer(resp, r, call, refused, &p)
}

// answer classifies by status first: what a target says with its status holds even if its body breaks off.
func (c *Connector) answer(resp *http.Response, r connector.Request, call call, notFollowed string, p *progress) (connector.Result, error) {
	means := statusMeaning(resp.StatusCode, call.settings.authStatuses)
	if means.reason != "" && !means.answers {
		return connector.Result{}, c.statusFault(means, resp, call.method, "")
	}
	body, readErr := readBody(resp, call.settings)
	if call.settings.saysBadAuth(resp.StatusCode, body) {
		return connector.Result{}, c.statusFault(badAuth, resp, call.method, "its body says that the credentials are bad")
	}
	document, err := readResponse(resp, body, readErr, call.settings, maskerFor(r.Credential))
	switch {
	case document == nil:
		return connector.Result{}, fault.Wrap(fault.Internal, "the answer could not be put into the outcome", err)
	case means.reason != "":
		return connector.Result{Response: document}, c.statusFault(means, resp, call.method, notFollowed)
	case err != nil:
		return connector.Result{}, p.fault(err)
	}
	return connector.Result{Response: document}, nil
}

// statusFault says method and status, nothing of what the target wrote.
func (c *Connector) statusFault(m meaning, resp *http.Response, method, more string) *fault.Fault {
	detail := fmt.Sprintf("the target answered %s with %d %s", method, resp.StatusCode, http.StatusText(resp.StatusCode))
	if more != "" {
		detail += "; " + more
	}
	f := fault.New(m.reason, detail)
	f.NoEffect = m.noEffect
	if m.mayWait {
		f.RetryAfter = fault.ReadRetryAfter(resp.Header, c.now(), longestWait)
	}
	return f
}

func (c *Connector) newRequest(ctx context.Context, r connector.Request, call call) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, call.method, call.url.String(), call.reader())
	if err != nil {
		return nil, fault.Wrap(fault.InputInvalid, "no request can be made of this input", err).WithNoEffect()
	}
	req.Header.Set("User-Agent", c.userAgent)
	for _, headers := range []map[string]string{call.settings.fixed, call.headers} {
		for name, value := range headers {
			req.Header.Set(name, value)
		}
	}
	if call.contentType != "" {
		req.Header.Set("Content-Type", call.contentType)
	}
	setOwn(ctx, req.Header, r)
	return req, nil
}

// setOwn sets what no input can set.
func setOwn(ctx context.Context, h http.Header, r connector.Request) {
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(h))
	if r.IdempotencyKey != "" && httpguts.ValidHeaderFieldValue(r.IdempotencyKey) {
		// Not under its canonical name: net/http would take that as leave to send a POST a second time on
		// its own when a pooled connection breaks, and whether to is the caller's to decide.
		h["idempotency-key"] = []string{r.IdempotencyKey}
	}
	if r.Credential.Header != "" {
		h.Set(r.Credential.Header, r.Credential.Value.Reveal())
	}
}

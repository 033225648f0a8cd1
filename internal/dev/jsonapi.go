package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	apiTimeout = 10 * time.Second
	apiMost    = 1 << 20 // bytes of an answer that are read
)

// jsonAPI calls the HTTP API of a part as its administrator. Errors name method, path and status; bodies may
// hold secrets and are never repeated.
type jsonAPI struct {
	base   string
	header http.Header
	client *http.Client
}

func newAPI(base string, header http.Header) *jsonAPI {
	return &jsonAPI{base: base, header: header, client: &http.Client{
		Timeout: apiTimeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
	}}
}

// statusError is an answer that is no success.
type statusError struct {
	method, path string
	status       int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s answered %d", e.method, e.path, e.status)
}

// do sends in as JSON (nil: no body) and reads the answer into out (nil: it does not matter).
func (a *jsonAPI) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return err
	}
	for name, values := range a.header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &statusError{method, path, resp.StatusCode}
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, apiMost)).Decode(out); err != nil {
		return fmt.Errorf("%s %s: not the JSON that was expected", method, path)
	}
	return nil
}

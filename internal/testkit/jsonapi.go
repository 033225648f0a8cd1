package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// jsonAPI calls the HTTP API of a development program as its administrator.
type jsonAPI struct {
	base   string
	header http.Header
}

// do sends body as JSON (nil: none), decodes the answer into out (nil: ignored), and gives the status.
func (a jsonAPI) do(tb testing.TB, method, path string, body, out any) int {
	tb.Helper()
	// Cleanups call too, when the test's own context has ended.
	status, err := a.try(context.WithoutCancel(tb.Context()), method, path, body, out)
	if err != nil {
		tb.Fatalf("%s %s: %v", method, path, err)
	}
	return status
}

// try is do for servers that may be away.
func (a jsonAPI) try(ctx context.Context, method, path string, body, out any) (status int, err error) {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, payload)
	if err != nil {
		return 0, err
	}
	req.Header = a.header.Clone()
	req.Header.Set("Content-Type", contentType(method))
	req.Close = true // no idle connections for leak checks to find
	client := &http.Client{Timeout: 30 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil && !errors.Is(err, io.EOF) {
			return resp.StatusCode, fmt.Errorf("status %d, and no JSON: %w", resp.StatusCode, err)
		}
	}
	return resp.StatusCode, nil
}

// must is do for calls that have to succeed.
func (a jsonAPI) must(tb testing.TB, method, path string, body, out any) {
	tb.Helper()
	var answer json.RawMessage
	status := a.do(tb, method, path, body, &answer)
	if status < 200 || status > 299 {
		tb.Fatalf("%s %s: status %d: %s", method, path, status, answer)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer, out); err != nil {
		tb.Fatalf("%s %s: %v", method, path, err)
	}
}

func contentType(method string) string {
	if method == http.MethodPatch {
		return "application/merge-patch+json"
	}
	return "application/json"
}

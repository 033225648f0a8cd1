// Package scrape asks workers how they are, at the address of their metrics.
package scrape

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-cleanhttp"

	"holdfast/internal/ops"
	"holdfast/internal/putoff"
)

// Patience is how long whoever looks at workers should wait for one of them.
const Patience = 3 * time.Second

const answerMost = 4 << 10 // bytes of a worker's answer about itself

// Worker is one worker, by the address where it serves /metrics and /readyz. It may be used by several goroutines, and
// waits as long as the context of a call allows.
type Worker struct {
	base   url.URL
	client *http.Client
}

// New takes http://host:port, with or without a path such as /metrics, or host:port alone. *ops.Problem where it is
// none of these.
func New(address string) (*Worker, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &ops.Problem{Kind: ops.Unclear, Text: "--metrics is no URL of a worker", Hint: "such as http://127.0.0.1:9464, a worker's listen.metrics"}
	}
	u.Path, u.RawQuery, u.Fragment = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/metrics"), "", ""
	return &Worker{base: *u, client: cleanhttp.DefaultPooledClient()}, nil
}

// Name is the worker's host and port.
func (w *Worker) Name() string { return w.base.Host }

// Close gives idle connections up.
func (w *Worker) Close() { w.client.CloseIdleConnections() }

// Ready is why the worker is not ready, in its own words; empty: it is. An error: it did not answer.
func (w *Worker) Ready(ctx context.Context) (why string, err error) {
	ok, text, err := Get(ctx, w.client, w.at("/readyz"))
	if ok {
		text = ""
	}
	return text, err
}

// waitingMost bounds what is read of an answer about requests, in bytes.
const waitingMost = 1 << 20

// PutOff is how the worker put requests of a tenant off the last time, as far as it knows; it may be asked for
// putoff.AskMost at once. An error: it did not answer, or not so.
func (w *Worker) PutOff(ctx context.Context, tenant string, requests []string) ([]putoff.Entry, error) {
	resp, err := get(ctx, w.client, w.at(putoff.Path)+"?"+url.Values{"tenant": {tenant}, "request": requests}.Encode())
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer putoff.Answer
	if !success(resp) || json.NewDecoder(io.LimitReader(resp.Body, waitingMost)).Decode(&answer) != nil {
		return nil, &ops.Problem{Kind: ops.Waiting, Text: w.Name() + " does not tell why requests are put off", Hint: "is this a worker's listen.metrics, and is the worker up to date?"}
	}
	for i := range answer.PutOff {
		answer.PutOff[i].Worker = w.Name()
	}
	return answer.PutOff, nil
}

func (w *Worker) at(path string) string {
	u := w.base
	u.Path += path
	return u.String()
}

// Get asks at a URL: ok tells that the answer is a success, text is its beginning. *ops.Problem where it is no URL,
// or nothing answers.
func Get(ctx context.Context, client *http.Client, address string) (ok bool, text string, err error) {
	resp, err := get(ctx, client, address)
	if err != nil {
		return false, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	if err != nil {
		return false, "", cutOff(resp)
	}
	return success(resp), strings.TrimSpace(string(raw)), nil
}

func cutOff(resp *http.Response) error {
	return &ops.Problem{Kind: ops.Waiting, Text: "the answer from " + resp.Request.URL.Redacted() + " was cut off", Hint: "is the worker overloaded?"}
}

func success(resp *http.Response) bool { return resp.StatusCode >= 200 && resp.StatusCode <= 299 }

func get(ctx context.Context, client *http.Client, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &ops.Problem{Kind: ops.Unclear, Text: "this is no URL to ask a worker at", Hint: "such as http://127.0.0.1:9464"}
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &ops.Problem{Kind: ops.Waiting, Text: "no answer from " + req.URL.Redacted(), Hint: "is the worker running?"}
	}
	return resp, nil
}

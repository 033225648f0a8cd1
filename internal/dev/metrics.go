package dev

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const metricsMost = 8 << 20 // bytes

// get asks the worker.
func (w *Worker) get(ctx context.Context, path string) (status int, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.metrics+path, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, metricsMost))
	return resp.StatusCode, strings.TrimSpace(string(raw)), err
}

// Readiness is what the worker says of itself: whether it is ready, and if not, why.
func (w *Worker) Readiness(ctx context.Context) (ready bool, why string, err error) {
	status, text, err := w.get(ctx, "/readyz")
	return status == http.StatusOK, text, err
}

// Metric is the sum of the worker's series of a name that carry all the labels (`verb="retry"`).
func (w *Worker) Metric(ctx context.Context, name string, labels ...string) (float64, error) {
	status, text, err := w.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	if status != http.StatusOK {
		return 0, fmt.Errorf("/metrics answered %d", status)
	}
	return sum(text, name, labels), nil
}

// sum reads the text exposition format: name{label="value",…} value.
func sum(text, name string, labels []string) float64 {
	var total float64
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		series, number, _ := strings.Cut(lines.Text(), " ")
		rest, ok := strings.CutPrefix(series, name)
		if !ok || rest != "" && rest[0] != '{' || !hasAll(rest, labels) {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		if err == nil {
			total += v
		}
	}
	return total
}

func hasAll(series string, labels []string) bool {
	for _, l := range labels {
		if !strings.Contains(series, l) {
			return false
		}
	}
	return true
}

package scrape_test

import (
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/goleak"

	"holdfast/internal/dispatch"
	"holdfast/internal/metrics"
	"holdfast/internal/ops"
	"holdfast/internal/scrape"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers as a worker does, with its real metrics; down is why it is not ready.
func serve(t *testing.T, m *metrics.Metrics, down string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if down == "" {
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(down + "\n"))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func worker(t *testing.T, address string) *scrape.Worker {
	t.Helper()
	w, err := scrape.New(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestO4_AWorkerSaysWhyItIsNotReady(t *testing.T) {
	for _, down := range []string{"", "vault_sealed: Vault is sealed"} {
		why, err := worker(t, serve(t, metrics.New(), down)).Ready(t.Context())
		if err != nil || why != down {
			t.Errorf("%q, %v", why, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	w := worker(t, gone.URL)
	gone.Close()
	if why, err := w.Ready(t.Context()); err == nil || why != "" {
		t.Errorf("nobody is there: %q", why)
	}
}

func TestO1_AWorkersMetricsAreRead(t *testing.T) {
	m := metrics.New()
	for range 2 {
		_, end := m.Begin(t.Context(), dispatch.StageExecute)
		end(nil)
	}
	base := serve(t, m, "")
	for _, address := range []string{base, base + "/metrics", base + "/", strings.TrimPrefix(base, "http://")} {
		all, err := worker(t, address).Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, s := range all {
			if s.Name != "holdfast_stage_seconds" || s.Labels["stage"] != "execute" {
				continue
			}
			last := s.Buckets[len(s.Buckets)-1]
			found = s.Count == 2 && last.Count == 2 && math.IsInf(last.Bound, 1)
		}
		if !found {
			t.Errorf("%s: the stage is not there", address)
		}
	}
}

// What is no worker is told as such, without what it answered.
func TestC2_WhatIsNoWorkerIsNotRepeated(t *testing.T) {
	const canary = "CANARY"
	for name, h := range map[string]http.HandlerFunc{
		"no metrics": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(canary + " {")) },
		"an error":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, http.StatusTeapot) },
	} {
		s := httptest.NewServer(h)
		_, err := worker(t, strings.Replace(s.URL, "http://", "http://user:"+canary+"@", 1)).Metrics(t.Context())
		s.Close()
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, address := range []string{"", "ftp://x", "http://", "::"} {
		_, err := scrape.New(address)
		if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Unclear || p.Hint == "" {
			t.Errorf("%q: %v", address, err)
		}
	}
}

package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/internal/putoff"
)

// web serves /metrics, /healthz, /readyz, and why requests were put off.
type web struct {
	server *http.Server
	addr   net.Addr
	ready  atomic.Pointer[func(context.Context) error]
}

const (
	webTimeout   = 5 * time.Second
	readyTimeout = 3 * time.Second
)

func (a *App) startWeb(ctx context.Context) error {
	a.web = &web{}
	if a.cfg.Listen.Metrics == "" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.Listen.Metrics)
	if err != nil {
		return fmt.Errorf("listen for metrics on %s: %w (choose another address with --listen-metrics)", a.cfg.Listen.Metrics, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", a.web.readyz)
	mux.Handle("GET "+putoff.Path, a.putOff)
	a.web.server = &http.Server{Handler: mux, ReadHeaderTimeout: webTimeout}
	a.web.addr = l.Addr()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = a.web.server.Serve(l) // ends with Shutdown
	}()
	a.onStop("metrics", func(ctx context.Context) error {
		err := a.web.server.Shutdown(ctx)
		<-served
		return err
	})
	return nil
}

// started lets readiness be asked.
func (w *web) started(ready func(context.Context) error) { w.ready.Store(&ready) }

// readyz is 200 once the worker consumes and both bus and Vault answer; 503 and the reason else.
func (w *web) readyz(rw http.ResponseWriter, r *http.Request) {
	ready := w.ready.Load()
	if ready == nil {
		answer(rw, http.StatusServiceUnavailable, "starting")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := (*ready)(ctx); err != nil {
		answer(rw, http.StatusServiceUnavailable, safeText(err))
		return
	}
	answer(rw, http.StatusOK, "ready")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text)
}

// MetricsAddr is where metrics and health are served; nil where they are not.
func (a *App) MetricsAddr() net.Addr { return a.web.addr }

// ready is nil while bus and Vault answer.
func (a *App) ready(ctx context.Context) error {
	if err := a.bus.Ready(ctx); err != nil {
		return err
	}
	return a.vault.Ready(ctx)
}

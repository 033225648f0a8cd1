package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/devproc"
	"holdfast/internal/secret"
)

// WorkerCommand is the command line below which a binary runs ServeWorker.
func WorkerCommand() []string { return []string{"bench", "worker"} }

// WorkerPlaces is where a worker of the benchmark's finds what it needs.
type WorkerPlaces struct {
	NATSURL, VaultAddress, VaultTokenFile string
}

// workerLine is what it writes once it is ready.
type workerLine struct {
	Metrics string `json:"metrics"`
}

// ServeWorker runs a worker, with the settings that the benchmarks use, and writes a line of JSON when it is ready.
// It stops when in ends or ctx does.
func ServeWorker(ctx context.Context, p WorkerPlaces, in io.Reader, out io.Writer) error {
	token, err := os.ReadFile(p.VaultTokenFile)
	if err != nil {
		return err
	}
	a := app.New(workerSettings(p.NATSURL, p.VaultAddress, secret.New(string(token))), quiet())
	if err := a.Start(ctx); err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(workerLine{"http://" + a.MetricsAddr().String() + "/metrics"}); err != nil {
		return err
	}
	untilEnd(ctx, in)
	return a.Stop(context.WithoutCancel(ctx))
}

// workerSettings are the defaults, but for where things are.
func workerSettings(natsURL, vaultAddress string, token secret.Value) config.Config {
	cfg := config.Default()
	cfg.NATS.URLs = []string{natsURL}
	cfg.Vault.Address, cfg.Vault.Prefix = vaultAddress, vaultPrefix
	cfg.Vault.Auth.Method, cfg.Vault.Auth.Token = "token", token
	cfg.Worker.Concurrency, cfg.Worker.Prefetch = inParallel, heldAhead
	cfg.Worker.ResumeRate = unbounded
	cfg.HTTP.AllowAddresses = []string{"127.0.0.0/8"} // the provider's
	cfg.Listen.Metrics = "127.0.0.1:0"
	return cfg
}

// quiet is a log at info that is written nowhere.
func quiet() zerolog.Logger {
	return zerolog.New(io.Discard).Level(zerolog.InfoLevel).With().Timestamp().Logger()
}

// workerProcess is a worker in a process of its own, whose memory is its alone.
type workerProcess struct {
	*devproc.Process

	metrics string
}

// startWorkerProcess starts this very binary as a worker.
func (s *stand) startWorkerProcess(ctx context.Context) (*workerProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return nil, err
	}
	s.onStop(func() { _ = os.RemoveAll(dir) })
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(s.vault.token.Reveal()), 0o600); err != nil {
		return nil, err
	}
	p, err := devproc.Start(ctx, self, append(WorkerCommand(), "--nats", s.url, "--vault", s.vault.Address, "--token", token)...)
	if err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	var ready workerLine
	err = p.Decode(&ready)
	return &workerProcess{p, ready.Metrics}, err
}

// value is one of the worker's series.
func (w *workerProcess) value(ctx context.Context, series string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.metrics, http.NoBody)
	if err != nil {
		return 0, err
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			return strconv.ParseFloat(text, 64)
		}
	}
	return 0, fmt.Errorf("the worker has no series %s", series)
}

func (w *workerProcess) stop() { w.Kill() }

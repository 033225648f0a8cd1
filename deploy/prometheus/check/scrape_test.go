package check

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// TestMain removes the worker's binary at the end.
func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

var built struct {
	once   sync.Once
	dir    string
	series []labels.Labels
	err    error
}

// scrape gives every series of a worker, once for all tests. It is a real one that has just been started; what it
// depends on is not there, which it waits for.
func scrape(t *testing.T) []labels.Labels {
	t.Helper()
	built.once.Do(func() { built.series, built.err = runAndScrape() })
	if built.err != nil {
		t.Fatal(built.err)
	}
	if len(built.series) < 500 {
		t.Fatalf("%d series", len(built.series))
	}
	return built.series
}

func runAndScrape() (series []labels.Labels, err error) {
	if built.dir, err = os.MkdirTemp("", "holdfast-check-"); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	binary := filepath.Join(built.dir, "holdfast")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/holdfast")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.New(string(out))
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	worker := exec.CommandContext(ctx, binary, "worker", "--listen-metrics", address, "--nats-urls", "nats://127.0.0.1:1", "--nats-start-timeout", "5m")
	worker.Env = []string{"VAULT_TOKEN=none"}
	if err := worker.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = worker.Process.Kill()
		_ = worker.Wait() // it was killed
	}()
	text, kind, err := metrics(ctx, "http://"+address+"/metrics")
	if err != nil {
		return nil, err
	}
	return read(text, kind)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// metrics asks until the worker answers.
func metrics(ctx context.Context, url string) (text []byte, kind string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if text, kind, err = get(ctx, url); err == nil {
			return text, kind, nil
		}
		select {
		case <-ctx.Done():
			return nil, "", err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) (text []byte, kind string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(resp.Body)
	return text, resp.Header.Get("Content-Type"), err
}

// read reads series as Prometheus does when it scrapes.
func read(text []byte, kind string) (all []labels.Labels, err error) {
	p, err := textparse.New(text, kind, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return nil, err
	}
	for {
		switch entry, err := p.Next(); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case entry == textparse.EntrySeries:
			var l labels.Labels
			p.Labels(&l)
			all = append(all, l)
		}
	}
}

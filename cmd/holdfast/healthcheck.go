package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/ops"
)

const (
	healthTimeout = 5 * time.Second
	healthAnswer  = 4 << 10 // bytes of an answer that are shown
)

// healthcheck is for containers: the image holds no shell and no other program.
func (c *command) healthcheck() *cobra.Command {
	var (
		url  string
		live bool
	)
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "Ask a worker whether it is ready, for containers' health checks",
		Long: `Asks /readyz of the worker at listen.metrics, or --url, and exits with 0 when the answer is a success. A worker
is not ready while bus or Vault does not answer: whatever restarts what is not healthy should ask with --live.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if url == "" {
				cfg, err := c.load(false)
				if err != nil {
					return err
				}
				if url, err = healthURL(cfg.Listen.Metrics, live); err != nil {
					return err
				}
			}
			return c.ask(cmd.Context(), url)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "what to ask instead of the worker's /readyz")
	cmd.Flags().BoolVar(&live, "live", false, "ask /healthz: whether the process works at all")
	return cmd
}

// healthURL is where a worker that listens on address can be asked from its own machine.
func healthURL(address string, live bool) (string, error) {
	if address == "" {
		return "", &ops.Problem{Kind: ops.Refused, Text: "the worker listens nowhere", Hint: "set listen.metrics"}
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	path := "/readyz"
	if live {
		path = "/healthz"
	}
	return "http://" + net.JoinHostPort(host, port) + path, nil
}

func (c *command) ask(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return &usageError{text: "--url is no URL", hint: "holdfast healthcheck --help"}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return &ops.Problem{Kind: ops.Waiting, Text: "no answer from " + req.URL.Redacted(), Hint: "is the worker running?"}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, healthAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &ops.Problem{Kind: ops.Waiting, Text: "not healthy: " + strings.TrimSpace(string(text))}
	}
	return nil
}

package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/ops"
	"holdfast/internal/scrape"
)

const healthTimeout = 5 * time.Second

// healthcheck is for containers: the image holds no shell and no other program.
func (c *command) healthcheck() *cobra.Command {
	var (
		url  string
		live bool
	)
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "Ask a worker whether it is ready, for containers' health checks",
		Example: `  holdfast healthcheck
  holdfast healthcheck --url http://10.0.0.7:9464/readyz`,
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
	ok, text, err := scrape.Get(ctx, http.DefaultClient, url)
	if err == nil && !ok {
		err = &ops.Problem{Kind: ops.Waiting, Text: "not healthy: " + text}
	}
	return err
}

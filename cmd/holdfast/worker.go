package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"holdfast/internal/app"
	"holdfast/internal/config"
)

func (c *command) worker() *cobra.Command {
	cmd := &cobra.Command{
		Use: "worker", Short: "Run a worker until it is told to stop",
		Long: `Runs a worker: any number of them share the work. SIGTERM stops it cleanly: it fetches nothing more, finishes what is
running within worker.drain_timeout, and hands the rest back. SIGHUP has it read log.level and log.levels again (holdfast
reload); other settings count after a restart. It logs to standard error, and never a secret.`,
		Example: "  holdfast worker --config /etc/holdfast.yaml\n  holdfast worker --setup",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(true)
			if err != nil {
				return err
			}
			again := make(chan os.Signal, 1)
			signal.Notify(again, syscall.SIGHUP)
			defer signal.Stop(again)
			reload := app.Reload{Asked: again, Load: func() (*config.Loaded, error) { return c.load(true) }}
			return app.RunWorker(cmd.Context(), cfg, workerLog(c.err, cfg.Log), reload)
		},
	}
	c.flags.Alias(cmd.Flags(), "worker.setup", "setup")
	c.flags.Alias(cmd.Flags(), "permissions.require_app", "require-app")
	return cmd
}

// workerLog is a worker's logger, in the format that the settings say. Levels are the worker's own business, for they
// change.
func workerLog(w io.Writer, l config.Log) zerolog.Logger {
	if l.Format == "console" {
		w = zerolog.ConsoleWriter{Out: w, NoColor: !terminal(w), TimeFormat: time.RFC3339}
	}
	return zerolog.New(w).With().Timestamp().Logger()
}

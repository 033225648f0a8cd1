package main

import (
	"io"
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
running within worker.drain_timeout, and hands the rest back. It logs to standard error, and never a secret.`,
		Example: "  holdfast worker --config /etc/holdfast.yaml\n  holdfast worker --setup",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(true)
			if err != nil {
				return err
			}
			log, err := workerLog(c.err, cfg.Log)
			if err != nil {
				return err
			}
			return app.RunWorker(cmd.Context(), cfg.Config, log)
		},
	}
	c.flags.Alias(cmd.Flags(), "worker.setup", "setup")
	return cmd
}

// workerLog is a worker's logger, as the settings say.
func workerLog(w io.Writer, l config.Log) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(l.Level)
	if err != nil {
		return zerolog.Logger{}, err
	}
	if l.Format == "console" {
		w = zerolog.ConsoleWriter{Out: w, NoColor: !terminal(w), TimeFormat: time.RFC3339}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}

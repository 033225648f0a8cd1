package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/bench"
	"holdfast/internal/secret"
)

func (c *command) bench() *cobra.Command {
	o := &bench.Options{}
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure the worker against hand-written loops that do the same on the bus",
		Long: `Measures the worker against hand-written loops that make the same reads and writes on the bus and nothing else, both
in turn, and prints the ratio: rates differ between machines, ratios hardly. A NATS server is started as a process of its own,
or NATS_URL names one that holds no streams of Holdfast's. A real Vault is built and started, or VAULT_ADDR and VAULT_TOKEN
name one; secrets are written below secret/holdfast-bench.`,
	}
	cmd.PersistentFlags().IntVar(&o.Requests, "requests", 0, "how many requests (pipeline, alarms 100000, suspend 10000, replay and waiting 1000000); connections for rotation (10000)")
	cmd.PersistentFlags().IntVar(&o.Rounds, "rounds", 0, "how often each side is measured (5, replay 3); alarms and waiting have one round, rotation has 10 of one connection")
	return group(cmd,
		c.measure(o, "pipeline", "Requests a second: consume, execute, publish the outcome, acknowledge",
			func(ctx context.Context, o bench.Options) (any, string, error) {
				r, err := bench.Pipeline(ctx, o)
				return r, r.String(), err
			}),
		c.measure(o, "permissions", "Requests a second in an app, where permission sets are asked for each, against the same without one",
			func(ctx context.Context, o bench.Options) (any, string, error) {
				r, err := bench.Permissions(ctx, o)
				return r, r.String(), err
			}),
		c.measure(o, "suspend", "Runs a second: suspended while a connection is broken, resumed after its repair",
			func(ctx context.Context, o bench.Options) (any, string, error) {
				r, err := bench.Suspend(ctx, o)
				return r, r.String(), err
			}),
		c.measure(o, "alarms", "Seconds: how late runs are terminated when many deadlines pass at once",
			func(ctx context.Context, o bench.Options) (any, string, error) {
				r, err := bench.Alarms(ctx, o)
				return r, r.String(), err
			}),
		c.measure(o, "rotation", "Seconds: how soon runs go on after a bare write to Vault, and what looking for it costs Vault",
			func(ctx context.Context, o bench.Options) (any, string, error) {
				r, err := bench.Rotation(ctx, o)
				return r, r.String(), err
			}),
		c.measure(o, "replay", "Messages a second: a dry replay of requests, joined with their ledgers",
			func(ctx context.Context, o bench.Options) (any, string, error) {
				r, err := bench.Replay(ctx, o)
				return r, r.String(), err
			}),
		c.measure(o, "waiting", "Bytes: what it costs that requests wait while Vault is sealed, and that they go on",
			func(ctx context.Context, o bench.Options) (any, string, error) {
				r, err := bench.Waiting(ctx, o)
				return r, r.String(), err
			}),
		natsServer(), benchWorker(),
	)
}

// measurement gives a report, as an object and as text.
type measurement func(context.Context, bench.Options) (report any, text string, err error)

func (c *command) measure(o *bench.Options, name, short string, run measurement) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Args: noArgs,
		Example: "  holdfast bench " + name + " --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.NATSURL, o.VaultAddress = os.Getenv("NATS_URL"), os.Getenv("VAULT_ADDR")
			o.VaultToken = secret.New(os.Getenv("VAULT_TOKEN"))
			o.Progress, o.Terminal = c.err, terminal(c.err)
			report, text, err := run(cmd.Context(), *o)
			if err != nil {
				return err
			}
			if c.json {
				return c.object(report)
			}
			_, err = fmt.Fprintln(c.out, strings.TrimRight(text, "\n"))
			return err
		},
	}
	cmd.Flags().StringVar(&o.CPUProfile, "cpuprofile", "", "`file` for a CPU profile of the worker in the first round")
	return cmd
}

// natsServer is the benchmarks' server: this binary, started as a process of its own.
func natsServer() *cobra.Command {
	var store string
	cmd := &cobra.Command{
		Use: bench.ServerCommand()[1], Short: "The benchmarks' NATS server", Hidden: true, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.ServeNATS(cmd.Context(), store, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "`folder` of its streams")
	cmd.Flags().Bool("exit-with-stdin", true, "stop when standard input closes, so as not to outlive a killed parent")
	return required(cmd, "store")
}

// benchWorker is a benchmark's worker: this binary, started as a process of its own.
func benchWorker() *cobra.Command {
	var at bench.WorkerPlaces
	cmd := &cobra.Command{
		Use: bench.WorkerCommand()[1], Short: "A benchmark's worker", Hidden: true, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.ServeWorker(cmd.Context(), at, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&at.NATSURL, "nats", "", "the bus's `URL`")
	cmd.Flags().StringVar(&at.VaultAddress, "vault", "", "Vault's `address`")
	cmd.Flags().StringVar(&at.VaultTokenFile, "token", "", "`file` with the token for it")
	cmd.Flags().Bool("exit-with-stdin", true, "stop when standard input closes, so as not to outlive a killed parent")
	return required(cmd, "nats", "vault", "token")
}

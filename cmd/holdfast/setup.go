package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"holdfast/internal/app"
)

func (c *command) setup() *cobra.Command {
	var allowWeaker bool
	cmd := &cobra.Command{
		Use: "setup", Short: "Create and update streams, consumers and buckets",
		Long: `Makes the streams, consumers and buckets what the configuration says; doing it again changes nothing. It needs an
administrator's permissions on the bus. What would keep less, or less safely, than now is refused.`,
		Example: `  holdfast setup
  holdfast setup all --login-dir /etc/holdfast/approle`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.setUpBus(cmd.Context(), allowWeaker) },
	}
	cmd.Flags().BoolVar(&allowWeaker, "allow-weaker", false, "let existing streams keep less, or less safely, than now")
	cmd.AddCommand(c.setupVault(), c.setupAll())
	return cmd
}

func (c *command) setUpBus(ctx context.Context, allowWeaker bool) error {
	s, cfg, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	wanted := app.SetupConfig(cfg.Config)
	wanted.AllowWeaker = allowWeaker
	report, err := s.Setup(ctx, wanted)
	if err != nil {
		return err
	}
	if c.json {
		return c.object(report)
	}
	c.names("created", report.Created)
	c.names("changed", report.Changed)
	fmt.Fprintf(c.out, "%d created, %d changed, %d as they should be\n",
		len(report.Created), len(report.Changed), len(report.Unchanged))
	return nil
}

func (c *command) names(what string, names []string) {
	for _, name := range slices.Sorted(slices.Values(names)) {
		fmt.Fprintf(c.out, "%s %s\n", what, printable(name))
	}
}

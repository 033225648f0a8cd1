package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/explain"
	"holdfast/internal/ops"
)

func (c *command) suspensions() *cobra.Command {
	return group(&cobra.Command{Use: "suspensions", Aliases: []string{"suspension"}, Short: "Look at suspended runs, resume, extend or terminate them"},
		c.suspensionsList(), c.suspensionsShow(), c.resume(), c.extend(), c.terminate())
}

// selection adds the flags that name suspensions.
func selection(cmd *cobra.Command, w *ops.Selection) {
	cmd.Flags().StringVar(&w.Tenant, "tenant", "", "those of one tenant")
	cmd.Flags().StringVar(&w.Connection, "connection", "", "those of one connection")
	cmd.Flags().StringVar(&w.Run, "run", "", "those of one run")
}

func (c *command) suspensionsList() *cobra.Command {
	var w ops.Selection
	cmd := &cobra.Command{
		Use: "list", Short: "List suspended runs, those that end first at the top", Args: noArgs,
		Example: `  holdfast suspensions list --tenant acme --connection crm
  holdfast suspensions list --all --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, in ops.Secrets) error {
				views, err := ops.ListSuspensions(ctx, s.Chains(), in, w)
				if err != nil {
					return err
				}
				return c.printSuspensions(views, s.Clock().Now())
			})
		},
	}
	selection(cmd, &w)
	cmd.Flags().BoolVar(&w.Ended, "all", false, "also those that do not wait any more")
	return cmd
}

func (c *command) suspensionsShow() *cobra.Command {
	var w ops.Selection
	cmd := &cobra.Command{
		Use: "show REQUEST", Short: "Show one suspension, its whole chain, and what to do about it", Args: exactly(1, "a request's id"),
		Example:           "  holdfast suspensions show req-3 --tenant acme",
		ValidArgsFunction: c.completeSuspended(explain.Request),
		RunE: func(cmd *cobra.Command, args []string) error {
			w.Request = args[0]
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, in ops.Secrets) error {
				v, err := ops.ShowSuspension(ctx, s.Chains(), s.Looks(), in, w)
				if err != nil {
					return err
				}
				return c.printSuspension(v, s.Clock().Now())
			})
		},
	}
	selection(cmd, &w)
	return cmd
}

// withBus connects for a look, and closes again.
func (c *command) withBus(ctx context.Context, do func(context.Context, *ops.Session, ops.Secrets) error) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	s, cfg, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return do(ctx, s, secrets(cfg))
}

func (c *command) printSuspensions(views []ops.SuspensionView, now time.Time) error {
	if c.json {
		return objects(c, views)
	}
	rows := make([]table.Row, 0, len(views))
	for _, v := range views {
		rows = append(rows, table.Row{v.Tenant, v.Connection, v.Run, v.Request, v.Event, v.Reason,
			when(v.SuspendedAt, now), when(v.TerminatesAt, now)})
	}
	c.table(table.Row{"tenant", "connection", "run", "request", "state", "reason", "since", "terminates"}, rows)
	return nil
}

func (c *command) printSuspension(v ops.SuspensionView, now time.Time) error {
	if c.json {
		return c.object(v)
	}
	c.fields(
		[2]string{"tenant", v.Tenant}, [2]string{"connection", v.Connection}, [2]string{"workflow", v.Workflow},
		[2]string{"run", v.Run}, [2]string{"step", v.Step}, [2]string{"request", v.Request},
		[2]string{"state", v.State + " (" + v.Event + ")"}, [2]string{"reason", v.Reason}, [2]string{"detail", v.Detail},
		[2]string{"suspended", when(v.SuspendedAt, now)}, [2]string{"terminates", when(v.TerminatesAt, now)},
		[2]string{"cause", string(v.Cause)}, [2]string{"actor", v.Actor},
		[2]string{"credentials", credentials(v.Generation, v.SecretVersion)},
		[2]string{"at", "HF_SUSPENSIONS " + strconv.FormatUint(v.Sequence, 10) + ", " + when(v.StoredAt, now)},
	)
	c.printChain(v.Chain, now)
	c.advice(v.Advice)
	return nil
}

// printChain prints every event of a chain in order.
func (c *command) printChain(chain []ops.ChainStep, now time.Time) {
	rows := make([]table.Row, 0, len(chain))
	for _, s := range chain {
		rows = append(rows, table.Row{s.Sequence, when(s.StoredAt, now), s.Event, s.Cause, s.Actor, s.Reason,
			credentials(s.Generation, s.SecretVersion), when(s.TerminatesAt, now)})
	}
	c.section("chain", table.Row{"at", "stored", "event", "cause", "actor", "reason", "credentials", "terminates"}, rows)
}

// credentials names what failed: the connection's generation and the version of its secret.
func credentials(generation uint64, version int) string {
	return fmt.Sprintf("generation %d, secret version %d", generation, version)
}

func (c *command) advice(lines []string) {
	for i, line := range lines {
		name := ""
		if i == 0 {
			name = "what to do"
		}
		fmt.Fprintf(c.out, "%-16s %s\n", name, printable(line))
	}
}

// required marks flags that a command can not do without.
func required(cmd *cobra.Command, names ...string) *cobra.Command {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag does not exist: a mistake in this program
		}
	}
	return cmd
}

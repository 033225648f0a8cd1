package main

import (
	"context"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/ops"
)

func (c *command) connectionsUsage() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "usage CONNECTION --tenant TENANT", Short: "Show where a connection is used: steps, last uses, suspended runs",
		Long: `Shows which steps were seen using a connection within the last 90 days, when each did last, and which runs wait for it.
Uses are noted after the fact and once in ten minutes, so the times may be that much behind; suspended runs are exact.`,
		Example: "  holdfast connections usage crm --tenant acme",
		Args:    exactly(1, "a connection's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, in ops.Secrets) error {
				all, err := s.Connections(ctx)
				if err != nil {
					return err
				}
				now := s.Clock().Now()
				v, err := ops.ShowUsage(ctx, all, s.Uses(), s.Chains(), in, tenant, args[0], now)
				if err != nil {
					return err
				}
				return c.printUsage(v, now)
			})
		},
		ValidArgsFunction: c.completeConnections,
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "the connection's tenant")
	return required(cmd, "tenant")
}

func (c *command) printUsage(v ops.UsageView, now time.Time) error {
	if c.json {
		return c.object(v)
	}
	last := "never, as far as is known"
	if v.LastUsed != nil {
		last = when(*v.LastUsed, now)
	}
	c.fields([2]string{"tenant", v.Tenant}, [2]string{"connection", v.ID}, [2]string{"state", v.State}, [2]string{"last used", last},
		[2]string{"steps", strconv.Itoa(len(v.Steps))}, [2]string{"suspended runs", strconv.Itoa(len(v.Suspended))})
	rows := make([]table.Row, 0, len(v.Steps))
	for _, s := range v.Steps {
		rows = append(rows, table.Row{s.Workflow, s.Step, s.Process, s.ProcessVersion, when(s.LastUsed, now), s.Outcome})
	}
	c.section("used by", table.Row{"workflow", "step", "process", "version", "last used", "outcome"}, rows)
	if len(v.Suspended) == 0 {
		return nil
	}
	rows = rows[:0]
	for _, s := range v.Suspended {
		rows = append(rows, table.Row{s.Run, s.Workflow, s.Step, s.Request, s.Reason, when(s.SuspendedAt, now), when(s.TerminatesAt, now)})
	}
	c.section("waiting for it", table.Row{"run", "workflow", "step", "request", "reason", "since", "terminates"}, rows)
	return nil
}

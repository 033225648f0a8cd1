package main

import (
	"context"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
)

func (c *command) processes() *cobra.Command {
	return group(&cobra.Command{Use: "processes", Aliases: []string{"process"}, Short: "Look at published processes, and what their steps are executed as"},
		c.processesList(), c.processesShow())
}

func (c *command) processesList() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "list", Short: "List the published versions of processes", Args: noArgs,
		Example: "  holdfast processes list --tenant acme",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withProcesses(cmd.Context(), func(all ops.Facts, now time.Time) error {
				views, err := ops.ListProcesses(all, tenant)
				if err != nil {
					return err
				}
				return c.printProcesses(views, now)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "those of one tenant")
	return cmd
}

func (c *command) processesShow() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "show PROCESS [VERSION] --tenant TENANT", Short: "Show one version of a process, the last one where none is named",
		Example: "  holdfast processes show onboarding 3 --tenant acme",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			version := ""
			if len(args) > 1 {
				version = args[1]
			}
			return c.withProcesses(cmd.Context(), func(all ops.Facts, now time.Time) error {
				v, err := ops.ShowProcess(all, tenant, args[0], version)
				if err != nil {
					return err
				}
				return c.printProcess(v, now)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "the process's tenant")
	return required(cmd, "tenant")
}

// withProcesses connects, waits for what workers know, and closes again.
func (c *command) withProcesses(ctx context.Context, do func(ops.Facts, time.Time) error) error {
	return c.withBus(ctx, func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
		all, err := s.Processes(ctx)
		if err != nil {
			return err
		}
		return do(all, s.Clock().Now())
	})
}

func (c *command) printProcesses(views []ops.ProcessView, now time.Time) error {
	if c.json {
		return objects(c, views)
	}
	rows := make([]table.Row, 0, len(views))
	for _, v := range views {
		rows = append(rows, table.Row{v.Tenant, v.ID, v.Version, v.App, v.Publisher, len(v.Steps), executedAs(v.Steps), retired(v, now)})
	}
	c.table(table.Row{"tenant", "process", "version", "app", "publisher", "steps", "executed as", "retired"}, rows)
	return nil
}

func (c *command) printProcess(v ops.ProcessView, now time.Time) error {
	if c.json {
		return c.object(v)
	}
	c.fields([2]string{"tenant", v.Tenant}, [2]string{"process", v.ID}, [2]string{"version", v.Version},
		[2]string{"app", v.App}, [2]string{"publisher", v.Publisher}, [2]string{"retired", retired(v, now)})
	rows := make([]table.Row, 0, len(v.Steps))
	for _, s := range v.Steps {
		rows = append(rows, table.Row{s.ID, s.Kind, s.ExecuteAs, s.Connector, s.Operation})
	}
	c.section("steps", table.Row{"step", "kind", "executed as", "connector", "operation"}, rows)
	return nil
}

// executedAs is how many steps run with a connection of their own.
func executedAs(steps []events.ProcessStep) (n int) {
	for _, s := range steps {
		if s.ExecuteAs != "" {
			n++
		}
	}
	return n
}

func retired(v ops.ProcessView, now time.Time) string {
	if v.RetiredAt == nil {
		return ""
	}
	return when(*v.RetiredAt, now)
}

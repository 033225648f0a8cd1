package main

import (
	"context"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/ops"
)

// askFor bounds commands that only look.
const askFor = 30 * time.Second

func (c *command) connections() *cobra.Command {
	return group(&cobra.Command{Use: "connections", Aliases: []string{"connection"}, Short: "Look at connections, create, change and delete them"},
		c.connectionsList(), c.connectionsShow(), c.connectionsUsage(), c.connectionsCreate(), c.connectionsEdit(), c.connectionsDelete(), c.connectionsRestore(),
		c.connectionsEnable(), c.connectionsDisable(), c.connectionsTest(), c.connectionsRotate(), c.connectionsAuthorize(), c.connectionsShare(), c.connectionsOwners())
}

func (c *command) connectionsList() *cobra.Command {
	var tenant, state string
	cmd := &cobra.Command{
		Use: "list", Short: "List connections", Args: noArgs,
		Example: `  holdfast connections list --tenant acme
  holdfast connections list --state broken --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withConnections(cmd.Context(), func(_ context.Context, l look) error {
				return c.printConnections(ops.ListConnections(l.connections, l.secrets, tenant, state, l.now), l.now)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "those of one tenant")
	cmd.Flags().StringVar(&state, "state", "", "those that are pending, active, broken, disabled, deleted or missing")
	offer(cmd, "state", words([]string{"pending", "active", "broken", "disabled", "deleted", "missing"}))
	return cmd
}

func (c *command) connectionsShow() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "show CONNECTION --tenant TENANT", Short: "Show one connection, and what to do where it is broken",
		Example: "  holdfast connections show crm --tenant acme",
		Args:    exactly(1, "a connection's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withConnections(cmd.Context(), func(ctx context.Context, l look) error {
				v, err := ops.ShowConnection(ctx, l.connections, l.secrets, tenant, args[0], l.now)
				if err != nil {
					return err
				}
				return c.printConnection(v, l.now)
			})
		},
		ValidArgsFunction: c.completeConnections,
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "the connection's tenant")
	return required(cmd, "tenant")
}

// look is what a look at connections needs.
type look struct {
	connections ops.Connections
	secrets     ops.Secrets
	now         time.Time
}

// withConnections connects, waits for the registry, and closes again.
func (c *command) withConnections(ctx context.Context, do func(context.Context, look) error) error {
	return c.withBus(ctx, func(ctx context.Context, s *ops.Session, in ops.Secrets) error {
		all, err := s.Connections(ctx)
		if err != nil {
			return err
		}
		return do(ctx, look{all, in, s.Clock().Now()})
	})
}

func (c *command) printConnections(views []ops.ConnectionView, now time.Time) error {
	if c.json {
		return objects(c, views)
	}
	rows := make([]table.Row, 0, len(views))
	for _, v := range views {
		since := ""
		if v.Since != nil {
			since = when(*v.Since, now)
		}
		rows = append(rows, table.Row{v.Tenant, v.ID, v.Name, v.Type, v.AuthMethod, v.State, v.Reason, since})
	}
	c.table(table.Row{"tenant", "connection", "name", "type", "method", "state", "reason", "since"}, rows)
	return nil
}

func (c *command) printConnection(v ops.ConnectionView, now time.Time) error {
	if c.json {
		return c.object(v)
	}
	since, expires := "", ""
	if v.Since != nil {
		since = when(*v.Since, now)
	}
	if v.ExpiresAt != nil {
		expires = when(*v.ExpiresAt, now)
	}
	c.fields(
		[2]string{"tenant", v.Tenant}, [2]string{"connection", v.ID}, [2]string{"name", v.Name},
		[2]string{"type", v.Type}, [2]string{"kind", string(v.Kind)}, [2]string{"available in", v.Availability.Level},
		[2]string{"owners", strings.Join(v.Owners, ", ")}, [2]string{"method", v.AuthMethod},
		[2]string{"settings", string(v.Settings)}, [2]string{"resume", string(v.Resume)}, [2]string{"expires", expires},
		[2]string{"state", v.State}, [2]string{"since", since}, [2]string{"reason", v.Reason}, [2]string{"detail", v.Detail},
	)
	c.advice(v.Advice)
	return nil
}

// completeConnections offers the ids of the tenant's connections.
func (c *command) completeConnections(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return completeFrom(func(ctx context.Context, tenant string) (ids []string, err error) {
		err = c.withConnections(ctx, func(_ context.Context, l look) error {
			for _, v := range ops.ListConnections(l.connections, l.secrets, tenant, "", l.now) {
				ids = append(ids, v.ID)
			}
			return nil
		})
		return ids, err
	})(cmd, args, word)
}

package main

import (
	"context"

	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops/rights"
)

// completeRights offers values for the flags of commands about permissions.
func (c *command) completeRights(cmd *cobra.Command) *cobra.Command {
	offer(cmd, "app", c.completeFlag((*rights.Desk).Apps))
	offer(cmd, "last", c.completeFlag((*rights.Desk).Apps))
	offer(cmd, "user", c.completeFlag((*rights.Desk).Users))
	offer(cmd, "group", c.completeFlag((*rights.Desk).Groups))
	for _, flag := range []string{"set", "replaces"} {
		offer(cmd, flag, c.completeFlag(setsOf))
	}
	offer(cmd, "object", c.completeNamed(func(d *rights.Desk, app, connection, _ string) []string { return d.Objects(app, connection) }))
	offer(cmd, "field", c.completeNamed((*rights.Desk).FieldNames))
	offer(cmd, "connection", c.completeConnectionFlag)
	ops := []string{"raw"}
	for _, op := range events.DataOps() {
		ops = append(ops, string(op))
	}
	offer(cmd, "op", cobra.FixedCompletions(ops, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// completeSets offers the ids of the tenant's sets, with their names.
func (c *command) completeSets(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return c.completeRightsFrom(setsOf)(cmd, args, word)
}

func setsOf(d *rights.Desk) (names []string) {
	for _, v := range d.Sets("") {
		names = append(names, cobra.CompletionWithDesc(v.ID, v.Name))
	}
	return names
}

// completeFlag is completeRightsFrom for a flag, whatever the arguments.
func (c *command) completeFlag(find func(*rights.Desk) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return c.completeRightsFrom(find)(cmd, nil, word)
	}
}

// completeNamed is completeFlag for what sets name of the app, the connection and the object that the other flags say.
func (c *command) completeNamed(find func(d *rights.Desk, app, connection, object string) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		said := func(flag string) string { return cmd.Flag(flag).Value.String() }
		return c.completeRightsFrom(func(d *rights.Desk) []string {
			return find(d, said("app"), said("connection"), said("object"))
		})(cmd, nil, word)
	}
}

// completeRightsFrom offers what is found in the tenant's permissions.
func (c *command) completeRightsFrom(find func(*rights.Desk) []string) cobra.CompletionFunc {
	return completeFrom(func(ctx context.Context, tenant string) (found []string, err error) {
		err = c.withRights(ctx, tenant, func(_ context.Context, d *rights.Desk) error {
			found = find(d)
			return nil
		})
		return found, err
	})
}

// completeConnectionFlag offers the ids of the tenant's connections, whatever the arguments.
func (c *command) completeConnectionFlag(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	return c.completeConnections(cmd, nil, word)
}

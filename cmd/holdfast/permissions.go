package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/ops/rights"
)

func (c *command) permissions() *cobra.Command {
	return group(&cobra.Command{Use: "permissions", Aliases: []string{"permission"}, Short: "Look at permission sets, ask who may do what and why, assign and move them"},
		c.permissionsSets(), c.permissionsShow(), c.permissionsExplain(), c.permissionsDescribe(), c.permissionsLanding(),
		c.permissionsAssign(), c.permissionsUnassign(), c.permissionsPublic(), c.permissionsImport(), c.permissionsExport(),
		c.permissionsDiff(), c.permissionsDeprecated(), c.permissionsMigrate())
}

// withRights connects for a look at a tenant's permissions, and closes again.
func (c *command) withRights(ctx context.Context, tenant string, do func(context.Context, *rights.Desk) error) error {
	return c.withBus(ctx, func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
		desk, err := rights.NewDesk(ctx, s, tenant)
		if err != nil {
			return err
		}
		return do(ctx, desk)
	})
}

func (c *command) permissionsSets() *cobra.Command {
	var tenant, app string
	cmd := &cobra.Command{
		Use: "sets --tenant TENANT", Short: "List permission sets, and to how many they are assigned", Args: noArgs,
		Example: "  holdfast permissions sets --tenant acme --app sales",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withRights(cmd.Context(), tenant, func(_ context.Context, d *rights.Desk) error {
				return c.printSets(d.Sets(app))
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "whose sets")
	cmd.Flags().StringVar(&app, "app", "", "those of one app")
	return c.completeRights(required(cmd, "tenant"))
}

func (c *command) printSets(views []rights.SetView) error {
	if c.json {
		return objects(c, views)
	}
	rows := make([]table.Row, 0, len(views))
	for _, v := range views {
		rows = append(rows, table.Row{v.ID, v.AssetID, v.Kind, v.App, v.Name, len(v.Connections), v.Users, v.Groups, yesNo(v.Public)})
	}
	c.table(table.Row{"set", "asset id", "kind", "app", "name", "connections", "users", "groups", "public"}, rows)
	return nil
}

func yesNo(so bool) string {
	if so {
		return "yes"
	}
	return "no"
}

func (c *command) permissionsShow() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "show SET --tenant TENANT", Short: "Show what a permission set grants, in words, and to whom it is assigned", Args: exactly(1, "a set's id"),
		Example: "  holdfast permissions show reps --tenant acme",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRights(cmd.Context(), tenant, func(_ context.Context, d *rights.Desk) error {
				v, err := d.Show(args[0])
				if err != nil {
					return err
				}
				return c.printSet(v)
			})
		},
		ValidArgsFunction: c.completeSets,
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "whose set")
	return required(cmd, "tenant")
}

func (c *command) printSet(v rights.SetView) error {
	if c.json {
		return c.object(v)
	}
	c.fields([2]string{"tenant", v.Tenant}, [2]string{"set", v.ID}, [2]string{"asset id", v.AssetID}, [2]string{"kind", kindOf(v.Kind)},
		[2]string{"app", v.App}, [2]string{"name", v.Name}, [2]string{"cloned from", v.ClonedFrom},
		[2]string{"assigned to", assignees(v)})
	return printLines(c.out, append([]string{"", "it grants"}, indented(v.Says)...))
}

func kindOf(k events.SetKind) string {
	if k == events.SiteSet {
		return "site (deprecated)"
	}
	return string(k)
}

// assignees are those to whom a set is assigned, in a line.
func assignees(v rights.SetView) string {
	texts := make([]string, 0, len(v.AssignedTo))
	for _, a := range v.AssignedTo {
		switch {
		case a.User != "":
			texts = append(texts, a.User)
		case a.Group != "":
			texts = append(texts, "the group "+a.Group)
		default:
			texts = append(texts, "the public")
		}
	}
	if len(texts) == 0 {
		return "nobody"
	}
	return strings.Join(texts, ", ") + " (" + strconv.Itoa(len(texts)) + ")"
}

func indented(lines []string) []string {
	all := make([]string, 0, len(lines))
	for _, line := range lines {
		all = append(all, "  "+line)
	}
	return all
}

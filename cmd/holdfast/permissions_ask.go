package main

import (
	"context"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/ops/rights"
)

// question is what is asked, as flags.
type question struct {
	rights.Question

	tenant, record string
}

// who adds the flags that say who is asked about, and where.
func (q *question) who(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&q.tenant, "tenant", "", "whose permissions")
	cmd.Flags().StringVar(&q.User, "user", "", "who; "+events.PermissionPublic+": whoever is not signed in; "+events.ActorSystem+": runs without a user")
	return required(cmd, "tenant", "user")
}

// what adds the flags that say what of an app is asked about.
func (q *question) what(cmd *cobra.Command) {
	cmd.Flags().StringVar(&q.App, "app", "", "in which app")
	cmd.Flags().StringVar(&q.Connection, "connection", "", "which connection")
	cmd.Flags().StringVar(&q.Object, "object", "", "which of its objects: an entity set, a list")
}

func (c *command) permissionsExplain() *cobra.Command {
	q := new(question)
	cmd := &cobra.Command{
		Use: "explain --tenant TENANT --user USER --app APP", Short: "Tell whether somebody may do something, why, and what would change it", Args: noArgs,
		Long: `Answers yes or no with the chain of reasons: each set that the user holds in the app, through what, what it grants or
misses, and which conditions are met, not met, or depend on the record; whether the connection itself may be used there; and
what would change the answer, as commands. With --object and without --op, it answers for each of read, create, update and
delete. Exit code 1: no, to all that was asked.`,
		Example: `  holdfast permissions explain --tenant acme --user bob --app sales
  holdfast permissions explain --tenant acme --user bob --app sales --connection orders --object Orders --field Title
  holdfast permissions explain --tenant acme --user bob --app sales --connection orders --object Orders --op update --field Title
  holdfast permissions explain --tenant acme --user bob --app sales --connection orders --object Orders --op read --record order.json
  holdfast permissions explain --tenant acme --user public --app shop --connection hooks --op raw`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			record, err := c.record(q.record)
			if err != nil {
				return err
			}
			q.Record = record
			return c.withRights(cmd.Context(), q.tenant, func(ctx context.Context, d *rights.Desk) error {
				all, err := d.Explain(ctx, q.Question)
				if err != nil {
					return err
				}
				return c.printExplanations(all)
			})
		},
	}
	q.who(cmd)
	q.what(cmd)
	cmd.Flags().StringVar(&q.Operation, "op", "", "read, create, update or delete records (with --object: all of them where empty), or raw: an action without records")
	cmd.Flags().StringSliceVar(&q.Fields, "field", nil, "fields that are read or written")
	cmd.Flags().StringVar(&q.record, "record", "", "JSON file with the record in question, - for standard input; else any record")
	cmd.Flags().StringVar(&q.Place.Site, "site", "", "the site that it happens in")
	cmd.Flags().StringVar(&q.Place.SiteCollection, "site-collection", "", "the site collection that it happens in")
	return c.completeRights(required(cmd, "app"))
}

func (c *command) printExplanations(all []rights.Explanation) error {
	var err error
	if c.json {
		err = objects(c, all)
	} else {
		err = printLines(c.out, rights.Lines(all))
	}
	if err == nil && !slices.ContainsFunc(all, func(e rights.Explanation) bool { return e.Allowed }) {
		return errTold
	}
	return err
}

func (c *command) permissionsDescribe() *cobra.Command {
	q := new(question)
	cmd := &cobra.Command{
		Use: "describe --tenant TENANT --user USER --app APP --connection CONNECTION --object OBJECT", Args: noArgs,
		Short: "List the fields of an object that somebody may read or write, and how they are shown",
		Long: `Lists the fields that the user may read or write, of some record at least, and what permission sets say of how they are
shown. * stands for every field that is not named.`,
		Example: "  holdfast permissions describe --tenant acme --user bob --app sales --connection orders --object Orders",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withRights(cmd.Context(), q.tenant, func(_ context.Context, d *rights.Desk) error {
				fields, err := d.Describe(q.Question)
				if err != nil {
					return err
				}
				return c.printRightsFields(fields)
			})
		},
	}
	q.who(cmd)
	q.what(cmd)
	return c.completeRights(required(cmd, "app", "connection", "object"))
}

func (c *command) printRightsFields(fields []rights.Field) error {
	if c.json {
		return objects(c, fields)
	}
	rows := make([]table.Row, 0, len(fields))
	for _, f := range fields {
		rows = append(rows, table.Row{f.Field, yesNo(f.Read), yesNo(f.Write), f.DisplayName, f.Type, f.Usage})
	}
	c.table(table.Row{"field", "read", "write", "shown as", "type", "usage"}, rows)
	return nil
}

func (c *command) permissionsLanding() *cobra.Command {
	q, last := new(question), ""
	cmd := &cobra.Command{
		Use: "landing --tenant TENANT --user USER", Short: "Tell in which app somebody lands, and which others they reach", Args: noArgs,
		Example: "  holdfast permissions landing --tenant acme --user bob --last sales",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withRights(cmd.Context(), q.tenant, func(_ context.Context, d *rights.Desk) error {
				return c.printLanding(d.Landing(q.User, last))
			})
		},
	}
	cmd.Flags().StringVar(&last, "last", "", "the app that the user was in last")
	return c.completeRights(q.who(cmd))
}

// landed says why somebody lands where.
var landed = map[string]string{
	rights.LandsOnDefault: "the site set's default", rights.LandsOnLast: "the app that was visited last",
	rights.LandsOnFirst: "the first that the user can reach", rights.LandsNowhere: "",
}

// printLanding prints where somebody lands, and gives ops.NotFound where that is nowhere.
func (c *command) printLanding(v rights.Landing) error {
	if c.json {
		if err := c.object(v); err != nil {
			return err
		}
	} else {
		c.printLandingFields(v)
	}
	if v.App == "" {
		return &ops.Problem{Kind: ops.NotFound, Text: v.User + " can reach no app", Hint: "holdfast permissions sets --tenant " + v.Tenant}
	}
	return nil
}

func (c *command) printLandingFields(v rights.Landing) {
	lands := "nowhere: there is no app that the user can reach"
	if v.App != "" {
		lands = v.App + " (" + landed[v.Why] + ")"
	}
	c.fields([2]string{"user", v.User}, [2]string{"lands in", lands}, [2]string{"reaches", strings.Join(v.Apps, ", ")},
		[2]string{"workspaces", strings.Join(v.Workspaces, ", ")}, [2]string{"site set", v.SiteSet}, [2]string{"default app", v.DefaultApp})
}

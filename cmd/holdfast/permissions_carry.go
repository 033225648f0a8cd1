package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/ops"
	"holdfast/internal/ops/rights"
)

func (c *command) permissionsExport() *cobra.Command {
	var (
		tenant, app string
		assignments bool
	)
	cmd := &cobra.Command{
		Use: "export [FILE] --tenant TENANT --app APP", Short: "Write an app's permission sets to a file, for another environment",
		Long: `Writes YAML with the app's sets and their asset ids, which stay the same everywhere; to standard output where no file is
named. permissions import brings it into another tenant or app.`,
		Example: "  holdfast permissions export sales.yaml --tenant acme --app sales",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withRights(cmd.Context(), tenant, func(_ context.Context, d *rights.Desk) error {
				b, err := d.Export(app, assignments)
				if err != nil {
					return err
				}
				return c.writeBundle(b, args)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "whose sets")
	cmd.Flags().StringVar(&app, "app", "", "the app")
	cmd.Flags().BoolVar(&assignments, "assignments", false, "also to whom the sets are assigned, and whether the app is open to the public")
	return c.completeRights(required(cmd, "tenant", "app"))
}

func (c *command) writeBundle(b rights.Bundle, to []string) error {
	if c.json && len(to) == 0 {
		return c.object(b)
	}
	raw, err := b.File()
	if err != nil {
		return err
	}
	if len(to) == 0 || to[0] == "-" {
		_, err = c.out.Write(raw)
		return err
	}
	if err := os.WriteFile(to[0], raw, 0o600); err != nil {
		return &usageError{text: "the file can not be written: " + err.Error(), hint: "holdfast permissions export --help"}
	}
	if c.json {
		return c.object(b)
	}
	_, err = fmt.Fprintf(c.out, "%d sets of %s written to %s\n", len(b.Sets), printable(b.App), printable(to[0]))
	return err
}

// carried is what is brought into a tenant.
type carried struct {
	change
	rights.ImportOptions

	users  rights.UsersOptions
	pairs  []string // old=new
	dryRun bool
}

func (c *command) permissionsImport() *cobra.Command {
	in := new(carried)
	cmd := &cobra.Command{
		Use: "import FILE|- --tenant TENANT (--app APP | --set SET | --column NAME)", Short: "Bring an app's sets into a tenant, or give users of a CSV file their site sets",
		Long: `With --app: brings the sets of a file that permissions export wrote into an app. Sets are known by their asset ids: one
that is there is updated and keeps its id, others are created; what the app has beside them stays. Importing again changes
nothing.

With --set or --column: reads CSV whose first line names the columns, user_id among them, and gives each user the site set
that the column or, where that is empty, --set names. Who has another one is refused, or with --replace gets the new one.

All of it is tried before any of it is published, and where one line is refused, nothing is. When it was interrupted, do the
same again: it goes on from there.`,
		Example: `  holdfast permissions import sales.yaml --tenant globex --app sales --map orders=orders-eu --dry-run
  holdfast permissions import users.csv --tenant acme --set standard
  holdfast permissions import users.csv --tenant acme --column role --set standard --replace`,
		Args: exactly(1, "a file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := c.input(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			return c.permit(cmd.Context(), in.change, func(ctx context.Context, d *rights.Desk) error {
				return c.importRights(ctx, d, file, in)
			})
		},
	}
	c.importFlags(cmd, in)
	cmd.Flags().StringVar(&in.users.Set, "set", "", "CSV: the site set of users whose line names none")
	cmd.Flags().StringVar(&in.users.Column, "column", "", "CSV: the column that names the site set")
	cmd.Flags().BoolVar(&in.users.Replace, "replace", false, "CSV: also for users who have another site set")
	cmd.Flags().BoolVar(&in.Assignments, "assignments", false, "also the assignments of the file, and whether the app is open to the public")
	cmd.Flags().BoolVar(&in.dryRun, "dry-run", false, "only say what would be done")
	for _, csv := range []string{"set", "column", "replace"} {
		for _, yaml := range []string{"app", "map", "assignments"} {
			cmd.MarkFlagsMutuallyExclusive(csv, yaml)
		}
	}
	cmd.MarkFlagsOneRequired("app", "set", "column")
	return c.completeRights(changeFlags(cmd, &in.change))
}

// importFlags adds the flags that say where sets of a file go.
func (c *command) importFlags(cmd *cobra.Command, in *carried) {
	cmd.Flags().StringVar(&in.App, "app", "", "the app that the sets come into")
	cmd.Flags().StringSliceVar(&in.pairs, "map", nil, "connections by their ids here: OLD=NEW")
}

// mapping reads OLD=NEW.
func (in *carried) mapping() error {
	in.Map = make(map[string]string, len(in.pairs))
	for _, pair := range in.pairs {
		old, id, ok := strings.Cut(pair, "=")
		if _, twice := in.Map[old]; !ok || old == "" || id == "" || twice {
			return &usageError{text: fmt.Sprintf("--map is OLD=NEW, each OLD once, and not %q", pair), hint: "holdfast permissions import --help"}
		}
		in.Map[old] = id
	}
	return nil
}

func (c *command) importRights(ctx context.Context, d *rights.Desk, file io.Reader, in *carried) error {
	d.DryRun = in.dryRun
	changes, err := c.prepareImport(ctx, d, file, in)
	if err != nil {
		return err
	}
	err = d.Carry(ctx, changes, c.counter(len(changes), "published"))
	if perr := c.printPermissionChanges(changes); perr != nil {
		return perr
	}
	if !c.json {
		fmt.Fprintln(c.out, summaryOf(changes))
	}
	return err
}

func (c *command) prepareImport(ctx context.Context, d *rights.Desk, file io.Reader, in *carried) ([]rights.Change, error) {
	if in.App == "" {
		return d.PrepareUsers(ctx, file, in.users)
	}
	if err := in.mapping(); err != nil {
		return nil, err
	}
	b, err := rights.ReadBundle(file)
	if err != nil {
		return nil, err
	}
	return d.PrepareImport(ctx, b, in.ImportOptions)
}

// summaryOf says how many changes ended how.
func summaryOf(changes []rights.Change) string {
	counts := make(map[string]int)
	for _, v := range changes {
		counts[v.Answer]++
	}
	var parts []string
	for _, p := range []struct{ answer, text string }{
		{rights.Planned, "would be published"}, {"", "published"}, {ops.AnswerApplied, "applied"}, {rights.Unchanged, "as they were"},
		{ops.AnswerRejected, "rejected"}, {ops.AnswerSuperseded, "superseded"}, {rights.Refused, "refused"},
	} {
		if n := counts[p.answer]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, p.text))
		}
	}
	if counts[rights.Refused] > 0 {
		parts = []string{fmt.Sprintf("%d refused, %d would be good: nothing was published", counts[rights.Refused], len(changes)-counts[rights.Refused])}
	}
	if len(parts) == 0 {
		return "the file names nobody"
	}
	return strings.Join(parts, ", ")
}

func (c *command) permissionsDiff() *cobra.Command {
	in := new(carried)
	cmd := &cobra.Command{
		Use: "diff FILE|- --tenant TENANT --app APP", Short: "Show, set by set, what importing a file would change", Args: exactly(1, "a file, or - for standard input"),
		Example: "  holdfast permissions diff sales.yaml --tenant globex --app sales --map orders=orders-eu",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := in.mapping(); err != nil {
				return err
			}
			file, err := c.input(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			b, err := rights.ReadBundle(file)
			if err != nil {
				return err
			}
			return c.withRights(cmd.Context(), in.tenant, func(ctx context.Context, d *rights.Desk) error {
				d.Actor = in.actor
				all, err := d.Diff(ctx, b, in.ImportOptions)
				if err != nil {
					return err
				}
				return c.printSetChanges(all)
			})
		},
	}
	c.importFlags(cmd, in)
	cmd.Flags().StringVar(&in.tenant, "tenant", "", "into which tenant")
	cmd.Flags().StringVar(&in.actor, "actor", "system", "who would do it")
	return c.completeRights(required(cmd, "tenant", "app"))
}

// setChanges say what becomes of a set.
var setChanges = map[string]string{
	rights.SetCreated: "created", rights.SetUpdated: "changed", rights.SetUnchanged: "as it is", rights.SetOnlyHere: "not in the file: stays as it is",
}

func (c *command) printSetChanges(all []rights.SetChange) error {
	if c.json {
		return objects(c, all)
	}
	for _, v := range all {
		if err := printLines(c.out, []string{v.Set + " (" + v.Name + "): " + setChanges[v.Change]}); err != nil {
			return err
		}
		if err := printLines(c.out, indented(differenceLines(v.Differences))); err != nil {
			return err
		}
	}
	return nil
}

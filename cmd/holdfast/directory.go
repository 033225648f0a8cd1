package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
)

func (c *command) directory() *cobra.Command {
	return group(&cobra.Command{Use: "directory", Short: "Load users, groups, roles and places, and look at who may be what"},
		c.directoryLoad(), c.directoryShow())
}

func (c *command) directoryLoad() *cobra.Command {
	var (
		o      ops.LoadOptions
		dryRun bool
	)
	cmd := &cobra.Command{
		Use: "load FILE|- --tenant TENANT", Short: "Publish the users, groups, roles and places of a file",
		Long: `Reads YAML with the lists site_collections, sites, users, groups and roles, or JSON objects, one a line, each with the
kind of what it describes. All of it is checked before any of it is published. What the file leaves out stays as it is; a
group's members and a role's holders are all that the file says. Loading the same file again within the bus's duplicate
window stores nothing new, so a load that was interrupted may be repeated; --again publishes it all the same.`,
		Example: "  holdfast directory load people.yaml --tenant acme --dry-run",
		Args:    exactly(1, "a file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.input(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = in.Close() }()
			return c.loadDirectory(cmd.Context(), in, o, dryRun)
		},
	}
	cmd.Flags().StringVar(&o.Tenant, "tenant", "", "whose users and places they are")
	cmd.Flags().StringVar(&o.Actor, "actor", events.ActorSystem, "who says so, where the file does not: a tenant administrator, or the upstream system")
	cmd.Flags().BoolVar(&o.Again, "again", false, "publish also what the bus has just had")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only check; the bus is not needed")
	return required(cmd, "tenant")
}

func (c *command) loadDirectory(ctx context.Context, in io.Reader, o ops.LoadOptions, dryRun bool) (err error) {
	l := &ops.Loader{Clock: machineClock{}}
	if !dryRun {
		s, _, err := c.open(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		l.Clock, l.Publisher = s.Clock(), s.Publisher()
	}
	if l.Checker, err = ops.NewChecker(l.Clock); err != nil {
		return err
	}
	ready, tell, done := c.loading()
	good, refused, err := l.Load(ctx, in, o, ready, tell)
	done()
	if err = errors.Join(err, c.summary(good, refused, dryRun)); err == nil && refused > 0 {
		return errTold
	}
	return err
}

// loading shows a person how far publishing is, on stderr, where the lines themselves do not.
func (c *command) loading() (ready func(int), tell func(ops.Line) error, done func()) {
	if !terminal(c.err) || terminal(c.out) {
		return nil, c.line, func() {}
	}
	n, all := int64(0), int64(-1)
	m := c.meter()
	tell = func(l ops.Line) error {
		n++
		m.at("publishing", n, all)
		return c.line(l)
	}
	return func(users int) { all = int64(users) }, tell, m.done
}

func (c *command) directoryShow() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "show [USER] --tenant TENANT", Short: "Show users, their roles, and through which group they have them",
		Example: "  holdfast directory show ann --tenant acme",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.showDirectory(cmd.Context(), tenant, args)
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "whose users")
	return required(cmd, "tenant")
}

func (c *command) showDirectory(ctx context.Context, tenant string, user []string) error {
	return c.withBus(ctx, func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
		all, err := s.Permissions(ctx)
		if err != nil {
			return err
		}
		views := ops.ListPeople(all, tenant)
		if len(user) > 0 {
			v, err := ops.ShowPerson(all, tenant, user[0])
			if err != nil {
				return err
			}
			views = []ops.PersonView{v}
		}
		if c.json {
			return objects(c, views)
		}
		c.printPeople(views)
		return nil
	})
}

// printPeople prints a line for each role, and one for each user without any.
func (c *command) printPeople(views []ops.PersonView) {
	var rows []table.Row
	for _, v := range views {
		who := []any{v.Tenant, v.ID, v.Name, strings.Join(v.Groups, ", ")}
		if len(v.Roles) == 0 {
			none := "none"
			if v.Removed {
				none = "none: removed"
			}
			rows = append(rows, append(who, none, "", ""))
		}
		for _, g := range v.Roles {
			place := strings.Trim(g.SiteCollection+"/"+g.Site, "/")
			rows = append(rows, append(who[:len(who):len(who)], string(g.Role), place, g.Group))
		}
	}
	c.table(table.Row{"tenant", "user", "name", "groups", "role", "where", "through group"}, rows)
}

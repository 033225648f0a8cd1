package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"holdfast/internal/ops"
)

func (c *command) connectionsShare() *cobra.Command {
	var (
		a                   change
		s                   sharing
		notUsers, notGroups []string
		everyone, dryRun    bool
	)
	cmd := c.forOne(&cobra.Command{
		Use: "share", Short: "Change where a shared connection is available, and who may use it",
		Long: `Changes where a shared connection is available, and who may use it beside its owners. Only an owner who is also a site
collection administrator changes the level of availability. With neither users nor groups, whoever is where the connection
is available may use it.`,
		Example: `  holdfast connections share crm --tenant acme --availability site-collection:sales
  holdfast connections share crm --tenant acme --user ben --group support --remove-user ann
  holdfast connections share crm --tenant acme --everyone`,
	}, &a, func(ctx context.Context, m *managed, id string) error {
		before, err := m.Current(ctx, m.tenant, id, m.actor)
		if err != nil {
			return err
		}
		after := before
		if s.availability != "" {
			if after.Availability, err = ops.ParseAvailability(s.availability); err != nil {
				return err
			}
		}
		after.Users = changed(before.Users, s.users, notUsers, everyone)
		after.Groups = changed(before.Groups, s.groups, notGroups, everyone)
		return m.put(ctx, before, after, dryRun, nil)
	})
	s.add(cmd)
	cmd.Flags().StringArrayVar(&notUsers, "remove-user", nil, "a user who may not use it any more (repeat)")
	cmd.Flags().StringArrayVar(&notGroups, "remove-group", nil, "a group whose members may not use it any more (repeat)")
	cmd.Flags().BoolVar(&everyone, "everyone", false, "whoever is where it is available may use it: forget the users and groups named before")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show the difference")
	cmd.MarkFlagsOneRequired("availability", "user", "group", "remove-user", "remove-group", "everyone")
	return c.completeShape(cmd)
}

// changed is a list with some added and some taken out, each once.
func changed(now, more, less []string, none bool) []string {
	if none {
		now = nil
	}
	all := slices.Clone(now)
	for _, id := range more {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	all = slices.DeleteFunc(all, func(id string) bool { return slices.Contains(less, id) })
	if len(all) == 0 {
		return nil
	}
	return all
}

func (c *command) connectionsOwners() *cobra.Command {
	return group(&cobra.Command{Use: "owners", Short: "List, add and remove the owners of a connection"},
		c.ownersList(), c.ownersChange("add", "Make users owners of a connection", true),
		c.ownersChange("remove", "Take ownership away from users; the last owner stays", false))
}

// ownerView is one line of connections owners list --json.
type ownerView struct {
	Tenant     string `json:"tenant"`
	Connection string `json:"connection_id"`
	Owner      string `json:"owner"`
}

func (c *command) ownersList() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "list CONNECTION --tenant TENANT", Short: "List the owners of a connection", Args: exactly(1, "a connection's id"),
		Example: "  holdfast connections owners list crm --tenant acme",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withConnections(cmd.Context(), func(ctx context.Context, l look) error {
				v, err := ops.ShowConnection(ctx, l.connections, l.secrets, tenant, args[0], l.now)
				if err != nil {
					return err
				}
				for _, owner := range v.Owners {
					if err := c.printOwner(ownerView{tenant, v.ID, owner}); err != nil {
						return err
					}
				}
				return nil
			})
		},
		ValidArgsFunction: c.completeConnections,
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "the connection's tenant")
	return required(cmd, "tenant")
}

func (c *command) printOwner(v ownerView) error {
	if c.json {
		return c.object(v)
	}
	return printLines(c.out, []string{v.Owner})
}

func (c *command) ownersChange(verb, short string, add bool) *cobra.Command {
	var a change
	cmd := &cobra.Command{
		Use: verb + " CONNECTION USER… --tenant TENANT", Short: short,
		Example:           "  holdfast connections owners " + verb + " crm ben --tenant acme",
		ValidArgsFunction: c.completeConnections,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return &usageError{text: cmd.CommandPath() + " takes a connection's id and at least one user", hint: cmd.CommandPath() + " --help"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.manage(cmd.Context(), a, func(ctx context.Context, m *managed) error {
				return m.changeOwners(ctx, args[0], args[1:], add)
			})
		},
	}
	return changeFlags(cmd, &a)
}

func (m *managed) changeOwners(ctx context.Context, id string, users []string, add bool) error {
	before, err := m.Current(ctx, m.tenant, id, m.actor)
	if err != nil {
		return err
	}
	after := before
	if add {
		after.Owners = changed(before.Owners, users, nil, false)
	} else {
		after.Owners = changed(before.Owners, nil, users, false)
	}
	if len(after.Owners) == 0 {
		return &ops.Problem{Kind: ops.Refused, Text: "the last owner of a connection can not be removed",
			Hint: "add another one first: holdfast connections owners add " + id + " USER --tenant " + m.tenant}
	}
	return m.put(ctx, before, after, false, nil)
}

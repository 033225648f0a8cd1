package main

import (
	"context"

	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
)

// edition is what connections edit was told.
type edition struct {
	change
	shape
	secretFlags

	basedOn uint64
	dryRun  bool
}

func (c *command) connectionsEdit() *cobra.Command {
	var a edition
	cmd := &cobra.Command{
		Use: "edit CONNECTION --tenant TENANT", Short: "Change a connection: shows the difference, and refuses to overwrite what you have not seen",
		Long: `Changes what flags or a file name; without any, opens the connection in $EDITOR. The change is based on the revision that
was read: when somebody changed the connection meanwhile, it is rejected and nothing happens. Another method needs another
secret, which goes to Vault first. Who may use a connection and where is changed with share, its owners with owners.`,
		Example: `  holdfast connections edit crm --tenant acme --setting base_url=https://crm2.example.com
  holdfast connections edit crm --tenant acme                      # in $EDITOR
  holdfast connections edit crm --tenant acme --from crm.yaml --dry-run`,
		Args: exactly(1, "a connection's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.manage(cmd.Context(), a.change, func(ctx context.Context, m *managed) error { return a.edit(ctx, cmd, m, args[0]) })
		},
		ValidArgsFunction: c.completeConnections,
	}
	changeFlags(cmd, &a.change)
	a.shape.add(cmd)
	a.secretFlags.add(cmd)
	cmd.Flags().Uint64Var(&a.basedOn, "based-on", 0, "the revision that you have seen (connections show --json); the current one where empty")
	cmd.Flags().BoolVar(&a.dryRun, "dry-run", false, "only show the difference")
	return c.completeShape(cmd)
}

func (a *edition) edit(ctx context.Context, cmd *cobra.Command, m *managed, id string) error {
	before, err := m.Current(ctx, m.tenant, id, m.actor)
	if err != nil {
		return err
	}
	after := ops.Clone(before)
	if a.any(cmd) || a.basedOn > 0 || a.given() {
		if err = a.read(m.c, &after); err == nil {
			err = a.apply(m, cmd, &after)
		}
	} else {
		after, err = m.c.inEditor(ctx, before)
	}
	if err != nil {
		return err
	}
	if after.ID != id || after.Tenant != "" && after.Tenant != m.tenant {
		return &usageError{text: "the id and the tenant of a connection stay what they are", hint: "holdfast connections create makes another one"}
	}
	after.Tenant, after.Actor, after.BasedOn = m.tenant, m.actor, before.BasedOn
	if a.basedOn > 0 {
		after.BasedOn = a.basedOn
	}
	return m.put(ctx, before, after, a.dryRun, func() (ops.SecretFields, error) { return a.newSecret(ctx, m, before, after) })
}

// put shows the difference and publishes the changed connection; newSecret may be nil.
func (m *managed) put(ctx context.Context, before, after events.Connection, dryRun bool, newSecret func() (ops.SecretFields, error)) error {
	if err := m.CheckUpdate(ctx, after); err != nil {
		return err
	}
	different, err := ops.Compare(before, after)
	if err != nil {
		return err
	}
	if err := m.c.printDifferences(different, dryRun); err != nil || dryRun {
		return err
	}
	var fields ops.SecretFields
	if newSecret != nil {
		if fields, err = newSecret(); err != nil {
			return err
		}
	}
	v, err := m.Update(ctx, before, after, fields, false)
	return m.done(ctx, v, err)
}

// newSecret is needed where the method changes, and written where one is given.
func (a *edition) newSecret(ctx context.Context, m *managed, before, after events.Connection) (ops.SecretFields, error) {
	of := m.SecretShape(after)
	if len(of) == 0 || before.Auth.Method == after.Auth.Method && !a.given() {
		return nil, nil
	}
	if err := m.useVault(ctx); err != nil {
		return nil, err
	}
	return m.c.readSecret(ctx, a.secretFlags, of, after.Auth.ClientID, true)
}

// printDifferences shows what changes: on standard output when that is all, as a remark otherwise.
func (c *command) printDifferences(all []ops.Difference, only bool) error {
	if c.json {
		if only {
			return objects(c, all)
		}
		return nil
	}
	return printLines(c.out, differenceLines(all))
}

func differenceLines(all []ops.Difference) (lines []string) {
	for _, d := range all {
		if d.Before != "" {
			lines = append(lines, "- "+d.Member+": "+d.Before)
		}
		if d.After != "" {
			lines = append(lines, "+ "+d.Member+": "+d.After)
		}
	}
	return lines
}

// inEditor lets a person edit the connection as YAML. What can not be read is kept, and the error says where.
func (c *command) inEditor(ctx context.Context, before events.Connection) (after events.Connection, err error) {
	text, err := ops.ConnectionYAML(before)
	if err != nil {
		return after, err
	}
	e, err := c.editText(ctx, before.ID+".yaml", text, "add a flag such as --name, or --from FILE, or set EDITOR")
	if err != nil {
		return after, err
	}
	if err := c.readConnection(e.path, &after); err != nil {
		return after, e.kept(err)
	}
	return after, e.forget()
}

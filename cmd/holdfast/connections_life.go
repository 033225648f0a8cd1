package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
)

// forOne makes a command that changes one connection, which its argument names.
func (c *command) forOne(cmd *cobra.Command, a *change, do func(context.Context, *managed, string) error) *cobra.Command {
	cmd.Use += " CONNECTION --tenant TENANT"
	cmd.Args = exactly(1, "a connection's id")
	cmd.ValidArgsFunction = c.completeConnections
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.manage(cmd.Context(), *a, func(ctx context.Context, m *managed) error { return do(ctx, m, args[0]) })
	}
	return changeFlags(cmd, a)
}

func (c *command) connectionsDelete() *cobra.Command {
	var (
		a   change
		yes bool
	)
	cmd := c.forOne(&cobra.Command{
		Use: "delete", Short: "Delete a connection, after showing what depends on it",
		Long: `Shows what uses the connection, and asks for its id at a terminal; elsewhere --yes is needed. Runs that need it are
suspended then. It can be restored for some time, while its secret is still in Vault: the secret is left there.`,
		Example: "  holdfast connections delete crm --tenant acme",
	}, &a, func(ctx context.Context, m *managed, id string) error {
		if err := m.confirmDeletion(ctx, id, yes); err != nil {
			return err
		}
		return m.refer(ctx, events.ConnectionDeleted, id)
	})
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask before")
	return cmd
}

// confirmDeletion shows what depends on a connection, and wants its id typed; a script has to say --yes.
func (m *managed) confirmDeletion(ctx context.Context, id string, yes bool) error {
	if _, err := m.Current(ctx, m.tenant, id, m.actor); err != nil {
		return err
	}
	lines, err := m.Dependents(ctx, m.tenant, id)
	if err != nil {
		return err
	}
	if err := printLines(m.c.err, lines); err != nil || yes {
		return err
	}
	if !terminal(m.c.in) {
		return &usageError{text: "not deleted without asking", hint: "add --yes"}
	}
	fmt.Fprintf(m.c.err, "type %s to delete it: ", printable(id))
	if answer, err := bufio.NewReader(m.c.in).ReadString('\n'); err != nil || strings.TrimSpace(answer) != id {
		return &ops.Problem{Kind: ops.Refused, Text: "nothing was done"}
	}
	return nil
}

// refer publishes an event that only names the connection, and prints what became of it.
func (m *managed) refer(ctx context.Context, t events.Type, id string) error {
	v, err := m.Refer(ctx, t, m.tenant, id, m.actor, nil, false)
	return m.done(ctx, v, err)
}

func (c *command) connectionsRestore() *cobra.Command {
	var a change
	return c.forOne(&cobra.Command{
		Use: "restore", Short: "Bring a deleted connection back, with the secret that is still in Vault",
		Example: "  holdfast connections restore crm --tenant acme",
	}, &a, func(ctx context.Context, m *managed, id string) error {
		return m.refer(ctx, events.ConnectionUndeleted, id)
	})
}

func (c *command) connectionsEnable() *cobra.Command {
	return c.switched("enable", "Let a disabled connection be used again; suspended runs go on", false)
}

func (c *command) connectionsDisable() *cobra.Command {
	return c.switched("disable", "Let nobody use a connection for now: its runs are suspended", true)
}

func (c *command) switched(verb, short string, disabled bool) *cobra.Command {
	var a change
	return c.forOne(&cobra.Command{
		Use: verb, Short: short, Example: "  holdfast connections " + verb + " crm --tenant acme",
	}, &a, func(ctx context.Context, m *managed, id string) error {
		before, err := m.Current(ctx, m.tenant, id, m.actor)
		if err != nil {
			return err
		}
		after := before
		after.Disabled = disabled
		v, err := m.Update(ctx, before, after, nil, false)
		return m.done(ctx, v, err)
	})
}

func (c *command) connectionsTest() *cobra.Command {
	var a change
	cmd := c.forOne(&cobra.Command{
		Use: "test", Short: "Ask a worker whether a connection authenticates now",
		Long: `Asks a worker to authenticate with the connection's credentials now, and waits for what came of it. Exit code 1: it does
not work, or it can not be told: the connection has no test, or its target does not answer.`,
		Example: "  holdfast connections test crm --tenant acme",
	}, &a, func(ctx context.Context, m *managed, id string) error {
		v, err := m.Refer(ctx, events.ConnectionTestRequested, m.tenant, id, m.actor, nil, false)
		if err := m.done(ctx, v, err); err != nil || v.Answer != ops.AnswerTested || v.Works() {
			return err
		}
		return errTold
	})
	cmd.Flags().Lookup("wait").DefValue = testedWithin.String()
	a.wait = testedWithin
	return cmd
}

func (c *command) connectionsRotate() *cobra.Command {
	var (
		a       change
		f       secretFlags
		noEvent bool
		whole   bool
	)
	cmd := c.forOne(&cobra.Command{
		Use: "rotate", Short: "Give a connection a new secret",
		Long: `Writes a new secret to Vault, and publishes connection.secret_rotated so that workers use it at once. Fields that are not
given stay as they are, which needs a login that may read the secret; with --whole, or a login that may not read, all of them
are given anew. Without the event workers find out by themselves: at the next failure, or by looking at Vault.`,
		Example: `  holdfast connections rotate crm --tenant acme
  pwgen 32 1 | holdfast connections rotate crm --tenant acme --secret-stdin --username svc`,
	}, &a, func(ctx context.Context, m *managed, id string) error { return m.rotate(ctx, id, f, whole, noEvent) })
	f.add(cmd)
	cmd.Flags().BoolVar(&noEvent, "no-event", false, "only write to Vault")
	cmd.Flags().BoolVar(&whole, "whole", false, "replace the whole secret: fields that are not given go")
	return cmd
}

func (m *managed) rotate(ctx context.Context, id string, f secretFlags, whole, noEvent bool) error {
	now, err := m.Current(ctx, m.tenant, id, m.actor)
	if err != nil {
		return err
	}
	of := m.SecretShape(now)
	if len(of) == 0 {
		return &ops.Problem{Kind: ops.Refused, Text: "method " + now.Auth.Method + " has no secret",
			Hint: "holdfast connections show " + id + " --tenant " + m.tenant}
	}
	if err := m.useVault(ctx); err != nil {
		return err
	}
	fields, err := m.c.readSecret(ctx, f, of, now.Auth.ClientID, whole)
	if err != nil {
		return err
	}
	if len(fields) == 0 {
		return &usageError{text: "no field of the secret was given", hint: "holdfast connections rotate --help"}
	}
	complete := len(fields.Missing(of, now.Auth.ClientID)) == 0
	v, err := m.Rotate(ctx, now, fields, !whole, complete, noEvent)
	return m.done(ctx, v, err)
}

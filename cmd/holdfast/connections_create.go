package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// creation is what connections create was told.
type creation struct {
	change
	shape
	sharing
	secretFlags

	id, kind, connectionType, designerSite string
	owners                                 []string
	noSecret                               bool
}

func (c *command) connectionsCreate() *cobra.Command {
	var a creation
	cmd := &cobra.Command{
		Use: "create --name NAME --tenant TENANT", Short: "Create a connection: its secret goes to Vault, then the event to the bus",
		Long: `Creates a connection. Its secret is asked for without being shown, or read from standard input or a file; it is never an
argument. It is written to Vault first, with your own login there (VAULT_ADDR, VAULT_TOKEN), and connection.created is
published afterwards; then a worker's answer is waited for. Interrupted in between, run the same command again: the same
name gives the same id, and a secret that is there already is not written twice.`,
		Example: `  holdfast connections create --tenant acme --name "CRM" --method basic --setting base_url=https://crm.example.com --username svc
  holdfast connections create --tenant acme --from crm.yaml --secret-file crm-secret.json
  printf %s "$TOKEN" | holdfast connections create --tenant acme --id hooks --name Hooks --method bearer --setting base_url=https://hooks.example.com --secret-stdin`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.manage(cmd.Context(), a.change, func(ctx context.Context, m *managed) error { return a.create(ctx, cmd, m) })
		},
	}
	changeFlags(cmd, &a.change)
	a.shape.add(cmd)
	a.sharing.add(cmd)
	a.secretFlags.add(cmd)
	f := cmd.Flags()
	f.StringVar(&a.id, "id", "", "its id, for ever; made of the name where empty")
	f.StringVar(&a.connectionType, "type", "", "its type; http where empty")
	f.StringVar(&a.kind, "kind", "", "shared (the default), or personal: yours alone")
	f.StringArrayVar(&a.owners, "owner", nil, "a user who owns it (repeat); you where empty")
	f.StringVar(&a.designerSite, "designer-site", "", "the site in whose designer it is created")
	f.BoolVar(&a.noSecret, "no-secret", false, "do not ask for a secret: the connection is pending until it has one")
	cmd.MarkFlagsMutuallyExclusive("no-secret", "secret-stdin")
	cmd.MarkFlagsMutuallyExclusive("no-secret", "secret-file")
	return c.completeShape(cmd)
}

func (a *creation) create(ctx context.Context, cmd *cobra.Command, m *managed) error {
	wanted, err := a.wanted(cmd, m)
	if err != nil {
		return err
	}
	draft, there, err := m.Draft(ctx, wanted)
	if err != nil {
		return m.done(ctx, ops.ChangeView{}, err)
	}
	v := ops.ChangeView{Tenant: m.tenant, Connection: draft.ID, Event: events.ConnectionCreated.What(), Answer: ops.AnswerUnchanged}
	if there {
		return m.done(ctx, v, nil)
	}
	fields, err := a.secretOf(ctx, m, draft)
	if err != nil {
		return err
	}
	v, err = m.Do(ctx, ops.Change{Tenant: m.tenant, Connection: draft.ID, Type: events.ConnectionCreated, Payload: draft, Secret: fields})
	return m.done(ctx, v, err)
}

// secretOf gives the fields of the secret, with Vault ready to take them; nil where there is none.
func (a *creation) secretOf(ctx context.Context, m *managed, c events.Connection) (ops.SecretFields, error) {
	of := m.SecretShape(c)
	if a.noSecret || len(of) == 0 {
		return nil, nil
	}
	if err := m.useVault(ctx); err != nil {
		return nil, err
	}
	return m.c.readSecret(ctx, a.secretFlags, of, c.Auth.ClientID, true)
}

// wanted is the connection as the flags describe it.
func (a *creation) wanted(cmd *cobra.Command, m *managed) (events.Connection, error) {
	var w events.Connection
	if err := a.read(m.c, &w); err != nil {
		return w, err
	}
	w.Type = cmp.Or(a.connectionType, w.Type, "http")
	if err := a.apply(m, cmd, &w); err != nil {
		return w, err
	}
	if w.Tenant != "" && w.Tenant != m.tenant {
		return w, &usageError{text: "--from names another tenant than --tenant does", hint: "leave tenant out of the file"}
	}
	w.Tenant, w.Actor, w.BasedOn = m.tenant, m.actor, 0
	w.ID = cmp.Or(a.id, w.ID)
	w.Kind = cmp.Or(events.Kind(a.kind), w.Kind, events.Shared)
	w.DesignerSite = cmp.Or(a.designerSite, w.DesignerSite)
	if len(a.owners) > 0 {
		w.Owners = a.owners
	}
	if len(a.users) > 0 {
		w.Users = a.users
	}
	if len(a.groups) > 0 {
		w.Groups = a.groups
	}
	if a.availability != "" {
		at, err := ops.ParseAvailability(a.availability)
		if err != nil {
			return w, err
		}
		w.Availability = at
	}
	switch {
	case w.Name == "":
		return w, &usageError{text: "a connection has a name", hint: "add --name"}
	case w.Auth.Method == "":
		return w, fault.New(fault.SettingsInvalid, "a connection has a method").WithHint("add --method; " + cmd.CommandPath() + " --help")
	}
	return w, nil
}

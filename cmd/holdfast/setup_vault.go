package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/internal/app"
	"holdfast/internal/ops"
)

// vaultFlags are what `setup vault` and `setup all` share.
func vaultFlags(cmd *cobra.Command, s *ops.VaultSetup) {
	cmd.Flags().StringVar(&s.Role, "role", "holdfast-worker", "name of the workers' AppRole")
	cmd.Flags().StringVar(&s.AuthMount, "approle-mount", "approle", "where the AppRole method is, or shall be, mounted")
	cmd.Flags().StringVar(&s.RoleID, "role-id", "", "role id to have; Vault chooses where empty")
	cmd.Flags().StringVar(&s.Folder, "login-dir", "", "folder for role-id and secret-id, readable by you alone; no secret id is made where empty")
}

func (c *command) setupVault() *cobra.Command {
	var s ops.VaultSetup
	cmd := &cobra.Command{
		Use: "vault", Short: "Create and update mount, policies and the workers' login in Vault",
		Long: `Makes sure of the KV version 2 mount, the policies holdfast-worker, holdfast-rotator and holdfast-console, and an
AppRole for workers; doing it again changes nothing. It needs an administrator's login at Vault. What is mounted there
already is never changed.`,
		Example: "  VAULT_TOKEN=… holdfast setup vault --login-dir /etc/holdfast/vault",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.setUpVault(cmd.Context(), s) },
	}
	vaultFlags(cmd, &s)
	return cmd
}

func (c *command) setupAll() *cobra.Command {
	var (
		s           ops.VaultSetup
		allowWeaker bool
	)
	cmd := &cobra.Command{
		Use: "all", Short: "Both: streams on the bus, and what workers need in Vault",
		Example: "  holdfast setup all --login-dir /etc/holdfast/approle",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.setUpVault(cmd.Context(), s); err != nil {
				return err
			}
			return c.setUpBus(cmd.Context(), allowWeaker)
		},
	}
	vaultFlags(cmd, &s)
	cmd.Flags().BoolVar(&allowWeaker, "allow-weaker", false, "let existing streams keep less, or less safely, than now")
	return cmd
}

func (c *command) setUpVault(ctx context.Context, s ops.VaultSetup) error {
	cfg, err := c.load(true)
	if err != nil {
		return err
	}
	s.Patience = cfg.NATS.StartTimeout
	report, err := ops.SetUpVault(ctx, app.VaultConfig(cfg.Config), s, c.log(cfg.Log))
	if err != nil {
		return err
	}
	if c.json {
		return c.object(report)
	}
	c.names("created", report.Created)
	c.names("changed", report.Changed)
	fmt.Fprintf(c.out, "%d created, %d changed, %d as they should be\n",
		len(report.Created), len(report.Changed), len(report.Unchanged))
	c.fields([2]string{"role id", report.RoleID}, [2]string{"secret id file", report.SecretIDFile})
	return nil
}

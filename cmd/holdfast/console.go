package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"holdfast/internal/app"
)

func (c *command) console() *cobra.Command {
	cmd := &cobra.Command{
		Use: "console", Short: "Serve the pages where people sign accounts in and look at connections",
		Long: `Serves the console until it is told to stop. Links (holdfast console link) lead people to sign in at an identity
provider as the account that a connection is to use. Where console.issuer is set, people sign in to the console itself, and
see a list of the connections that they may see. Any number of consoles may run with the same console.key.`,
		Example: "  holdfast console --console-url https://connect.example.com --config /etc/holdfast-console.yaml",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(true)
			if err != nil {
				return err
			}
			level, err := zerolog.ParseLevel(cfg.Log.Level)
			if err != nil {
				return err
			}
			return app.RunConsole(cmd.Context(), cfg.Config, workerLog(c.err, cfg.Log).Level(level))
		},
	}
	cmd.AddCommand(c.consoleLink())
	return cmd
}

func (c *command) consoleLink() *cobra.Command {
	var (
		tenant, actor string
		life          time.Duration
	)
	cmd := &cobra.Command{
		Use: "link CONNECTION --tenant TENANT", Short: "Make a link to sign an account in with, at a console that runs elsewhere",
		Long: `Prints a link for the connection, sealed with console.key. Where people sign in to the console, whoever follows it must
be allowed to write the connection's credentials; where not, the link speaks for --actor: give it to nobody else.`,
		Example: "  holdfast console link crm --tenant acme --console-url https://connect.example.com",
		Args:    exactly(1, "a connection's id"),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := c.load(false)
			if err != nil {
				return err
			}
			link, err := app.ConsoleLink(cfg.Config, tenant, args[0], cmp.Or(actor, fitting(whoami())), life)
			if err != nil {
				return &usageError{text: err.Error(), hint: "holdfast help settings, or docs/how-do-i-connect-an-account.md"}
			}
			if c.json {
				return c.object(map[string]any{"url": link})
			}
			_, err = fmt.Fprintln(c.out, link)
			return err
		},
		ValidArgsFunction: c.completeConnections,
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "the connection's tenant")
	cmd.Flags().StringVar(&actor, "actor", "", "the user for whom the link speaks; your user name where empty")
	cmd.Flags().DurationVar(&life, "for", 24*time.Hour, "how long the link works")
	return required(cmd, "tenant")
}

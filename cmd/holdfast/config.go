package main

import (
	"cmp"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

func (c *command) config() *cobra.Command {
	return group(&cobra.Command{Use: "config", Short: "Check the configuration, or show where it comes from"},
		c.configCheck(), c.configShow())
}

func (c *command) configCheck() *cobra.Command {
	var busOnly bool
	cmd := &cobra.Command{
		Use: "check", Short: "Look for mistakes and explain all of them",
		Example: "  holdfast config check --config holdfast.yaml",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := c.load(!busOnly)
			if err != nil {
				return err
			}
			if c.json {
				return c.object(map[string]any{"ok": true, "file": loaded.File})
			}
			_, err = fmt.Fprintf(c.out, "no mistakes (file: %s)\n", cmp.Or(printable(loaded.File), "none"))
			return err
		},
	}
	cmd.Flags().BoolVar(&busOnly, "bus-only", false, "do not ask for a Vault login: for operators, who need the bus alone")
	return cmd
}

func (c *command) configShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show every setting and where its value comes from; secrets are redacted",
		Example: `  holdfast config show
  holdfast config show --json | jq -r 'select(.source != "default")'`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := c.load(false)
			if err != nil {
				return err
			}
			if c.json {
				return objects(c, loaded.Rows())
			}
			var rows []table.Row
			for _, r := range loaded.Rows() {
				rows = append(rows, table.Row{r.Key, r.Value, r.From, r.Place})
			}
			c.table(table.Row{"setting", "value", "from", "place"}, rows)
			return nil
		},
	}
}

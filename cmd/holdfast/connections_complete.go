package main

import (
	"github.com/spf13/cobra"

	"holdfast/internal/credential"
)

// completeShape offers values for the flags that describe a connection, where they are few.
func (c *command) completeShape(cmd *cobra.Command) *cobra.Command {
	for flag, values := range map[string][]string{
		"method": {string(credential.Basic), string(credential.APIKey), string(credential.Bearer), string(credential.ClientCredentials),
			string(credential.RefreshToken), string(credential.JWTBearer), string(credential.None)},
		"resume":       {"auto", "manual"},
		"kind":         {"shared", "personal"},
		"availability": {"tenant", "site-collection:", "site:"},
	} {
		offer(cmd, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
	}
	offer(cmd, "type", c.completeTypes)
	return cmd
}

func offer(cmd *cobra.Command, flag string, values cobra.CompletionFunc) {
	if cmd.Flags().Lookup(flag) == nil {
		return
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, values); err != nil {
		panic(err) // it is registered twice: a mistake in this program
	}
}

// completeTypes offers the names of connection types.
func (c *command) completeTypes(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	types, err := c.catalog()
	if len(args) > 0 || err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, t := range types.All() {
		names = append(names, cobra.CompletionWithDesc(t.Name, t.Title))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

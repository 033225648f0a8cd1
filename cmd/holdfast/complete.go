package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"holdfast/internal/explain"
)

// completeAll gives every flag and every argument of the commands that has no completion of its own one by its name: what
// the bus knows, a few words that are usual, files where a file is meant, and else nothing.
func (c *command) completeAll(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if _, has := cmd.GetFlagCompletionFunc(f.Name); !has && f.NoOptDefVal == "" {
			offer(cmd, f.Name, c.completionOf(cmd, f))
		}
	})
	if cmd.ValidArgsFunction == nil && !strings.Contains(cmd.Use, "FILE") && !cmd.HasSubCommands() {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, sub := range cmd.Commands() {
		c.completeAll(sub)
	}
}

func (c *command) completionOf(cmd *cobra.Command, f *pflag.Flag) cobra.CompletionFunc {
	if directive, is := fileFlag(f); is {
		return cobra.FixedCompletions(nil, directive)
	}
	if f.Value.Type() == "when" {
		return cobra.FixedCompletions([]string{"1h", "24h", "7d"}, cobra.ShellCompDirectiveNoFileComp)
	}
	if cmd.Flag("tenant") == nil {
		return cobra.NoFileCompletions
	}
	switch f.Name {
	case "tenant":
		return c.completeTenants
	case "connection":
		return c.completeConnectionFlag
	case "run", "request":
		return c.completeSuspendedFlag(explain.Kind(f.Name))
	default:
		return cobra.NoFileCompletions
	}
}

// fileFlag tells whether a flag names a file or a folder, and how a shell completes it.
func fileFlag(f *pflag.Flag) (cobra.ShellCompDirective, bool) {
	switch f.Name {
	case "config", "cpuprofile", "target-log", "save", "out", "record":
		return cobra.ShellCompDirectiveDefault, true
	case "store", "data":
		return cobra.ShellCompDirectiveFilterDirs, true
	case "from": // elsewhere it is where a range begins
		return cobra.ShellCompDirectiveDefault, f.Value.Type() == "string"
	}
	if strings.HasSuffix(f.Name, "-dir") {
		return cobra.ShellCompDirectiveFilterDirs, true
	}
	return cobra.ShellCompDirectiveDefault, strings.HasSuffix(f.Name, "-file")
}

// completeFor is how long a shell waits for what it can offer.
const completeFor = 2 * time.Second

// completeFrom offers what is found in the tenant that the flag names, for a flag or the first argument.
func completeFrom(find func(ctx context.Context, tenant string) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		tenant := cmd.Flag("tenant").Value.String()
		if len(args) > 0 || tenant == "" {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeFor)
		defer cancel()
		found, err := find(ctx, tenant)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeTenants offers the tenants that have connections.
func (c *command) completeTenants(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeFor)
	defer cancel()
	var tenants []string
	err := c.withConnections(ctx, func(_ context.Context, l look) error {
		for e := range l.connections.All() {
			tenants = append(tenants, e.Tenant)
		}
		return nil
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	slices.Sort(tenants)
	return slices.Compact(tenants), cobra.ShellCompDirectiveNoFileComp
}

// completeSuspendedFlag offers what waits of a tenant, whatever the arguments.
func (c *command) completeSuspendedFlag(kind explain.Kind) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return c.completeSuspended(kind)(cmd, nil, word)
	}
}

// words are closed sets as a shell is offered them.
func words[T ~string](sets ...[]T) cobra.CompletionFunc {
	var all []string
	for _, set := range sets {
		for _, w := range set {
			all = append(all, string(w))
		}
	}
	return cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp)
}

// helped gives a command that holds others the first example of each.
func helped(cmd *cobra.Command, children []*cobra.Command) {
	if cmd.Example != "" {
		return
	}
	var lines []string
	for _, child := range children {
		if first, _, _ := strings.Cut(child.Example, "\n"); first != "" && !child.Hidden {
			lines = append(lines, first)
		}
	}
	cmd.Example = strings.Join(lines, "\n")
}

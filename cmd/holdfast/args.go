package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func noArgs(cmd *cobra.Command, args []string) error { return exactly(0, "")(cmd, args) }

// exactly wants n arguments; names is what they are called in usage.
func exactly(n int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		wanted := "no arguments"
		if n > 0 {
			wanted = names
		}
		return &usageError{
			text: fmt.Sprintf("%s takes %s, and was given %d", cmd.CommandPath(), wanted, len(args)),
			hint: cmd.CommandPath() + " --help",
		}
	}
}

// group is a command that only holds others: called alone or with a word that is none of them, it is used
// wrongly.
func group(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(children...)
	helped(cmd, children)
	cmd.Args = cobra.ArbitraryArgs
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text := cmd.CommandPath() + " needs one of its commands"
		if len(args) > 0 {
			text = fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0])
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				text += "; did you mean " + near[0] + "?"
			}
		}
		return &usageError{text: text, hint: cmd.CommandPath() + " --help"}
	}
	return cmd
}

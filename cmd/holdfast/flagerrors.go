package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// badFlag is a mistake in a command's flags, in plain words, with where they are listed.
func badFlag(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return &usageError{text: cmd.CommandPath() + ": " + plainFlags(err.Error()), hint: cmd.CommandPath() + " --help"}
}

// What cobra says of flags that are missing or do not go together.
var (
	missingFlags = regexp.MustCompile(`^required flag\(s\) (.+) not set$`)
	apartFlags   = regexp.MustCompile(`^if any flags in the group \[.+\] are set none of the others can be; \[(.+)\] were all set$`)
	oneOfFlags   = regexp.MustCompile(`^at least one of the flags in the group \[(.+)\] is required$`)
	jointFlags   = regexp.MustCompile(`^if any flags in the group \[(.+)\] are set they must all be set; missing \[(.+)\]$`)
)

// plainFlags says the same in plain words; what it does not know stays as it is.
func plainFlags(text string) string {
	if m := missingFlags.FindStringSubmatch(text); m != nil {
		return "add " + listOf(strings.Split(strings.ReplaceAll(m[1], `"`, ""), ", "))
	}
	if m := apartFlags.FindStringSubmatch(text); m != nil {
		return listOf(strings.Fields(m[1])) + " do not go together: leave one of them out"
	}
	if m := oneOfFlags.FindStringSubmatch(text); m != nil {
		return "one of " + listOf(strings.Fields(m[1])) + " is needed"
	}
	if m := jointFlags.FindStringSubmatch(text); m != nil {
		return listOf(strings.Fields(m[1])) + " belong together: add " + listOf(strings.Fields(m[2]))
	}
	return text
}

// listOf is flags in a line: --a, --b and --c.
func listOf(names []string) string {
	text := "--" + names[0]
	for i, name := range names[1:] {
		if i == len(names)-2 {
			text += " and --" + name
		} else {
			text += ", --" + name
		}
	}
	return text
}

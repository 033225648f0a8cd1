package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/config"
)

// helpTopics are texts that holdfast help shows beside the commands' own.
func helpTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodes},
		{Use: "settings", Short: "Every setting: key, variable, flag, default", Long: settingsText()},
	}
}

func settingsText() string {
	var b strings.Builder
	b.WriteString("Every setting may be given in a YAML file (--config), as a variable, or as a flag; later ones win.\n")
	for _, s := range config.Settings() {
		fmt.Fprintf(&b, "\n%s (%s", s.Key, s.Kind)
		if s.Default != "" {
			fmt.Fprintf(&b, ", default %s", s.Default)
		}
		fmt.Fprintf(&b, ")\n    %s\n    %s\n", strings.TrimSpace(s.Env+" "+s.Flag), s.Help)
	}
	return b.String()
}

package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// filesMeant are the flags that name a file or a folder, as command and flag, or as flag alone where it does so everywhere.
var filesMeant = map[string]bool{
	"config": true, "cpuprofile": true, "target-log": true, "save": true, "out": true, "store": true, "data": true, "login-dir": true,
	"connections-types-dir": true, "user-file": true, "secret-file": true, "record": true,
	"holdfast connections create from": true, "holdfast connections edit from": true, "holdfast deadletters edit from": true,
}

func meansFile(cmd *cobra.Command, f *pflag.Flag) bool {
	setting := !cmd.HasParent() && strings.HasSuffix(f.Name, "-file")
	return setting || filesMeant[f.Name] || filesMeant[cmd.CommandPath()+" "+f.Name]
}

// walk visits all commands that people see.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	if cmd.Hidden {
		return
	}
	visit(cmd)
	for _, sub := range cmd.Commands() {
		walk(sub, visit)
	}
}

var quoted = regexp.MustCompile(`'[^']*'|"[^"]*"`)

// Every command has examples, and each of them is a command that there is.
func TestO1_EveryCommandHasExamplesThatResolve(t *testing.T) {
	walk((&command{}).root(), func(cmd *cobra.Command) {
		if cmd.Example == "" && cmd.Runnable() {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			line, _, _ = strings.Cut(quoted.ReplaceAllString(line, "quoted"), " | ")
			if !strings.HasPrefix(line, "holdfast ") {
				continue // it goes on, or something else begins
			}
			if err := resolves(line); err != nil {
				t.Errorf("%s: %s: %v", cmd.CommandPath(), line, err)
			}
		}
	})
}

// No file names are offered where no file is meant, and they are where one is.
func TestO1_FilesAreOfferedWhereTheyAreMeant(t *testing.T) {
	seen := 0
	walk((&command{}).root(), func(cmd *cobra.Command) {
		if takes := strings.Contains(cmd.Use, "FILE"); cmd.Runnable() && !cmd.HasSubCommands() && takes != (cmd.ValidArgsFunction == nil) {
			t.Errorf("%s: takes files: %t", cmd.Use, takes)
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.NoOptDefVal != "" {
				return
			}
			complete, has := cmd.GetFlagCompletionFunc(f.Name)
			if !has {
				t.Errorf("%s --%s offers file names by default", cmd.CommandPath(), f.Name)
				return
			}
			if asksTheBus[f.Name] && cmd.Flag("tenant") != nil {
				return
			}
			seen++
			_, directive := complete(cmd, nil, "")
			if offers := directive&cobra.ShellCompDirectiveNoFileComp == 0; offers != meansFile(cmd, f) {
				t.Errorf("%s --%s: offers files or folders: %t", cmd.CommandPath(), f.Name, offers)
			}
		})
	})
	if seen < 250 {
		t.Errorf("%d flags seen", seen)
	}
}

// asksTheBus are flags whose completion needs a bus: scripts try them.
var asksTheBus = map[string]bool{"tenant": true, "connection": true, "run": true, "request": true, "app": true, "last": true, "set": true,
	"replaces": true, "type": true}

package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/app"
	"holdfast/internal/catalog"
	"holdfast/internal/ops"
)

func (c *command) types() *cobra.Command {
	return group(&cobra.Command{Use: "types", Aliases: []string{"type"}, Short: "Look at connection types, and check files that describe more of them"},
		c.typesList(), c.typesShow(), c.typesCheck())
}

func (c *command) typesList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List connection types: the built-in ones, and those of connections.types_dir", Args: noArgs,
		Example: "  holdfast types list",
		RunE: func(*cobra.Command, []string) error {
			types, err := c.catalog()
			if err != nil {
				return err
			}
			return c.printTypes(types.All())
		},
	}
}

func (c *command) typesShow() *cobra.Command {
	return &cobra.Command{
		Use: "show TYPE", Short: "Show what a connection of a type needs", Args: exactly(1, "a connection type"),
		Example: "  holdfast types show zendesk",
		RunE: func(_ *cobra.Command, args []string) error {
			types, err := c.catalog()
			if err != nil {
				return err
			}
			t, ok := types.Lookup(args[0])
			if !ok {
				return &ops.Problem{Kind: ops.NotFound, Text: fmt.Sprintf("there is no connection type %q", args[0]), Hint: "holdfast types list"}
			}
			if c.json {
				return c.object(t.Spec)
			}
			c.printType(t)
			return nil
		},
		ValidArgsFunction: c.completeTypes,
	}
}

func (c *command) typesCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE|FOLDER", Short: "Look for mistakes in files that describe connection types",
		Long: "Look for mistakes in one file, or in a folder of them, as a worker does that is given the folder as\n" +
			"connections.types_dir. Every mistake is told with its line. Nothing is connected to.",
		Example: "  holdfast types check ./types",
		Args:    exactly(1, "a file or a folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			types, err := readTypes(args[0])
			if err != nil {
				return app.TypeProblems(err)
			}
			if err := app.CheckTypes(types); err != nil {
				return err
			}
			return c.printChecked(types)
		},
	}
}

// readTypes reads a file or a folder, and puts what is in it beside the built-in types.
func readTypes(path string) (types []*catalog.Type, err error) {
	if info, serr := os.Stat(path); serr == nil && info.IsDir() {
		types, err = catalog.ReadDir(path)
	} else {
		var t *catalog.Type
		t, err = catalog.ReadFile(path)
		types = append(types, t)
	}
	if err != nil {
		return nil, err
	}
	builtin, err := catalog.Builtin()
	if err != nil {
		return nil, err
	}
	_, err = builtin.With(types)
	return types, err
}

// catalog is the types that the configuration names.
func (c *command) catalog() (*catalog.Catalog, error) {
	cfg, err := c.load(false)
	if err != nil {
		return nil, err
	}
	return app.LoadTypes(cfg.Config)
}

func (c *command) printTypes(types []*catalog.Type) error {
	rows := make([]table.Row, 0, len(types))
	for _, t := range types {
		if c.json {
			if err := c.object(t.Spec); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, table.Row{t.Name, t.Title, t.Target, strings.Join(t.MethodNames(), ", "), t.Place()})
	}
	if !c.json {
		c.table(table.Row{"type", "title", "target", "methods", "from"}, rows)
	}
	return nil
}

func (c *command) printType(t *catalog.Type) {
	resumes := ""
	if t.ResumesPerSecond > 0 {
		resumes = fmt.Sprintf("%g", t.ResumesPerSecond)
	}
	c.fields(
		[2]string{"type", t.Name}, [2]string{"title", t.Title}, [2]string{"help", t.Help}, [2]string{"docs", t.Docs},
		[2]string{"target", string(t.Target)}, [2]string{"base URL", t.BaseURL}, [2]string{"test", t.Test},
		[2]string{"resumes a second", resumes}, [2]string{"from", t.Place()},
	)
	var settings, methods, secrets, actions []table.Row
	for _, s := range t.Settings {
		settings = append(settings, table.Row{s.Name, s.Type, needed(s), s.Title, s.Help})
	}
	for _, m := range t.Auth {
		methods = append(methods, table.Row{m.Method, m.TokenURL, strings.Join(m.Scopes, " "), m.Help})
		for _, f := range t.SecretFields(m.Method) {
			secrets = append(secrets, table.Row{m.Method, f.Name, f.Title, map[bool]string{true: "optional"}[f.Optional]})
		}
	}
	for _, a := range t.Actions {
		actions = append(actions, table.Row{a.Connector, strings.Join(a.Operations, ", ")})
	}
	c.section("settings", table.Row{"setting", "type", "needed", "title", "help"}, settings)
	c.section("methods", table.Row{"method", "token URL", "scopes", "help"}, methods)
	c.section("fields of the secret", table.Row{"method", "field", "title", ""}, secrets)
	c.section("actions", table.Row{"connector", "operations (all where empty)"}, actions)
}

// needed tells whether a setting has to be given.
func needed(s catalog.Setting) string {
	switch {
	case s.Secret:
		return "in the secret"
	case s.Default != nil:
		return fmt.Sprintf("else %q", fmt.Sprint(s.Default))
	case s.Required:
		return "yes"
	default:
		return "no"
	}
}

func (c *command) printChecked(types []*catalog.Type) error {
	names := make(map[string]bool, len(types))
	for _, t := range types {
		names[t.Name] = true
	}
	sorted := slices.AppendSeq([]string{}, maps.Keys(names))
	slices.Sort(sorted)
	if c.json {
		return c.object(map[string]any{"ok": true, "types": sorted})
	}
	_, err := fmt.Fprintf(c.out, "no mistakes (types: %s)\n", printable(strings.Join(sorted, ", ")))
	return err
}

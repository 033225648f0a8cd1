package main

import (
	"context"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/formula"
	"holdfast/internal/ops"
	"holdfast/internal/ops/rights"
)

func (c *command) formula() *cobra.Command {
	return group(&cobra.Command{Use: "formula", Short: "Try formulas, and look at the functions that they may call"},
		c.formulaEval(), c.formulaFunctions())
}

// tried is what a formula is tried with.
type tried struct {
	userFile string
	record   string
	now      string
	// The user as the bus knows it, in an app.
	tenant, user, app string
}

func (c *command) formulaEval() *cobra.Command {
	var t tried
	cmd := &cobra.Command{
		Use: "eval FORMULA", Short: "Evaluate a formula for a user and a record",
		Long: `Evaluates a formula, as a condition of a permission set or of an action, and prints its value. The user is a YAML file with
attributes and sets, or with --tenant and --user one as the bus knows it, who holds there what --app gives; the record is a
JSON file; what is not given is blank. A mistake is shown at its place. Of a condition on records, it also prints what of it
a data source is asked. Without --user nothing is connected to. A formula that begins with - comes after --.`,
		Example: `  holdfast formula eval '{{$Model.Region}} = {{$User.region}}' --user-file user.yaml --record record.json
  holdfast formula eval '{{$User.region}} = "north"' --tenant acme --user bob --app sales
  holdfast formula eval 'DATEDIFF("2026-01-31", TODAY(), "months")'
  holdfast formula eval --record record.json -- '-{{$Model.Amount}}'`,
		Args: exactly(1, "a formula"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.formulaInput(t)
			if err != nil {
				return err
			}
			if t.user == "" {
				return c.tryFormula(args[0], in)
			}
			return c.withRights(cmd.Context(), t.tenant, func(_ context.Context, d *rights.Desk) error {
				if in.User = d.Reader(t.user, t.app); t.now == "" {
					in.Now = d.Clock.Now()
				}
				return c.tryFormula(args[0], in)
			})
		},
	}
	cmd.Flags().StringVar(&t.userFile, "user-file", "", "YAML with the user's attributes and sets; - for standard input")
	cmd.Flags().StringVar(&t.record, "record", "", "JSON object with the record's fields; - for standard input")
	cmd.Flags().StringVar(&t.now, "now", "", "the time that TODAY and NOW go by, in RFC 3339; this moment where empty")
	cmd.Flags().StringVar(&t.tenant, "tenant", "", "whose user")
	cmd.Flags().StringVar(&t.user, "user", "", "a user as the bus knows it, with attributes and the sets that the user holds")
	cmd.Flags().StringVar(&t.app, "app", "", "the app whose sets count")
	cmd.MarkFlagsRequiredTogether("tenant", "user")
	cmd.MarkFlagsMutuallyExclusive("user", "user-file")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{text: cmd.CommandPath() + ": " + err.Error(), hint: "a formula that begins with - comes after --: " + cmd.CommandPath() + " -- '-1'"}
	})
	return c.completeRights(cmd)
}

func (c *command) tryFormula(text string, in formula.Input) error {
	v, err := ops.TryFormula(text, in)
	if err != nil {
		return err
	}
	return c.printFormula(v)
}

// formulaInput is everything that a formula is tried with.
func (c *command) formulaInput(t tried) (in formula.Input, err error) {
	if in.Now, err = moment(t.now); err != nil {
		return in, err
	}
	if in.User, err = c.formulaUser(t); err != nil {
		return in, err
	}
	in.Model, err = c.formulaRecord(t)
	return in, err
}

func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Now(), nil
	}
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return now, &usageError{text: "--now is no time", hint: "such as --now 2026-01-31T09:30:00Z"}
	}
	return now, nil
}

// formulaUser is who the formula is tried for; nil where nobody is named.
func (c *command) formulaUser(t tried) (formula.User, error) {
	if t.userFile == "" {
		return nil, nil //nolint:nilnil // nobody is an answer: everything of them is blank
	}
	file, err := c.input(t.userFile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return ops.ReadFormulaUser(file)
}

// formulaRecord is the record that the formula is tried with; nil where none is named.
func (c *command) formulaRecord(t tried) (formula.Model, error) {
	r, err := c.record(t.record)
	if r == nil {
		return nil, err // a Model that is nil, too
	}
	return r, err
}

// record reads a record from a file; nil where none is named.
func (c *command) record(path string) (formula.Record, error) {
	if path == "" {
		return nil, nil
	}
	file, err := c.input(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return ops.ReadRecord(file)
}

func (c *command) printFormula(v ops.FormulaView) error {
	if c.json {
		return c.object(v)
	}
	filter := v.Filter
	if v.Exact != nil && !*v.Exact {
		filter += " (and the formula on what comes back)"
	}
	c.fields([2]string{"value", v.Shown()}, [2]string{"kind", v.Kind}, [2]string{"fields", strings.Join(v.Fields, ", ")},
		[2]string{"sets", strings.Join(v.Sets, ", ")}, [2]string{"attributes", strings.Join(v.Attributes, ", ")},
		[2]string{"filter", filter})
	return nil
}

func (c *command) formulaFunctions() *cobra.Command {
	return &cobra.Command{
		Use: "functions", Short: "List the functions that formulas may call", Args: noArgs,
		Example: "  holdfast formula functions",
		RunE: func(*cobra.Command, []string) error {
			all := formula.Functions()
			if c.json {
				return objects(c, all)
			}
			rows := make([]table.Row, 0, len(all))
			for _, f := range all {
				rows = append(rows, table.Row{f.Usage, f.Does})
			}
			c.table(table.Row{"function", "what it gives"}, rows)
			return nil
		},
	}
}

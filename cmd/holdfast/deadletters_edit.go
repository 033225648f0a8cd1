package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"holdfast/internal/ops/letters"
)

// correction is what deadletters edit was told.
type correction struct {
	handling

	from   string
	dryRun bool
}

func (c *command) deadLettersEdit() *cobra.Command {
	var a correction
	cmd := &cobra.Command{
		Use: "edit SEQUENCE", Short: "Correct a dead letter, and have it handled",
		Long: `Opens the message in $EDITOR, holds what you make of it against all that a worker holds it against, shows the difference,
asks, and publishes it: as a new event with an id of its own, which names the message (retryof) and the dead letter
(deadletter) that it stands for. What could be a secret is not shown: leave “[masked 1]” as it is, and the value stays. Then
it waits to see what a worker makes of it.`,
		Example: `  holdfast deadletters edit 12
  holdfast deadletters show 12 --save event.json    # or as a file
  holdfast deadletters edit 12 --from event.json --yes --why "the step kind was wrong"`,
		Args: exactly(1, "a dead letter's sequence"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sequences, err := letterSequences(args)
			if err != nil {
				return err
			}
			return c.correct(cmd.Context(), sequences[0], a)
		},
		ValidArgsFunction: c.completeLetters,
	}
	a.addBy(cmd)
	cmd.Flags().StringVar(&a.from, "from", "", "the corrected message in this file (- for standard input), instead of an editor")
	cmd.Flags().BoolVar(&a.dryRun, "dry-run", false, "only show the difference")
	cmd.Flags().BoolVarP(&a.yes, "yes", "y", false, "do not ask before")
	return a.addWait(cmd)
}

func (c *command) correct(ctx context.Context, letter uint64, a correction) error {
	return c.onDesk(ctx, &a.handling, func(desk *letters.Desk) error {
		e, err := desk.Edit(ctx, letter)
		if err != nil {
			return err
		}
		p, err := c.propose(ctx, desk, e, a.from)
		if err != nil {
			return err
		}
		if err := c.printProposal(p); err != nil {
			return err
		}
		if a.dryRun {
			return c.jsonOnly(p.Result)
		}
		if err := c.sure("publish this in place of dead letter "+strconv.FormatUint(letter, 10), a.yes); err != nil {
			return err
		}
		a.yes = true
		t := &told{command: c, handling: &a.handling, verb: "edited", bar: func() {}}
		return t.carryOut(ctx, desk, func() error {
			r, err := desk.Publish(ctx, e, p, a.by)
			if err != nil {
				return err
			}
			return t.tell(r)
		})
	})
}

// propose lets a person edit the message, or reads what they made of it.
func (c *command) propose(ctx context.Context, desk *letters.Desk, e *letters.Edition, from string) (*letters.Proposal, error) {
	if from != "" {
		text, err := c.read(from)
		if err != nil {
			return nil, err
		}
		return desk.Propose(ctx, e, text)
	}
	file, err := c.editText(ctx, "event.json", e.Text, "set EDITOR, or add --from FILE")
	if err != nil {
		return nil, err
	}
	text, err := c.read(file.path)
	if err != nil {
		return nil, err
	}
	p, err := desk.Propose(ctx, e, text)
	if err != nil {
		return nil, file.kept(err)
	}
	return p, file.forget()
}

// read is all of a file, or of standard input.
func (c *command) read(path string) ([]byte, error) {
	in, err := c.input(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, &usageError{text: "the file can not be read: " + err.Error(), hint: "name another with --from"}
	}
	return text, nil
}

// printProposal shows people what is different, and what there is to know before it is published.
func (c *command) printProposal(p *letters.Proposal) error {
	if c.json {
		return nil
	}
	if _, err := fmt.Fprint(c.out, printableLines(p.Diff)); err != nil {
		return err
	}
	if p.Detail != "" {
		fmt.Fprintf(c.err, "note: %s\n", printable(p.Detail))
	}
	return nil
}

// jsonOnly prints an object where objects are asked for.
func (c *command) jsonOnly(v any) error {
	if !c.json {
		return nil
	}
	return c.object(v)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
)

// How much of a message is printed for people; --save gives all.
const (
	linesMost = 80  // around the one that is wrong
	widthMost = 400 // bytes of a line
)

func (c *command) deadLettersShow() *cobra.Command {
	var save string
	cmd := &cobra.Command{
		Use: "show SEQUENCE", Short: "Show one dead letter: the message, what is wrong with it and where, and what to do",
		Long: `Shows the message with what is wanted under the line that is wrong, its deliveries and what was done about them, and what
to do now. What could be a secret is masked, also with --json. --save writes the message as it was, for you alone to read.`,
		Example: "  holdfast deadletters show 12\n  holdfast deadletters show 12 --save event.json",
		Args:    exactly(1, "a dead letter's sequence"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sequences, err := letterSequences(args)
			if err != nil {
				return err
			}
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
				desk, err := letters.NewDesk(s)
				if err != nil {
					return err
				}
				v, err := desk.Show(ctx, sequences[0])
				switch {
				case err != nil:
					return err
				case save != "":
					return c.saveOriginal(v, save)
				case c.json:
					return c.object(v.Shown())
				}
				c.printLetter(v, s.Clock().Now())
				return nil
			})
		},
	}
	cmd.ValidArgsFunction = c.completeLetters
	cmd.Flags().StringVar(&save, "save", "", "write the original message, as it was, to this new file instead")
	return cmd
}

func (c *command) printLetter(v letters.View, now time.Time) {
	c.fields(
		[2]string{"tenant", v.Tenant}, [2]string{"reason", v.Reason}, [2]string{"field", v.Field}, [2]string{"detail", v.Detail},
		[2]string{"event type", v.Type}, [2]string{"event id", v.EventID}, [2]string{"subject", v.Subject},
		[2]string{"origin", origin(v.Origin)}, [2]string{"consumer", v.Consumer},
		[2]string{"deliveries", strconv.FormatUint(v.Deliveries, 10)}, [2]string{"state", standing(v)},
		[2]string{"at", "HF_DEADLETTERS " + strconv.FormatUint(v.Sequence, 10) + ", " + when(v.StoredAt, now)},
		[2]string{"original", kept(v)},
	)
	if len(v.Original) > 0 {
		fmt.Fprintln(c.out, "\nmessage")
		c.printPage(letters.Render(v))
	}
	c.printHistory(v.History, now)
	c.advice(v.Advice)
}

// printPage prints a message, and below the line that is wrong what is wanted there.
func (c *command) printPage(p letters.Page) {
	from, to := window(len(p.Lines), p.Line)
	if from > 0 {
		fmt.Fprintf(c.out, "  … %d lines above\n", from)
	}
	for i, line := range p.Lines[from:to] {
		shown := printable(line[:min(len(line), widthMost)])
		if len(line) > widthMost {
			shown += "…"
		}
		fmt.Fprintf(c.out, "  %s\n", shown)
		if from+i == p.Line {
			before := printable(line[:min(p.Column, len(line), widthMost)])
			fmt.Fprintf(c.out, "  %s^ %s\n", strings.Repeat(" ", utf8.RuneCountInString(before)), printable(p.Note))
		}
	}
	if to < len(p.Lines) {
		fmt.Fprintf(c.out, "  … %d lines below\n", len(p.Lines)-to)
	}
}

// window is which lines are printed: as many as may be, those around the one that is wrong among them.
func window(lines, wrong int) (from, to int) {
	if lines <= linesMost {
		return 0, lines
	}
	from = min(max(0, wrong-linesMost/2), lines-linesMost)
	return from, from + linesMost
}

func (c *command) printHistory(history []letters.Step, now time.Time) {
	rows := make([]table.Row, 0, len(history))
	for _, s := range history {
		message, deliveries, what := "", "", strings.TrimSpace(s.Outcome+" "+s.Reason+" "+s.Field)
		if s.Origin != nil {
			message = origin(*s.Origin)
		}
		if s.Deliveries > 0 {
			deliveries = strconv.FormatUint(s.Deliveries, 10)
		}
		if s.Next > 0 {
			what += " (now dead letter " + strconv.FormatUint(s.Next, 10) + ")"
		}
		if s.Edited {
			what += "edited"
		}
		rows = append(rows, table.Row{s.Letter, when(s.StoredAt, now), s.Event, message, deliveries, what, s.Actor, s.Why})
	}
	c.section("deliveries", table.Row{"letter", "when", "event", "message", "deliveries", "what", "by", "why"}, rows)
}

// kept says how much of the original message there is.
func kept(v letters.View) string {
	switch {
	case v.Withheld:
		return fmt.Sprintf("%d bytes, withheld: it seemed to hold a secret", v.OriginalBytes)
	case v.Truncated:
		return fmt.Sprintf("%d bytes, %d kept", v.OriginalBytes, len(v.Original))
	default:
		return fmt.Sprintf("%d bytes", v.OriginalBytes)
	}
}

// saveOriginal writes the message for its owner alone, and never over a file that is there.
func (c *command) saveOriginal(v letters.View, path string) error {
	if len(v.Original) == 0 {
		return &ops.Problem{Kind: ops.Refused, Text: "nothing of the original message was kept",
			Hint: "holdfast deadletters show " + strconv.FormatUint(v.Sequence, 10)}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &ops.Problem{Kind: ops.Refused, Text: "there is a file of that name already", Hint: "choose another name with --save"}
	}
	if err != nil {
		return &usageError{text: "the file can not be written: " + err.Error(), hint: "choose another name with --save"}
	}
	_, err = f.Write(v.AsEvent())
	return errors.Join(err, f.Close())
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/ops"
)

// shownMost is how much of an original message is printed for people, in bytes; --save and --json give all.
const shownMost = 4 << 10

func (c *command) deadLetters() *cobra.Command {
	return group(&cobra.Command{Use: "deadletters", Aliases: []string{"deadletter"}, Short: "Look at messages that could not be handled"},
		c.deadLettersList(), c.deadLettersShow())
}

func (c *command) deadLettersList() *cobra.Command {
	var (
		which ops.LetterSelection
		since time.Duration
	)
	cmd := &cobra.Command{
		Use: "list", Short: "List dead letters, the oldest first", Args: noArgs,
		Example: "  holdfast deadletters list --tenant acme --since 24h\n  holdfast deadletters list --reason schema_violation --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since < 0 {
				return &usageError{text: "--since is how long ago, such as 24h", hint: cmd.CommandPath() + " --help"}
			}
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
				now := s.Clock().Now()
				if since > 0 {
					which.Since = now.Add(-since)
				}
				return c.printDeadLetters(ctx, s.Records(), which, now)
			})
		},
	}
	cmd.Flags().StringVar(&which.Tenant, "tenant", "", "those of one tenant; unknown: those whose subject names none")
	cmd.Flags().StringVar(&which.Reason, "reason", "", "those of one reason, such as schema_violation")
	cmd.Flags().DurationVar(&since, "since", 0, "those of the last while, such as 24h")
	return cmd
}

func (c *command) printDeadLetters(ctx context.Context, records ops.Records, which ops.LetterSelection, now time.Time) error {
	var rows []table.Row
	for v, err := range ops.ListDeadLetters(ctx, records, which) {
		if err == nil && c.json {
			err = c.object(v)
		}
		if err != nil {
			return err
		}
		if !c.json {
			rows = append(rows, table.Row{v.Sequence, when(v.StoredAt, now), v.Tenant, v.Reason, v.Field, v.Detail, origin(v)})
		}
	}
	if !c.json {
		c.table(table.Row{"at", "stored", "tenant", "reason", "field", "detail", "origin"}, rows)
	}
	return nil
}

func origin(v ops.DeadLetterView) string {
	if v.Origin.Stream == "" {
		return ""
	}
	return v.Origin.Stream + " " + strconv.FormatUint(v.Origin.Sequence, 10)
}

func (c *command) deadLettersShow() *cobra.Command {
	var save string
	cmd := &cobra.Command{
		Use: "show SEQUENCE", Short: "Show one dead letter, and how to publish the message again", Args: exactly(1, "a dead letter's sequence"),
		RunE: func(cmd *cobra.Command, args []string) error {
			sequence, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || sequence == 0 {
				return &usageError{text: "a dead letter's sequence is a number", hint: "holdfast deadletters list"}
			}
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
				v, err := ops.ShowDeadLetter(ctx, s.Records(), sequence)
				if err != nil {
					return err
				}
				if save != "" {
					return c.saveOriginal(v, save)
				}
				return c.printDeadLetter(v, s.Clock().Now())
			})
		},
	}
	cmd.Flags().StringVar(&save, "save", "", "write the original message, as it was, to this new file instead")
	return cmd
}

func (c *command) printDeadLetter(v ops.DeadLetterView, now time.Time) error {
	if c.json {
		return c.object(v)
	}
	c.fields(
		[2]string{"tenant", v.Tenant}, [2]string{"reason", v.Reason}, [2]string{"field", v.Field}, [2]string{"detail", v.Detail},
		[2]string{"event type", v.Type}, [2]string{"event id", v.EventID}, [2]string{"subject", v.Subject},
		[2]string{"origin", origin(v)}, [2]string{"consumer", v.Consumer},
		[2]string{"deliveries", strconv.FormatUint(v.Deliveries, 10)},
		[2]string{"at", "HF_DEADLETTERS " + strconv.FormatUint(v.Sequence, 10) + ", " + when(v.StoredAt, now)},
		[2]string{"original", kept(v)}, [2]string{"", string(v.Original[:min(len(v.Original), shownMost)])},
	)
	c.advice(v.Advice)
	return nil
}

// kept says how much of the original message there is.
func kept(v ops.DeadLetterView) string {
	switch {
	case v.Withheld:
		return fmt.Sprintf("%d bytes, withheld: it seemed to hold a secret", v.OriginalBytes)
	case len(v.Original) > shownMost:
		return fmt.Sprintf("%d bytes, %d kept, the first %d shown", v.OriginalBytes, len(v.Original), shownMost)
	case v.Truncated:
		return fmt.Sprintf("%d bytes, %d kept", v.OriginalBytes, len(v.Original))
	default:
		return fmt.Sprintf("%d bytes", v.OriginalBytes)
	}
}

// saveOriginal writes the message for its owner alone, and never over a file that is there.
func (c *command) saveOriginal(v ops.DeadLetterView, path string) error {
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
	_, err = f.Write(v.Original)
	return errors.Join(err, f.Close())
}

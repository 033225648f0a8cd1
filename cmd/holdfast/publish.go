package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/ops"
)

type machineClock struct{}

func (machineClock) Now() time.Time { return time.Now() }

func (c *command) publish() *cobra.Command {
	var (
		o      ops.PublishOptions
		dryRun bool
	)
	cmd := &cobra.Command{
		Use: "publish FILE.jsonl|-", Short: "Check events, one JSON object a line, and publish them",
		Long: `Holds every line against all that a worker would hold it against, and publishes it only then. The subject comes from
the event's type and its tenant (data.tenant, or --tenant); the message id is the event's, so publishing a file twice within
the stream's duplicate window stores each event once. Refused lines are told with pointer and reason, never with values.`,
		Example: "  holdfast publish requests.jsonl --dry-run\n  jq -c . event.json | holdfast publish - --tenant acme",
		Args:    exactly(1, "a file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.input(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = in.Close() }()
			return c.publishFrom(cmd.Context(), in, o, dryRun)
		},
	}
	cmd.Flags().StringVar(&o.Tenant, "tenant", "", "tenant of events that do not name one; those that name another are refused")
	cmd.Flags().BoolVar(&o.ContinueOnError, "continue-on-error", false, "go on behind a line that is refused")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only check; the bus is not needed")
	return cmd
}

func (c *command) input(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(c.in), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &usageError{text: "the file can not be read: " + err.Error(), hint: "name a file that is there, or - for standard input"}
	}
	return f, nil
}

func (c *command) publishFrom(ctx context.Context, in io.Reader, o ops.PublishOptions, dryRun bool) error {
	var (
		clock ops.Clock = machineClock{}
		to    ops.Publisher
	)
	if !dryRun {
		s, _, err := c.open(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		clock, to = s.Clock(), s.Publisher()
	}
	checker, err := ops.NewChecker(clock)
	if err != nil {
		return err
	}
	in, tell, done := c.progress(in)
	good, refused, err := ops.Publish(ctx, in, checker, to, o, tell)
	done()
	if err = errors.Join(err, c.summary(good, refused, dryRun)); err == nil && refused > 0 {
		return errTold
	}
	return err
}

// line tells of one line: accepted ones on stdout, refused ones on stderr.
func (c *command) line(l ops.Line) error {
	if c.json {
		return c.object(l)
	}
	var err error
	switch {
	case l.OK && l.Sequence > 0:
		_, err = fmt.Fprintf(c.out, "line %d: ok: %s at %d\n", l.Number, printable(l.Subject), l.Sequence)
	case l.OK:
		_, err = fmt.Fprintf(c.out, "line %d: ok: %s\n", l.Number, printable(l.Subject))
	default:
		_, err = fmt.Fprintf(c.err, "line %d: %s: %s: %s\n", l.Number, printable(cmp.Or(l.Pointer, "(event)")),
			l.Reason, printable(l.Detail))
		if l.Hint != "" {
			fmt.Fprintf(c.err, "  hint: %s\n", printable(l.Hint))
		}
	}
	return err
}

func (c *command) summary(good, refused int, dryRun bool) error {
	if c.json {
		return nil
	}
	verb := "published"
	if dryRun {
		verb = "would be published"
	}
	_, err := fmt.Fprintf(c.out, "%d %s, %d refused\n", good, verb, refused)
	return err
}

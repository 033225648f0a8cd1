package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
)

func (c *command) deadLettersStats() *cobra.Command {
	var (
		which letters.Selection
		per   string
	)
	cmd := &cobra.Command{
		Use: "stats", Short: "Count dead letters: by tenant, reason, type and time, and what became of them", Args: noArgs,
		Long: `Counts all dead letters, also those that nothing is to be done about any more. By time it counts those that were stored in
each hour or day, UTC.`,
		Example: "  holdfast deadletters stats\n  holdfast deadletters stats --tenant acme --since 24h --per hour",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if per != letters.PerHour && per != letters.PerDay {
				return &usageError{text: "--per is hour or day", hint: cmd.CommandPath() + " --help"}
			}
			which.States = letters.States()
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
				now := s.Clock().Now()
				v, err := letters.Counted(letters.List(ctx, s.Records(), which, now), per)
				if err != nil {
					return err
				}
				if c.json {
					return c.object(v)
				}
				c.printStats(v, now)
				return nil
			})
		},
	}
	letterSelection(cmd, &which)
	cmd.Flags().StringVar(&per, "per", letters.PerDay, "count by hour or day")
	offer(cmd, "per", cobra.FixedCompletions([]string{letters.PerHour, letters.PerDay}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (c *command) printStats(s letters.Stats, now time.Time) {
	oldest := ""
	if s.OldestSequence > 0 {
		oldest = "dead letter " + strconv.FormatUint(s.OldestSequence, 10) + ", " + when(s.OldestOpen, now)
	}
	c.fields([2]string{"letters", strconv.Itoa(s.Letters)}, [2]string{"open", strconv.Itoa(s.Open)},
		[2]string{"oldest open", oldest},
		[2]string{"retried", fmt.Sprintf("%d: %d not answered yet, %d resolved, %d failed again", s.Retried, s.Retrying, s.Resolved, s.FailedAgain)},
		[2]string{"dropped", strconv.Itoa(s.Dropped)})
	for _, by := range []struct {
		name   string
		counts []letters.Count
	}{{"tenant", s.ByTenant}, {"reason", s.ByReason}, {"event", s.ByType}, {s.Per, s.ByTime}} {
		rows := make([]table.Row, 0, len(by.counts))
		for _, n := range by.counts {
			rows = append(rows, table.Row{n.Name, n.Letters, n.Open})
		}
		c.section("by "+by.name, table.Row{by.name, "letters", "open"}, rows)
	}
}

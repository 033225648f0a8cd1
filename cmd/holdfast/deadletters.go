package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
)

func (c *command) deadLetters() *cobra.Command {
	return group(&cobra.Command{Use: "deadletters", Aliases: []string{"deadletter"},
		Short: "Look at messages that could not be handled, have them handled again, correct them, or give them up",
		Example: "  holdfast deadletters list --since 24h\n  holdfast deadletters show 12\n  holdfast deadletters edit 12\n" +
			"  holdfast deadletters retry --reason poison --since 2h --yes"},
		c.deadLettersList(), c.deadLettersShow(), c.deadLettersRetry(), c.deadLettersEdit(), c.deadLettersDrop(), c.deadLettersStats())
}

// letterSelection adds the flags that name dead letters.
func letterSelection(cmd *cobra.Command, s *letters.Selection) {
	*s = letters.NewSelection()
	streamSelection(cmd, &s.StreamSelection, ops.SelectDeadLetters)
	cmd.Flags().StringVar(&s.Type, "type", "", "those of one type of event, such as action.requested")
	types := make([]string, 0, len(events.Inbound()))
	for _, t := range events.Inbound() {
		types = append(types, t.Noun()+"."+t.What())
	}
	offer(cmd, "type", cobra.FixedCompletions(types, cobra.ShellCompDirectiveNoFileComp))
}

// stateFlags add the states that a look is about.
func stateFlags(cmd *cobra.Command, s *letters.Selection, all *bool) {
	var states []string
	for _, state := range letters.States() {
		states = append(states, string(state))
	}
	cmd.Flags().Var(&stateList{&s.States}, "state", "those in a state: open, retrying, resolved, failed_again or dropped (repeat); open and retrying where empty")
	cmd.Flags().BoolVar(all, "all", false, "those of every state")
	offer(cmd, "state", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp))
	cmd.MarkFlagsMutuallyExclusive("all", "state")
}

// stateList is states as a flag that may be repeated.
type stateList struct{ to *[]letters.State }

func (l *stateList) String() string { return "" }
func (l *stateList) Type() string   { return "state" }
func (l *stateList) Set(text string) error {
	if !slices.Contains(letters.States(), letters.State(text)) {
		return fmt.Errorf("the states are %v", letters.States())
	}
	*l.to = append(*l.to, letters.State(text))
	return nil
}

func (c *command) deadLettersList() *cobra.Command {
	var (
		which              letters.Selection
		grouped, each, all bool
	)
	cmd := &cobra.Command{
		Use: "list", Short: "List dead letters: by reason and origin, or one by one", Args: noArgs,
		Long: `Lists what something is to be done about: what was not retried yet, and what is being retried. Without a selection it is
grouped by reason and origin, with counts and ages; with one, or with --each, every dead letter has a line, the oldest first.
--json prints every dead letter, unless --groups asks for the groups.`,
		Example: `  holdfast deadletters list
  holdfast deadletters list --tenant acme --since 24h
  holdfast deadletters list --reason schema_violation --json
  holdfast deadletters list --state dropped --since 7d`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			grouped = grouped || !each && !all && !c.json && which.Unbounded()
			if all {
				which.States = letters.States()
			}
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
				now := s.Clock().Now()
				found := letters.List(ctx, s.Records(), which, now)
				if grouped {
					groups, err := letters.Grouped(found)
					if err != nil {
						return err
					}
					return c.printGroups(groups, now)
				}
				var views []letters.View
				for v, err := range found {
					if err == nil && c.json {
						err = c.object(v)
					}
					if err != nil {
						return err
					}
					if !c.json {
						views = append(views, v)
					}
				}
				return c.printLetters(views, now)
			})
		},
	}
	letterSelection(cmd, &which)
	stateFlags(cmd, &which, &all)
	cmd.Flags().BoolVar(&grouped, "groups", false, "by reason and origin, also of a selection")
	cmd.Flags().BoolVar(&each, "each", false, "one by one, also without a selection")
	cmd.MarkFlagsMutuallyExclusive("groups", "each")
	return cmd
}

func (c *command) printGroups(groups []letters.Group, now time.Time) error {
	if c.json {
		return objects(c, groups)
	}
	rows := make([]table.Row, 0, len(groups))
	for _, g := range groups {
		count := strconv.Itoa(g.Count)
		if g.Retrying > 0 {
			count += fmt.Sprintf(" (%d retrying)", g.Retrying)
		}
		if g.Again > 0 {
			count += fmt.Sprintf(" (%d failed before)", g.Again)
		}
		rows = append(rows, table.Row{count, g.Reason, g.Stream + "/" + g.Consumer, g.Type, g.Tenants, when(g.Oldest, now), when(g.Newest, now), g.Example})
	}
	c.table(table.Row{"letters", "reason", "origin", "event", "tenants", "oldest", "newest", "such as"}, rows)
	return nil
}

func (c *command) printLetters(views []letters.View, now time.Time) error {
	if c.json {
		return nil // each was printed when it was read
	}
	rows := make([]table.Row, 0, len(views))
	for _, v := range views {
		rows = append(rows, table.Row{v.Sequence, when(v.StoredAt, now), v.Tenant, v.Reason, v.Field, v.Detail, origin(v.Origin), standing(v)})
	}
	c.table(table.Row{"at", "stored", "tenant", "reason", "field", "detail", "origin", "state"}, rows)
	return nil
}

// standing is where a letter is, and how often it has failed.
func standing(v letters.View) string {
	if v.Tries > 1 {
		return fmt.Sprintf("%s, failed %d times", v.State, v.Tries)
	}
	return string(v.State)
}

func origin(o events.Origin) string {
	if o.Stream == "" {
		return ""
	}
	return o.Stream + " " + strconv.FormatUint(o.Sequence, 10)
}

// letterSequences reads the arguments that name dead letters.
func letterSequences(args []string) ([]uint64, error) {
	all := make([]uint64, 0, len(args))
	for _, arg := range args {
		n, err := strconv.ParseUint(arg, 10, 64)
		if err != nil || n == 0 {
			return nil, &usageError{text: "a dead letter's sequence is a number", hint: "holdfast deadletters list --each"}
		}
		all = append(all, n)
	}
	return all, nil
}

// completeMost is how many dead letters a shell is offered: the newest.
const completeMost = 50

// completeLetters offers the sequences of dead letters that something is to be done about, with what they are.
func (c *command) completeLetters(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeFor)
	defer cancel()
	var all []string
	err := c.withBus(ctx, func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
		for v, err := range letters.List(ctx, s.Records(), letters.NewSelection(), s.Clock().Now()) {
			if err != nil {
				return err
			}
			if n := strconv.FormatUint(v.Sequence, 10); !slices.Contains(args, n) {
				all = append(all, n+"\t"+v.Tenant+" "+v.Reason+" "+v.Field)
			}
		}
		return nil
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return all[max(0, len(all)-completeMost):], cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

package main

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
)

// handling is how letters are to be retried, edited or dropped.
type handling struct {
	which  letters.Selection
	by     letters.By
	all    bool // without a selection
	each   bool
	yes    bool
	rate   perSecond
	noWait bool
	wait   time.Duration
}

// lettersASecond is how many letters a second are published where nobody says otherwise.
const lettersASecond = 50

func (h *handling) add(cmd *cobra.Command) *cobra.Command {
	letterSelection(cmd, &h.which)
	h.rate = lettersASecond
	cmd.Flags().BoolVar(&h.all, "all", false, "all of them, where nothing else says which")
	cmd.Flags().BoolVar(&h.each, "each", false, "a line for each")
	cmd.Flags().Var(&h.rate, "rate", "how many a second at most, such as 50/s; 0: no bound")
	h.addBy(cmd)
	cmd.Flags().BoolVarP(&h.yes, "yes", "y", false, "do it; without, it is only said what would be done")
	return cmd
}

func (h *handling) addBy(cmd *cobra.Command) {
	cmd.Flags().StringVar(&h.by.Actor, "actor", "", "who does it; your user name where empty")
	cmd.Flags().StringVar(&h.by.Why, "why", "", "why, for the record")
}

func (h *handling) addWait(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&h.noWait, "no-wait", false, "do not wait to see what came of it")
	cmd.Flags().DurationVar(&h.wait, "wait", 30*time.Second, "how long to wait to see what came of it, once all is published")
	return cmd
}

func (c *command) deadLettersRetry() *cobra.Command {
	h := new(handling)
	cmd := &cobra.Command{
		Use: "retry [SEQUENCE…]", Short: "Have dead letters handled again, as they are",
		Long: `Says what would come of each, by a worker's own rules, and touches nothing; with --yes it publishes the messages again and
waits to see what workers make of them. A request keeps its id, so its ledger decides: what happened once does not happen
again. A dead letter is retried once, whoever asks: what fails again is a dead letter of its own, which says how often. What
can not be retried (it held a secret, it is too old, it would put back what was changed since) says what to do instead.`,
		Example: `  holdfast deadletters retry 12
  holdfast deadletters retry 12 --yes
  holdfast deadletters retry --reason poison --tenant acme --since 2h --yes --rate 10/s --why "the parser is repaired"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := h.names(args); err != nil {
				return err
			}
			return c.retryLetters(cmd.Context(), h)
		},
		ValidArgsFunction: c.completeLetters,
	}
	return h.addWait(h.add(cmd))
}

// retryLetters is what retry does, and replay of dead letters.
func (c *command) retryLetters(ctx context.Context, h *handling) error {
	return c.handle(ctx, h, "retried", func(ctx context.Context, d *letters.Desk, all []uint64, tell func(letters.Result) error) error {
		return d.Retry(ctx, all, h.by, !h.yes, float64(h.rate), tell)
	})
}

func (c *command) deadLettersDrop() *cobra.Command {
	h := &handling{noWait: true}
	cmd := &cobra.Command{
		Use: "drop [SEQUENCE…] --why TEXT", Short: "Give dead letters up: nothing will come of them",
		Long: `Says what would be dropped; with --yes it is written down who gave them up, and why. They leave the list and stay in the
stream until their age: holdfast deadletters list --state dropped.`,
		Example: `  holdfast deadletters drop 12 --why "sent twice" --yes
  holdfast deadletters drop --reason unknown_type --tenant acme --until 7d --why "the old client is gone" --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := h.names(args); err != nil {
				return err
			}
			return c.handle(cmd.Context(), h, "dropped", func(ctx context.Context, d *letters.Desk, all []uint64, tell func(letters.Result) error) error {
				return d.Drop(ctx, all, h.by, !h.yes, float64(h.rate), tell)
			})
		},
		ValidArgsFunction: c.completeLetters,
	}
	return h.add(cmd)
}

// names takes the letters that arguments name; without, and without a selection, all has to be said.
func (h *handling) names(args []string) (err error) {
	if h.which.Sequences, err = letterSequences(args); err != nil {
		return err
	}
	if h.which.Unbounded() && !h.all {
		return &usageError{text: "nothing says which dead letters", hint: "name them by sequence, select them, or say --all; holdfast deadletters list"}
	}
	return nil
}

// handle finds the letters that are meant, does what is to be done with them, and tells.
func (c *command) handle(ctx context.Context, h *handling, done string,
	do func(context.Context, *letters.Desk, []uint64, func(letters.Result) error) error) error {
	return c.onDesk(ctx, h, func(desk *letters.Desk) error {
		all, err := h.find(ctx, desk)
		if err != nil {
			return err
		}
		t := &told{command: c, handling: h, verb: done, bar: c.counter(len(all), done)}
		return t.carryOut(ctx, desk, func() error { return do(ctx, desk, all, t.tell) })
	})
}

// onDesk connects for what somebody does with dead letters, and closes again.
func (c *command) onDesk(ctx context.Context, h *handling, do func(*letters.Desk) error) error {
	h.by.Actor = cmp.Or(h.by.Actor, whoami())
	s, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	desk, err := letters.NewDesk(s)
	if err != nil {
		return err
	}
	return do(desk)
}

// find gives the sequences of the letters that are meant. Those that were named are looked at whatever their state: what
// is done with is told.
func (h *handling) find(ctx context.Context, desk *letters.Desk) ([]uint64, error) {
	named := h.which
	named.Sequences = nil
	if len(h.which.Sequences) > 0 && named.Unbounded() {
		return h.which.Sequences, h.which.Check()
	}
	var all []uint64
	for v, err := range letters.List(ctx, desk.Records, h.which, desk.Clock.Now()) {
		if err != nil {
			return nil, err
		}
		all = append(all, v.Sequence)
	}
	if len(all) == 0 {
		return nil, &ops.Problem{Kind: ops.NotFound, Text: "no dead letter matches", Hint: "holdfast deadletters list"}
	}
	return all, nil
}

package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/explain"
	"holdfast/internal/ops"
)

// asked is how an operator's command is to be carried out.
type asked struct {
	ops.Command

	yes    bool
	noWait bool
	wait   time.Duration
}

func (c *command) resume() *cobra.Command {
	return c.operate("resume", "Let suspended runs go on now", events.SuspensionResumeRequested, nil)
}

func (c *command) terminate() *cobra.Command {
	return c.operate("terminate", "Terminate suspended runs now", events.SuspensionTerminateRequested, nil)
}

func (c *command) extend() *cobra.Command {
	return c.operate("extend", "Let suspended runs wait longer", events.SuspensionExtendRequested,
		func(cmd *cobra.Command, a *asked) {
			cmd.Flags().DurationVar(&a.ExtendFor, "for", 0, "how long to wait from now on, such as 48h")
			required(cmd, "for")
			cmd.Example += " --for 48h"
		})
}

// operate makes one of the commands; more adds flags of its own.
func (c *command) operate(verb, short string, t events.Type, more func(*cobra.Command, *asked)) *cobra.Command {
	a := &asked{Command: ops.Command{Type: t}}
	cmd := &cobra.Command{
		Use: verb + " [REQUEST] --tenant TENANT", Short: short,
		Long:    short + ". The request is published as an event; workers decide, and the command waits to see what they did.",
		Example: "  holdfast suspensions " + verb + " --tenant acme --connection crm",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: c.completeSuspended(explain.Request),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				a.Which.Request = args[0]
			}
			return c.carryOut(cmd.Context(), verb, *a)
		},
	}
	selection(cmd, &a.Which)
	cmd.Flags().StringVar(&a.Actor, "actor", "", "who asks; your user name where empty")
	cmd.Flags().StringVar(&a.Reason, "reason", "", "why, for the record")
	cmd.Flags().BoolVarP(&a.yes, "yes", "y", false, "do not ask before")
	cmd.Flags().BoolVar(&a.noWait, "no-wait", false, "do not wait to see what came of it")
	cmd.Flags().DurationVar(&a.wait, "wait", 30*time.Second, "how long to wait to see what came of it")
	if more != nil {
		more(cmd, a)
	}
	return required(cmd, "tenant")
}

func (c *command) carryOut(ctx context.Context, verb string, a asked) error {
	a.Actor = cmp.Or(a.Actor, whoami())
	s, cfg, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	checker, err := ops.NewChecker(s.Clock())
	if err != nil {
		return err
	}
	o := &ops.Operator{Chains: s.Chains(), Publisher: s.Publisher(), Clock: s.Clock(), Checker: checker, Secrets: secrets(cfg)}
	targets, err := o.Targets(ctx, a.Command)
	if err != nil {
		return err
	}
	if err := c.confirm(verb, targets, a.yes); err != nil {
		return err
	}
	sequence, err := o.Send(ctx, a.Command)
	if err != nil {
		return err
	}
	if a.noWait {
		return c.printSent(sequence, len(targets))
	}
	moves, err := o.Follow(ctx, a.Command, targets, a.wait)
	if perr := c.printMoves(moves); perr != nil {
		return perr
	}
	return err
}

// confirm asks about suspensions.
func (c *command) confirm(verb string, targets []ops.SuspensionView, yes bool) error {
	return c.sure(fmt.Sprintf("%s %d suspended request(s) of tenant %s", verb, len(targets), targets[0].Tenant), yes)
}

// sure asks a person; a script has to say --yes.
func (c *command) sure(question string, yes bool) error {
	if yes {
		return nil
	}
	if !terminal(c.in) {
		return &usageError{text: "not done without asking: " + question, hint: "add --yes"}
	}
	fmt.Fprintf(c.err, "%s? [y/N] ", printable(question))
	answer, err := bufio.NewReader(c.in).ReadString('\n')
	if word := strings.ToLower(strings.TrimSpace(answer)); err != nil || (word != "y" && word != "yes") {
		return &ops.Problem{Kind: ops.Refused, Text: "nothing was done"}
	}
	return nil
}

func (c *command) printSent(sequence uint64, targets int) error {
	if c.json {
		return c.object(map[string]any{"sequence": sequence, "targets": targets})
	}
	_, err := fmt.Fprintf(c.out, "asked for at %s %d, about %d suspension(s)\n", events.StreamActions, sequence, targets)
	return err
}

func (c *command) printMoves(moves []ops.Move) error {
	if c.json {
		return objects(c, moves)
	}
	for _, m := range moves {
		text := "has not moved yet"
		if m.Moved {
			text = m.Before.Event + " → " + m.After.Event
			if m.After.Cause != "" {
				text += " (" + string(m.After.Cause) + ")"
			}
		}
		if _, err := fmt.Fprintf(c.out, "%s: %s\n", printable(m.Before.Request), printable(text)); err != nil {
			return err
		}
	}
	return nil
}

func whoami() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "operator"
}

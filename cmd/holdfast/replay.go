package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/app"
	"holdfast/internal/ops"
	"holdfast/internal/replay"
)

// replaying is what was asked of replay.
type replaying struct {
	replay.Options

	perSecond perSecond
	yes       bool
	effects   int
	toSubject string
	out       string
	state     bool
	rebuild   replay.StateOptions
}

const replayLong = `Reads a stream and drives what it holds again: actions, connections, permissions (users, places, processes, permission sets
and who has them) or dead letters, selected by range and by what is in them. Without --yes it says what would happen, by
count and by example, and touches nothing; it decides as a worker does, but asks neither Vault nor a provider whether
credentials work.

A request that has its outcome is not repeated, however old it is. A change is driven again only where nothing later of the
same is on the stream, and the state has not come as far. Dead letters are retried, as holdfast deadletters retry does it.
Interrupted, the same command goes on where it was; two replays over the same are refused.`

const replayExample = `  holdfast replay --since 2h --tenant acme
  holdfast replay --since 2h --tenant acme --yes --rate 200/s --in-flight 500
  holdfast replay --stream deadletters --with-reason poison --since 2h --yes    # the same as: deadletters retry --reason poison …
  holdfast replay --tenant acme --run run-17 --force-effects --reason "the target lost our orders, INC-311" --yes
  holdfast replay --stream connections --tenant acme --out connections.jsonl
  holdfast replay --state`

func (c *command) replay() *cobra.Command {
	a := &replaying{perSecond: 200}
	cmd := &cobra.Command{
		Use: "replay", Short: "Drive again what streams hold, or say what would come of it", Long: replayLong, Example: replayExample, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.Select.Stream == ops.SelectDeadLetters && a.toSubject == "" && a.out == "" {
				return c.replayLetters(cmd, a)
			}
			return c.carryOutReplay(cmd.Context(), a)
		},
	}
	streamSelection(cmd, &a.Select, "")
	f := cmd.Flags()
	f.BoolVarP(&a.yes, "yes", "y", false, "do it; without, say what would happen")
	f.Var(&a.perSecond, "rate", "how many a second at most, such as 200/s; 0: no bound; of dead letters 50/s where not given")
	f.IntVar(&a.InFlight, "in-flight", 1000, "how many may be published and not concluded; 0: no bound")
	f.DurationVar(&a.Wait, "wait", 30*time.Second, "how long to wait, after the last, to see what came of them")
	f.StringVar(&a.Actor, "actor", "", "who does it; your user name where empty")
	f.StringVar(&a.Reason, "reason", "", "why, for the record; --force-effects needs it")
	f.BoolVar(&a.Force, "force-effects", false, "do again also what has its outcome, under new request ids")
	f.IntVar(&a.effects, "effects", 0, "in scripts: how many effects --force-effects may have; it must be the number")
	f.StringVar(&a.toSubject, "to-subject", "", "copy to this subject, outside of hf., instead")
	f.StringVar(&a.out, "out", "", "copy to this new file of JSON lines instead")
	f.BoolVar(&a.state, "state", false, "rebuild connections, users, places, processes and permission sets from the streams, and compare them with the live ones")
	f.BoolVar(&a.Anew, "anew", false, "begin anew, also where the same replay was interrupted")
	f.BoolVar(&a.GoOn, "go-on", false, "go on with the same replay that was interrupted, whatever its --since 2h means by now")
	f.BoolVar(&a.rebuild.Keep, "keep", false, "with --state: keep the buckets that were made")
	f.StringVar(&a.rebuild.Connections, "connections-bucket", "", "with --state: the bucket to make instead of hf_rebuilt_connections")
	f.StringVar(&a.rebuild.Permissions, "permissions-bucket", "", "with --state: the bucket to make instead of hf_rebuilt_permissions")
	cmd.MarkFlagsMutuallyExclusive("to-subject", "out", "state", "yes")
	cmd.MarkFlagsMutuallyExclusive("to-subject", "out", "state", "force-effects")
	cmd.MarkFlagsMutuallyExclusive("anew", "go-on")
	for _, name := range []string{"anew", "go-on", "stream", "from", "to", "since", "until", "subject", "connection", "workflow", "run", "request", "with-reason"} {
		cmd.MarkFlagsMutuallyExclusive("state", name) // it takes the streams as they are
	}
	offer(cmd, "rate", cobra.FixedCompletions([]string{"50/s", "200/s", "1000/s"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (c *command) carryOutReplay(ctx context.Context, a *replaying) error {
	a.Rate, a.Actor = float64(a.perSecond), cmp.Or(a.Actor, whoami())
	if !a.Force && a.effects != 0 {
		return &usageError{text: "--effects belongs to --force-effects", hint: "holdfast replay --help"}
	}
	if a.InFlight < 0 {
		return &usageError{text: "--in-flight is a number of messages, or 0 for no bound", hint: "holdfast replay --help"}
	}
	a.Say = func(text string) { fmt.Fprintln(c.err, printable(text)) }
	s, cfg, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	look, err := app.NewForesight(ctx, s, cfg.Config)
	if err != nil {
		return err
	}
	defer look.Close()
	if a.state {
		return c.rebuildState(ctx, look, a)
	}
	r, err := look.Replay(a.Options)
	if err != nil {
		return err
	}
	if a.toSubject != "" || a.out != "" {
		return c.copyMessages(ctx, r, a)
	}
	if a.yes {
		return c.driveAgain(ctx, r, a)
	}
	at, done := c.watching("looking")
	f, err := r.Foresee(ctx, at)
	done()
	if err != nil {
		return err
	}
	return c.printForecasts(f, a)
}

func (c *command) driveAgain(ctx context.Context, r *replay.Replay, a *replaying) error {
	at, done := c.watching("driving again")
	res, err := r.Run(ctx, func(f replay.Forecasts) error { done(); return c.confirmEffects(ctx, f, a) }, at)
	done()
	if err != nil {
		return interruptedReplay(ctx, res.Driven, err)
	}
	return c.printReplay(res)
}

// interruptedReplay says what to do after an interruption.
func interruptedReplay(ctx context.Context, n int, err error) error {
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	return &ops.Problem{Kind: ops.Waiting, Text: fmt.Sprintf("interrupted after %d", n),
		Hint: "run the same command again: it goes on where it was"}
}

// confirmEffects has the number of effects typed in; a script names it beforehand.
func (c *command) confirmEffects(ctx context.Context, f replay.Forecasts, a *replaying) error {
	in, _ := c.in.(*os.File)
	if a.effects != 0 || in == nil || !terminal(in) {
		return f.Check(a.effects)
	}
	if err := c.printForecasts(f, a); err != nil {
		return err
	}
	if b := f.Begun; b != nil {
		fmt.Fprintf(c.err, "%d effect(s) were confirmed, %d of them published before it was interrupted. Type their number to go on: ", b.Effects, b.Forced)
	} else {
		fmt.Fprintf(c.err, "%d effect(s) happen again. Type their number to go on: ", f.Forced)
	}
	line, err := shownLine(ctx, in)
	if err != nil {
		return &ops.Problem{Kind: ops.Refused, Text: "nothing was done"}
	}
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return &ops.Problem{Kind: ops.Refused, Text: "nothing was done: that is no number"}
	}
	return f.Check(n)
}

func (c *command) copyMessages(ctx context.Context, r *replay.Replay, a *replaying) (err error) {
	at, done := c.watching("copying")
	var copied replay.Copied
	if a.out != "" {
		copied, err = r.CopyToFile(ctx, a.out, at)
	} else {
		copied, err = r.CopyToSubject(ctx, a.toSubject, at)
	}
	done()
	if err != nil {
		return interruptedReplay(ctx, copied.Copied, err)
	}
	if c.json {
		return c.object(copied)
	}
	_, err = fmt.Fprintf(c.out, "%s %d to %d: %d copied to %s\n", copied.Stream, copied.First, copied.Last, copied.Copied+copied.Before, printable(copied.To))
	return err
}

func (c *command) rebuildState(ctx context.Context, look *app.Foresight, a *replaying) error {
	a.rebuild.Tenant, a.rebuild.Actor = a.Select.Tenant, a.Actor
	at, done := c.watching("rebuilding")
	s, err := look.Rebuild(a.rebuild).Rebuild(ctx, at)
	done()
	if err != nil {
		return err
	}
	if err := c.printState(s); err != nil {
		return err
	}
	if len(s.Differences) > 0 {
		return errTold
	}
	return nil
}

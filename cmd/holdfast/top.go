package main

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/top"
)

// watching is what top was told.
type watching struct {
	tenant      string
	metrics     []string
	every       time.Duration
	plain, once bool
}

// leastEvery keeps the screen from being a load of its own.
const leastEvery = 500 * time.Millisecond

func (c *command) top() *cobra.Command {
	var a watching
	cmd := &cobra.Command{
		Use: "top", Short: "Watch a deployment: rates, lag, latencies, broken connections, next deadlines, health",
		Long: `Shows how a deployment does, live, from the bus alone, with an operator's login: outcomes per second, how far the workers
are (LAG: not delivered yet; OPEN: delivered and not answered; AGAIN: of those, more than once), the connections that do
not work by the number of requests that wait for them, and the suspensions that end next. With --metrics it also asks
workers how long each stage takes, what they put off and why, how Vault and the providers answer, and whether they are ready.

At a terminal it is a screen: q quits, space pauses. Elsewhere, or with --plain, it prints a block every interval.`,
		Example: `  holdfast top
  holdfast top --metrics http://10.0.0.7:9464 --metrics http://10.0.0.8:9464
  holdfast top --once --json | jq .suspended_total`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.every < leastEvery {
				return &usageError{text: "--every is too short: " + leastEvery.String() + " at least", hint: "holdfast top --every 2s"}
			}
			if a.tenant != "" && !events.ValidID(a.tenant) {
				return &usageError{text: "the tenant is not valid", hint: "holdfast top --help"}
			}
			return c.watch(cmd.Context(), a)
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.tenant, "tenant", "", "outcomes, connections and deadlines of one tenant")
	f.StringArrayVar(&a.metrics, "metrics", nil, "a worker's listen.metrics, such as http://10.0.0.7:9464 (repeat)")
	f.DurationVar(&a.every, "every", 2*time.Second, "how often to look")
	f.BoolVar(&a.plain, "plain", false, "blocks of text instead of a screen")
	f.BoolVar(&a.once, "once", false, "print one block and end")
	return cmd
}

func (c *command) watch(ctx context.Context, a watching) error {
	workers, closed, err := askable(a.metrics)
	if err != nil {
		return err
	}
	defer closed()
	s, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	view := top.View{Width: 80, Title: s.Places()}
	screen := terminal(c.out) && !a.plain && !a.once && !c.json
	o := top.Options{Looks: s.Looks(), Clock: s.Clock(), Tenant: a.tenant, Workers: workers, Most: mostShown}
	if !screen {
		o.Most = mostPrinted
	}
	collector := top.Start(ctx, o)
	defer collector.Close()
	if screen {
		view.Colour = true
		return top.Screen(ctx, collector, view, a.every, tea.WithInput(c.in), tea.WithOutput(c.out))
	}
	return top.Plain(ctx, collector, a.every, a.once, func(s top.Snapshot) error {
		if c.json {
			return c.object(s)
		}
		_, err := fmt.Fprintln(c.out, view.Render(s)+"\n")
		return err
	})
}

// How many connections and deadlines are named: as many as a large screen holds, or as people read in a block.
const (
	mostShown   = 50
	mostPrinted = 10
)

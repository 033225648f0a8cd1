package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"holdfast/internal/explain"
	"holdfast/internal/ops"
	"holdfast/internal/scrape"
)

// explaining is what explain was told.
type explaining struct {
	explain.Question

	since       ops.When
	follow, all bool
	metrics     []string
}

func (c *command) explain() *cobra.Command {
	return group(&cobra.Command{Use: "explain", Short: "Tell the story of a run, a request or a connection: why is it stuck, and what sets it free"},
		c.explainOne(explain.Run, `Tells what became of a run, as a time line from the streams, the newest last: requests, attempts, decisions with their
rule, suspensions, commands of operators, dead letters; and how it stands now, with what would set it free. No subject
names a run: its requests are found by reading the tenant's, from the run's start on where a suspension tells it, else as
far back as the ledger goes, or --since.`),
		c.explainOne(explain.Request, `Tells what became of an action request, as a time line from the streams, the newest last; and how it stands now, with
what would set it free. A request with a ledger is looked up at once. One that nothing has come of is searched for in
HF_ACTIONS, as far back as the ledger goes. With --since, copies that were published again are found, too, and what is
older than the ledger in HF_HISTORY.`),
		c.explainOne(explain.Connection, `Tells what happened to a connection, as a time line from the streams, the newest last: changes and who made them, when it
broke and why, when it worked again, the suspensions of its runs; and how it stands now, with what would set free what
waits for it. It goes as far back as the ledger, or to when the connection broke, or --since.`))
}

// explainOne makes one of the three commands.
func (c *command) explainOne(kind explain.Kind, long string) *cobra.Command {
	a := explaining{Question: explain.Question{Kind: kind}}
	id := map[explain.Kind]string{explain.Run: "RUN", explain.Request: "REQUEST", explain.Connection: "CONNECTION"}[kind]
	example := map[explain.Kind]string{explain.Run: "run-77", explain.Request: "req-3", explain.Connection: "crm"}[kind]
	cmd := &cobra.Command{
		Use: string(kind) + " " + id + " --tenant TENANT", Short: "Tell the story of a " + string(kind), Long: long,
		Example: "  holdfast explain " + string(kind) + " " + example + " --tenant acme\n" +
			"  holdfast explain " + string(kind) + " " + example + " --tenant acme --follow\n" +
			"  holdfast explain " + string(kind) + " " + example + " --tenant acme --since 90d   # what the ledger has forgotten, too",
		Args: exactly(1, "a "+string(kind)+"'s id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.ID = args[0]
			return c.tellStory(cmd.Context(), a)
		},
		ValidArgsFunction: c.completeSuspended(kind),
	}
	f := cmd.Flags()
	f.StringVar(&a.Tenant, "tenant", "", "the "+string(kind)+"'s tenant")
	f.Var(&a.since, "since", "how far back to search: how long ago (2h, 90d), a day, or a time; the ledger's age where empty")
	f.BoolVarP(&a.follow, "follow", "f", false, "go on with what is stored later, until interrupted")
	f.BoolVar(&a.all, "all", false, "every line: no folding, no cut to the screen")
	f.StringArrayVar(&a.metrics, "metrics", nil, "a worker's listen.metrics, such as http://10.0.0.7:9464, to ask why it does not work (repeat)")
	return required(cmd, "tenant")
}

func (c *command) tellStory(ctx context.Context, a explaining) error {
	workers, closed, err := askable(a.metrics)
	if err != nil {
		return err
	}
	defer closed()
	s, cfg, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if now := s.Clock().Now(); !a.since.IsZero() {
		if a.Since = now.Sub(a.since.At(now)); a.Since <= 0 {
			return &usageError{text: "--since is in the future", hint: "holdfast explain " + string(a.Kind) + " --help"}
		}
	}
	progress := c.searching()
	t := &explain.Teller{Looks: s.Looks(), Chains: s.Chains(), Clock: s.Clock(), Secrets: secrets(cfg), Replays: s.Bus().Replays(),
		Progress: progress.tell}
	for _, w := range workers {
		t.Workers = append(t.Workers, w)
	}
	ends, err := t.Ends(ctx)
	if err != nil {
		return err
	}
	story, err := t.Tell(ctx, a.Question)
	progress.done()
	if err != nil {
		return cmp.Or(ctx.Err(), err) // interrupted in the middle of a search: that is all there is to say
	}
	if err := c.printStory(story, a.all); err != nil || !a.follow {
		return err
	}
	return t.Follow(ctx, story, ends, c.newLine(story))
}

// askable are the workers that --metrics names; closed gives their connections up.
func askable(addresses []string) (workers []*scrape.Worker, closed func(), err error) {
	closed = func() {
		for _, w := range workers {
			w.Close()
		}
	}
	for _, address := range addresses {
		w, err := scrape.New(address)
		if err != nil {
			closed()
			return nil, nil, err
		}
		workers = append(workers, w)
	}
	return workers, closed, nil
}

// completeSuspended offers what waits: runs, requests, or all connections.
func (c *command) completeSuspended(kind explain.Kind) cobra.CompletionFunc {
	if kind == explain.Connection {
		return c.completeConnections
	}
	return completeFrom(func(ctx context.Context, tenant string) (ids []string, err error) {
		err = c.withBus(ctx, func(ctx context.Context, s *ops.Session, in ops.Secrets) error {
			views, err := ops.ListSuspensions(ctx, s.Chains(), in, ops.Selection{Tenant: tenant})
			for _, v := range views {
				ids = append(ids, map[explain.Kind]string{explain.Run: v.Run, explain.Request: v.Request}[kind])
			}
			return err
		})
		slices.Sort(ids)
		return slices.Compact(ids), err
	})
}

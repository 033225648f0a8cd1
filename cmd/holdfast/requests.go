package main

import (
	"context"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/explain"
	"holdfast/internal/ops"
)

func (c *command) requests() *cobra.Command {
	return group(&cobra.Command{Use: "requests", Aliases: []string{"request"}, Short: "Look at what came of action requests"},
		c.requestsList(), c.requestsShow())
}

func (c *command) requestsShow() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use: "show REQUEST --tenant TENANT", Short: "Show what came of a request so far, and what to do now",
		Example: `  holdfast requests show req-3 --tenant acme
  holdfast requests show req-3 --tenant acme --json | jq .ledger`,
		Long: `Shows the ledger of a request, its chain where it was ever suspended, and what to do now: why a run is stuck. What the
target answered is in the outcome on the bus, not here.`,
		Args: exactly(1, "a request's id"), ValidArgsFunction: c.completeSuspended(explain.Request),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, in ops.Secrets) error {
				v, err := ops.ShowRequest(ctx, s.Looks(), in, tenant, args[0])
				if err != nil {
					return err
				}
				return c.printRequest(v, s.Clock().Now())
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "the request's tenant")
	return required(cmd, "tenant")
}

func (c *command) printRequest(v ops.RequestView, now time.Time) error {
	if c.json {
		return c.object(v)
	}
	c.fields([2]string{"tenant", v.Tenant}, [2]string{"connection", v.Connection}, [2]string{"workflow", v.Workflow},
		[2]string{"run", v.Run}, [2]string{"step", v.Step}, [2]string{"request", v.Request}, [2]string{"state", v.State})
	rows := make([]table.Row, 0, len(v.Ledger))
	for _, s := range v.Ledger {
		rows = append(rows, table.Row{s.Sequence, when(s.StoredAt, now), s.Event, s.Reason, s.Field, s.Detail, s.ActingUser, s.Account, s.Rule,
			credentials(s.Generation, s.SecretVersion)})
	}
	c.section("ledger", table.Row{"at", "stored", "event", "reason", "field", "detail", "for", "as", "by rule", "credentials"}, rows)
	c.printChain(v.Chain, now)
	c.advice(v.Advice)
	return nil
}

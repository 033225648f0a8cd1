package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/internal/ops"
)

func (c *command) requestsList() *cobra.Command {
	var f ops.RequestFilter
	cmd := &cobra.Command{
		Use: "list --tenant TENANT", Short: "List requests by what came of them, the newest last", Args: noArgs,
		Long: `Lists the requests of a tenant by the last event on their ledgers: how they ended, or that they were suspended or started. As
far back as the ledger goes, or --since. Of what nothing has come yet there is no ledger: holdfast explain request finds it. Which
suspended ones wait still: holdfast suspensions list.`,
		Example: `  holdfast requests list --tenant acme --state unknown --since 24h
  holdfast requests list --tenant acme --connection crm --since 2h
  holdfast requests list --tenant acme --state denied --since 7d --json | jq -r .rule | sort | uniq -c`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listRequests(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.Tenant, "tenant", "", "the requests' tenant")
	fl.StringVar(&f.Connection, "connection", "", "those of one connection")
	fl.StringVar(&f.State, "state", "", "the last on their ledger: completed, failed, denied, skipped, unknown, terminated, suspended, started or released")
	fl.Var(&f.Since, "since", "those whose ledger moved since: how long ago (2h, 7d), a day, or a time")
	offer(cmd, "state", cobra.FixedCompletions(ops.RequestStates(), cobra.ShellCompDirectiveNoFileComp))
	return required(cmd, "tenant")
}

// listRequests takes as long as the ledger is.
func (c *command) listRequests(ctx context.Context, f ops.RequestFilter) error {
	s, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	now := s.Clock().Now()
	var rows []table.Row
	err = ops.EachRequest(ctx, s.Records(), now, f, func(r ops.RequestLine) error {
		if c.json {
			return c.object(r)
		}
		rows = append(rows, table.Row{r.Request, r.Run, r.Step, r.Connection, r.State, r.Reason, r.Rule, when(r.StoredAt, now)})
		return nil
	})
	if err != nil || c.json {
		return err
	}
	c.table(table.Row{"request", "run", "step", "connection", "state", "reason", "by rule", "stored"}, rows)
	return nil
}

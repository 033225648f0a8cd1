package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/ops/rights"
)

func (c *command) permissionsDeprecated() *cobra.Command {
	var tenant string
	since := ops.When{Ago: 24 * time.Hour}
	cmd := &cobra.Command{
		Use: "deprecated --tenant TENANT", Short: "List the decisions that needed a site set, and what site sets still give", Args: noArgs,
		Long: `Lists, by site set, app, user and connection, how often a request was let through that an app's sets alone would not have let
through, and when last; then the site sets, who has them, which apps they allow, and which of their connections are open for
want of rules. The history of outcomes goes back as far as it is kept.`,
		Example: "  holdfast permissions deprecated --tenant acme --since 7d",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withBus(cmd.Context(), func(ctx context.Context, s *ops.Session, _ ops.Secrets) error {
				d, err := rights.NewDesk(ctx, s, tenant)
				if err != nil {
					return err
				}
				now := s.Clock().Now()
				v, err := d.Deprecated(ctx, since.At(now))
				if err != nil {
					return err
				}
				return c.printDeprecated(v, now)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "whose site sets")
	cmd.Flags().Var(&since, "since", "how long ago (2h, 7d), a day, or a time")
	return required(cmd, "tenant")
}

func (c *command) printDeprecated(v rights.Deprecated, now time.Time) error {
	if c.json {
		return c.object(v)
	}
	if len(v.Uses) == 0 {
		fmt.Fprintf(c.out, "no decision has needed a site set since %s\n", when(v.Since, now))
	}
	rows := make([]table.Row, 0, len(v.Uses))
	for _, u := range v.Uses {
		rows = append(rows, table.Row{u.Set, u.App, u.User, u.Connection, u.Count, when(u.Last, now)})
	}
	c.section("decisions that needed a site set", table.Row{"site set", "app", "user", "connection", "count", "last"}, rows)
	rows = rows[:0]
	for _, s := range v.SiteSets {
		rows = append(rows, table.Row{s.Set, s.Name, holders(s), strings.Join(s.Apps, ", "), strings.Join(s.WithoutRules, ", ")})
	}
	c.section("site sets", table.Row{"site set", "name", "who has it", "apps", "connections without rules"}, rows)
	return nil
}

// mostHolders is how many users are named in a line.
const mostHolders = 10

// holders are those who have a site set, in a line.
func holders(s rights.SiteSetUse) string {
	names := append([]string{}, s.Users...)
	if more := len(names) - mostHolders; more > 0 {
		names = append(names[:mostHolders], fmt.Sprintf("and %d others", more))
	}
	if s.Public {
		names = append(names, "the public")
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

func (c *command) permissionsMigrate() *cobra.Command {
	var (
		a          change
		apply, yes bool
	)
	cmd := &cobra.Command{
		Use: "migrate --tenant TENANT", Short: "Propose app sets in the place of site sets, prove that they give the same, and move", Args: noArgs,
		Long: `Proposes, for each site set in use and each app that it allows, an app set that says the same, given to whoever has the
site set. Proves that everybody may the same then: for every class of users who hold the same, every app, connection, object
and field that is named anywhere and one that is not, every operation, what is forced, how fields are shown, and where users
land. Differences are listed; exit code 1: there are some.

--apply makes the app sets, assigns them, and then takes apps and connections out of the site sets: nobody loses anything in
between. What they configure and where users land stays with them. When it was interrupted, do the same again. In the end
it is proven again, on what is there.`,
		Example: `  holdfast permissions migrate --tenant acme
  holdfast permissions migrate --tenant acme --apply`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if apply && a.noWait {
				return &usageError{text: "a migration waits for its steps: --no-wait can not be", hint: "leave --no-wait out"}
			}
			return c.permit(cmd.Context(), a, func(ctx context.Context, d *rights.Desk) error {
				if !apply {
					d.Actor = events.ActorSystem // looking takes no right
				}
				return c.migrate(ctx, d, apply, yes)
			})
		},
	}
	cmd.Flags().BoolVar(&apply, "apply", false, "carry it out")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask before")
	return changeFlags(cmd, &a)
}

func (c *command) migrate(ctx context.Context, d *rights.Desk, apply, yes bool) error {
	m, err := d.Migration()
	if err != nil {
		return err
	}
	if !apply || m.Empty() || !m.Proof.Same {
		return c.printMigration(m)
	}
	if !c.json {
		c.printMigrated(m)
	}
	question := fmt.Sprintf("make %d app sets, %d assignments, and empty %d site sets of tenant %s", len(m.Sets), m.Assignments, len(m.Empties), m.Tenant)
	if err := c.sure(question, yes); err != nil {
		return err
	}
	tell := func(changes []rights.Change) error {
		if c.json {
			return nil
		}
		_, err := fmt.Fprintln(c.out, moved(changes))
		return err
	}
	err = d.Apply(ctx, &m, tell, c.counter(len(m.Sets)+m.Assignments+len(m.Empties), "moved"))
	if m.Applied || c.json {
		if perr := c.printProof(m); perr != nil && err == nil {
			return perr
		}
	}
	return err
}

// moved says what became of one part of a migration.
func moved(changes []rights.Change) string {
	if len(changes) == 0 {
		return "nothing to do: it was done before"
	}
	what := map[string]string{"set_created": "app sets", "assigned": "assignments", "set_updated": "site sets emptied"}[changes[0].Event]
	return what + ": " + summaryOf(changes)
}

// printMigration prints what is proposed, and whether it is the same.
func (c *command) printMigration(m rights.Migration) error {
	if !c.json {
		c.printMigrated(m)
	}
	return c.printProof(m)
}

func (c *command) printMigrated(m rights.Migration) {
	if m.Empty() {
		fmt.Fprintln(c.out, "nothing to move: no site set that anybody has gives an app or a connection")
		return
	}
	rows := make([]table.Row, 0, len(m.Sets))
	for _, s := range m.Sets {
		rows = append(rows, table.Row{s.From, s.App, s.Set, s.Connections, yesNo(s.There)})
	}
	c.section("app sets in the place of site sets", table.Row{"site set", "app", "app set", "connections", "there already"}, rows)
	c.fields([2]string{"assignments", fmt.Sprintf("%d to be made", m.Assignments)}, [2]string{"then emptied", strings.Join(m.Empties, ", ")})
}

// printProof prints what was compared, and gives errTold where it is not the same.
func (c *command) printProof(m rights.Migration) error {
	if c.json {
		if err := c.object(m); err != nil {
			return err
		}
	} else if !m.Empty() {
		c.printComparison(m)
	}
	if !m.Proof.Same {
		return errTold
	}
	return nil
}

// mostDifferences is how many differences people are shown.
const mostDifferences = 50

func (c *command) printComparison(m rights.Migration) {
	p := m.Proof
	rows := make([]table.Row, 0, len(p.Differences))
	for i, d := range p.Differences {
		if i == mostDifferences {
			break
		}
		who := d.Users[0]
		if more := len(d.Users) - 1; more > 0 {
			who += fmt.Sprintf(" and %d others", more)
		}
		rows = append(rows, table.Row{who, d.App, d.Connection, d.Object, d.Operation, d.Field, d.What, d.Before, d.After})
	}
	c.section("differences", table.Row{"who", "app", "connection", "object", "operation", "field", "what", "before", "after"}, rows)
	state := "proven: everybody may the same; there is no difference"
	if m.Applied {
		state = "done, and proven again on what is there: everybody may the same as before"
	}
	if !p.Same {
		state = fmt.Sprintf("not the same: %d differences", len(p.Differences))
		if len(p.Differences) > mostDifferences {
			state += "; all of them with --json"
		}
	}
	fmt.Fprintf(c.out, "%s\n(%d users, %d classes of users in apps, %d questions asked of both)\n", state, p.Users, p.Classes, p.Questions)
}

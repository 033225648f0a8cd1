package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"holdfast/internal/replay"
)

// inPlainWords is what a verdict means.
var inPlainWords = map[string]string{
	"ended":           "already has an outcome: nothing",
	"applied":         "applied already: nothing",
	"superseded":      "something later is there: nothing",
	"pending":         "suspended, or still before the workers: nothing",
	"would_run":       "would run",
	"would_apply":     "would be applied",
	"would_suspend":   "would suspend",
	"connection_gone": "connection gone: would suspend",
	"would_skip":      "would be skipped: its condition is not met",
	"denied":          "denied now",
	"not_valid":       "no longer valid",
	"would_wait":      "would wait",
}

func (c *command) printForecasts(f replay.Forecasts, a *replaying) error {
	if c.json && !a.yes {
		return c.object(f)
	}
	if c.json { // the number of effects is asked for
		return nil
	}
	if b := f.Begun; b != nil && !a.yes {
		c.printBegun(*b)
	}
	fmt.Fprintf(c.out, "%s %d to %d: %d message(s) selected, %d would be driven again\n", f.Stream, f.First, f.Last, f.Selected, f.Driven)
	if f.Forced > 0 {
		fmt.Fprintf(c.out, "%d of them by force, although they have an outcome\n", f.Forced)
	}
	c.printOutlook(f.Groups)
	if f.Driven > 0 && !a.yes {
		fmt.Fprintln(c.out, "nothing was done; add --yes to do it")
	}
	return nil
}

// printBegun says what --yes would go on with.
func (c *command) printBegun(b replay.Begun) {
	if b.Choose {
		fmt.Fprintf(c.out, "a replay of the same was interrupted, over %s: --go-on is that one, --anew what follows\n", printable(b.String()))
		return
	}
	fmt.Fprintf(c.out, "goes on with %s; --anew begins anew\n", printable(b.String()))
}

func (c *command) printOutlook(groups []replay.Outlook) {
	rows := make([]table.Row, 0, len(groups))
	for _, g := range groups {
		what := inPlainWords[string(g.Verdict)]
		if g.Forced {
			what = "again, by force: " + what
		}
		e := g.Example
		var of []string
		for _, part := range []string{e.Subject, e.Request, e.Connection} {
			if part != "" {
				of = append(of, part)
			}
		}
		why := e.Detail
		if e.Rule != "" {
			why += " (rule " + e.Rule + ")"
		}
		rows = append(rows, table.Row{g.Count, what, g.Reason, fmt.Sprintf("%d %s", e.Sequence, strings.Join(of, " ")), why})
	}
	if len(rows) > 0 {
		c.table(table.Row{"count", "what would happen", "reason", "for example", "why"}, rows)
	}
}

func (c *command) printReplay(r replay.Result) error {
	if c.json {
		return c.object(r)
	}
	fmt.Fprintf(c.out, "%s %d to %d: %d message(s) looked at, %d driven again", r.Stream, r.First, r.Last, r.Selected, r.Driven)
	if r.Before > 0 {
		fmt.Fprintf(c.out, " (after %d before it was interrupted)", r.Before)
	}
	fmt.Fprintln(c.out)
	if r.Forced > 0 {
		fmt.Fprintf(c.out, "%d of them by force, although they have an outcome\n", r.Forced)
	}
	c.printOutlook(r.Groups)
	for _, what := range slices.Sorted(maps.Keys(r.Outcomes)) {
		fmt.Fprintf(c.out, "%-16s %d\n", what, r.Outcomes[what])
	}
	if r.Open > 0 {
		fmt.Fprintf(c.out, "%-16s %d; holdfast requests show tells of each\n", "not yet", r.Open)
	}
	return nil
}

func (c *command) printState(s replay.State) error {
	if c.json {
		return c.object(s)
	}
	fmt.Fprintf(c.out, "HF_CONNECTIONS to %d and HF_PERMISSIONS to %d: %d the same, %d difference(s)", s.Connections, s.Permissions,
		s.Compared, len(s.Differences))
	if s.Moved > 0 {
		fmt.Fprintf(c.out, ", %d moved on meanwhile or not answered yet", s.Moved)
	}
	fmt.Fprintln(c.out)
	if s.BeginConnections > 1 || s.BeginPermissions > 1 {
		fmt.Fprintf(c.out, "the streams begin at %d and %d: what was there before could not be rebuilt\n", s.BeginConnections, s.BeginPermissions)
	}
	rows := make([]table.Row, 0, len(s.Differences))
	for _, d := range s.Differences {
		rows = append(rows, table.Row{d.Tenant, d.Kind, d.ID, d.Member, d.Rebuilt, d.Live})
	}
	if len(rows) > 0 {
		c.table(table.Row{"tenant", "kind", "id", "member", "from the streams", "live"}, rows)
	}
	for _, b := range s.Buckets {
		fmt.Fprintf(c.out, "kept %s\n", printable(b))
	}
	return nil
}

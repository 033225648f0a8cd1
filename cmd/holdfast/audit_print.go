package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/schollz/progressbar/v3"

	"holdfast/internal/audit"
)

// printAudit prints the violations, and what was looked at.
func (c *command) printAudit(r audit.Report) error {
	if c.json {
		if err := objects(c, r.Violations); err != nil {
			return err
		}
		return c.object(r)
	}
	c.fields([2]string{"tenant", cmp.Or(r.Tenant, "all")}, [2]string{"period", r.Period()}, [2]string{"requests", requested(r.Requests)},
		[2]string{"suspensions", fmt.Sprintf("%s; %d wait now", counted(r.Chains.Moves), r.Chains.Waiting)},
		[2]string{"dead letters", fmt.Sprint(r.Letters)},
		[2]string{"took", (time.Duration(r.TookMS) * time.Millisecond).String() + spilled(r.SpilledBytes)})
	var read []table.Row
	for _, s := range r.Streams {
		read = append(read, table.Row{s.Stream, s.Messages, s.First, s.Last})
	}
	c.section("read", table.Row{"stream", "messages", "first", "last"}, read)
	var checks []table.Row
	for _, k := range r.Checks {
		checks = append(checks, table.Row{k.Check, k.Looked, k.Unproven, k.Violations})
	}
	c.section("checks", table.Row{"check", "looked at", "unproven", "violations"}, checks)
	return c.printViolations(r)
}

func (c *command) printViolations(r audit.Report) error {
	for _, v := range r.Violations {
		fmt.Fprintf(c.out, "%s\n", printable(fmt.Sprintf("VIOLATION %s: %s %d, stored %s", v.Check, v.Stream, v.Sequence, v.StoredAt.Format(time.RFC3339Nano))))
		c.fields([2]string{"  tenant", v.Tenant}, [2]string{"  request", v.Request}, [2]string{"  run", v.Run}, [2]string{"  connection", v.Connection},
			[2]string{"  place", v.Field}, [2]string{"  promised", v.Promised}, [2]string{"  seen", v.Seen})
	}
	text := "every promise was kept"
	switch {
	case r.Empty:
		text = "nothing was looked at"
	case r.Total > 0:
		text = fmt.Sprintf("%d violation(s), %d listed", r.Total, len(r.Violations))
	}
	_, err := fmt.Fprintln(c.out, text)
	return err
}

func requested(r audit.Requested) string {
	return fmt.Sprintf("%d, in %d message(s): %s; dead letters %d, suspended %d, just begun %d, still before the workers %d",
		r.Distinct, r.Messages, counted(r.Ended), r.DeadLetters, r.Suspended, r.Young, r.Pending)
}

// counted is counts by name, in order of the names.
func counted(counts map[string]int) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return cmp.Or(strings.Join(all, ", "), "none")
}

func spilled(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf(", with %d MiB of temporary files", bytes>>20+1)
}

// plainEvery is how often reading is told of where there is no terminal.
const plainEvery = 10 * time.Second

// reading shows how far an audit is: a bar on a terminal, elsewhere a line every while, and nothing for programs.
func (c *command) reading(every time.Duration) (told func(audit.Progress), done func()) {
	if c.json {
		return nil, func() {}
	}
	if !terminal(c.err) {
		last := time.Now()
		return func(p audit.Progress) {
			if now := time.Now(); now.Sub(last) >= every {
				last = now
				fmt.Fprintf(c.err, "reading %s: %d of %d\n", cmp.Or(p.Stream, "is done"), p.Done, p.Total)
			}
		}, func() {}
	}
	m := c.meter(progressbar.OptionShowCount())
	return func(p audit.Progress) { m.at(cmp.Or(p.Stream, "comparing"), int64(p.Done), int64(max(p.Total, 1))) }, m.done
}

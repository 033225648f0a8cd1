package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/audit"
	"holdfast/internal/ops"
)

// auditing is how an audit is asked for.
type auditing struct {
	audit.Options

	since  ops.When
	from   ops.When
	to     ops.When
	log    string
	memory byteSize
}

func (c *command) audit() *cobra.Command {
	a := &auditing{memory: audit.DefaultMemory}
	cmd := &cobra.Command{
		Use: "audit", Short: "Check in the streams that every promise was kept", Args: noArgs,
		Long: `Reads what the streams hold of a period and checks what Holdfast promises, independently of the workers: every request
ends once, every suspension ends once and for a cause, nothing is lost, nothing is out of its tenant, no event holds a secret.
It looks, and changes nothing. docs/audit.md says what each check is about. Exit code 6: a promise was not kept.`,
		Example: `  holdfast audit --since 24h
  holdfast audit --tenant acme --from 2027-01-31 --to 2027-02-01T12:00:00Z --json
  holdfast audit --since 24h --target-log requests.jsonl`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.runAudit(cmd, a) },
	}
	f := cmd.Flags()
	f.StringVar(&a.Tenant, "tenant", "", "one tenant alone")
	f.Var(&a.since, "since", "what was stored since: how long ago (2h, 7d), a day, or a time; without a period, all that is kept")
	f.Var(&a.from, "from", "the same as --since")
	f.Var(&a.to, "to", "what was stored until then: how long ago, a day (its begin), or a time")
	cmd.MarkFlagsMutuallyExclusive("since", "from")
	f.DurationVar(&a.Settle, "settle", audit.DefaultSettle, "how long workers may take for what follows from something")
	f.DurationVar(&a.Late, "late", audit.DefaultLate, "how long after its deadline a run may be terminated")
	f.StringVar(&a.log, "target-log", "", "`file` with what the target did, one JSON object a line: idempotency_key, and effect or status")
	f.BoolVar(&a.EffectsComplete, "target-log-complete", false, "the log has every effect: a request that is completed without one is a violation")
	f.Var(&a.memory, "memory", "about how much memory may be used; what does not fit goes to temporary files")
	f.IntVar(&a.List, "list", audit.DefaultList, "how many violations of each check are listed")
	return cmd
}

func (c *command) runAudit(cmd *cobra.Command, a *auditing) error {
	if a.Settle < 0 || a.Late < 0 || a.List < 1 {
		return &usageError{text: "--settle and --late are times such as 5m, and --list is at least 1", hint: cmd.CommandPath() + " --help"}
	}
	a.Settle, a.Late, a.Memory = orNone(a.Settle), orNone(a.Late), int64(a.memory)
	if a.log != "" {
		f, err := os.Open(a.log)
		if err != nil {
			return &usageError{text: "the target's log can not be read: " + err.Error(), hint: "give a file with --target-log"}
		}
		defer func() { _ = f.Close() }()
		a.Effects = audit.TargetLog(f)
	}
	debug.SetMemoryLimit(max(a.Memory, leastMemory)) // garbage is collected in time
	report, err := c.audited(cmd.Context(), a)
	if bad, ok := errors.AsType[*audit.TargetLogError](err); ok {
		return &usageError{text: bad.Error(), hint: "docs/audit.md says what a target's log looks like"}
	}
	if err != nil {
		return err
	}
	if err := c.printAudit(report); err != nil {
		return err
	}
	return report.Err()
}

// leastMemory is what the process needs whatever it does, in bytes.
const leastMemory = 128 << 20

// orNone is a time that may be none at all: the audit's own zero stands for its default.
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func (c *command) audited(ctx context.Context, a *auditing) (audit.Report, error) {
	s, _, err := c.open(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	defer s.Close()
	now := s.Clock().Now()
	a.From, a.To = cmp.Or(a.since, a.from).At(now), a.to.At(now)
	told, done := c.reading(plainEvery)
	defer done()
	a.Progress = told
	return s.Audit(ctx, a.Options)
}

// byteSize is a number of bytes as people write it.
type byteSize int64

var units = []struct {
	name  string
	bytes byteSize
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// String is what Set reads.
func (s *byteSize) String() string {
	for _, u := range units {
		if *s >= u.bytes && *s%u.bytes == 0 {
			return fmt.Sprintf("%d%s", *s/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%dKiB", (*s+units[2].bytes-1)/units[2].bytes)
}

// Set reads a whole number with its unit: KiB, MiB or GiB.
func (s *byteSize) Set(text string) error {
	for _, u := range units {
		var n int64
		var rest string
		if _, err := fmt.Sscanf(text, "%d"+u.name+"%s", &n, &rest); errors.Is(err, io.EOF) && n > 0 && n < 1<<32 {
			*s = byteSize(n) * u.bytes
			return nil
		}
	}
	return errors.New("wants a whole number of KiB, MiB or GiB, such as 256MiB")
}

// Type names the flag's value in help.
func (s *byteSize) Type() string { return "size" }
